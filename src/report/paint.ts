/** Colour as roles; the command line decides whether a role is coloured. */

/** What a piece of text is, for colouring. */
export type Role =
  | 'node'
  | 'name'
  | 'address'
  | 'value'
  | 'text'
  | 'faint'
  | 'error'
  | 'warning'
  | 'note'
  | 'good';

/** Gives a text the colour of its role, or leaves it alone. */
export interface Paint {
  /** The text, as it is printed. */
  (role: Role, text: string): string;
  /** Lists are printed whole. */
  readonly whole?: true;
}

/** The same, with lists that are not cut off. */
export function wholeLists(paint: Paint): Paint {
  return Object.assign((role: Role, text: string) => paint(role, text), { whole: true } as const);
}

/** No colour. */
export const plain: Paint = (_role, text) => text;

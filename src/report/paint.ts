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

export type Paint = (role: Role, text: string) => string;

/** No colour. */
export const plain: Paint = (_role, text) => text;

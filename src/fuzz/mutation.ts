/** What a mutation is: plain data, so that a case is a list that can be recorded, replayed and reduced. */

/** See {@link Level}. */
export const LEVELS = ['field', 'structure', 'byte'] as const;
/** How far a mutation reaches: a field of a record, pieces of a structure, bytes of whatever kind. */
export type Level = (typeof LEVELS)[number];

/** Where in a devicetree blob a structure edit works: the first node of a path, or a property of it. */
export interface TreePlace {
  /** Absolute path of the node. */
  readonly path: string;
  /** The property; the node itself without it. */
  readonly property?: string;
}

/** An edit of a blob's structure. One whose place is not there does nothing. */
export type TreeEdit =
  | { readonly op: 'drop' | 'duplicate' | 'first' | 'last'; readonly at: TreePlace }
  | { readonly op: 'value'; readonly at: TreePlace; readonly value: Uint8Array }
  | { readonly op: 'rename'; readonly at: TreePlace; readonly name: string };

/** One change of a target's bytes; addresses are those of its image (physical, or offsets in a lone blob). */
export type Change =
  | { readonly kind: 'write'; readonly address: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly start: number; readonly end: number }
  /** Memory that a core claims beyond what it stores (p_memsz above p_filesz): known, and zero. */
  | { readonly kind: 'zeros'; readonly address: number; readonly length: number }
  /** The bytes from `from` on shown again from `address` on, as by a second PT_LOAD with the same p_offset. */
  | { readonly kind: 'alias'; readonly address: number; readonly from: number; readonly length: number }
  /** Of the blob that begins at `blob`. */
  | { readonly kind: 'tree'; readonly blob: number; readonly edit: TreeEdit }
  /** RTADDR of a unit: not of the image, but of what its reader is told. */
  | { readonly kind: 'register'; readonly unit: number; readonly value: bigint }
  /** Only of a lone blob: its first `length` bytes. */
  | { readonly kind: 'truncate'; readonly length: number };

/** What a checker is to say of a mutated dump; known from what was done, never from asking one. */
export type Expectation =
  /** At least one of these rules fires, as a warning or an error. */
  | { readonly kind: 'rules'; readonly rules: readonly string[] }
  /** Nothing fires that did not before. */
  | { readonly kind: 'accepted' }
  /** Not decided by what was done. */
  | { readonly kind: 'unknown' };

/** A change of a dump, with what a reader must make of it. */
export interface Mutation {
  readonly level: Level;
  /** What was done and where, in the kernel's terms; one line, not escaped. */
  readonly words: string;
  readonly changes: readonly Change[];
  readonly expect: Expectation;
}

/** What was done does not decide what a reader must make of it. */
export const UNKNOWN: Expectation = { kind: 'unknown' };
/** Readers must accept it. */
export const ACCEPTED: Expectation = { kind: 'accepted' };

/** One of these rules has to fire. */
export function fires(...rules: readonly string[]): Expectation {
  return { kind: 'rules', rules };
}

/** What is expected of a list of mutations: of several nothing, as each may hide another. */
export function expectationOf(mutations: readonly Mutation[]): Expectation {
  const [only] = mutations;
  if (only === undefined) return ACCEPTED;
  return mutations.length === 1 ? only.expect : UNKNOWN;
}

/** The manifest's words for an expectation. */
export function expectationText(expect: Expectation): string {
  if (expect.kind === 'rules') return expect.rules.join(' or ');
  return expect.kind === 'accepted' ? 'none: must still be accepted' : 'unknown';
}

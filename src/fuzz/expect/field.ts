/**
 * What a checker has to say of one changed field: from what the field means to the kernel (formats/, the
 * specifications), never from asking our validator. A field that is not here is "unknown".
 */

import { filesOf } from '../../abi/upstream/holders.js';
import type { RecordInstance } from '../../references/instance.js';
import type { LeafField } from '../fields.js';
import { ACCEPTED, type Expectation, fires, UNKNOWN } from '../mutation.js';
import type { FuzzTarget } from '../target.js';

/** Where a changed pointer leads. */
export type Aim = 'null' | 'self' | 'record' | 'spare' | 'unaligned' | 'outside' | 'beyond';

/** One change of a field. */
export interface FieldChange {
  readonly target: FuzzTarget;
  readonly instance: RecordInstance;
  readonly field: LeafField;
  /** Unsigned; 0 for text. */
  readonly old: bigint;
  readonly value: bigint;
  /** The bytes of a text field afterwards. */
  readonly bytes?: Uint8Array;
  /** What the field holds in the other records of its list. */
  readonly others: readonly bigint[];
  /** The same of a text field. */
  readonly otherTexts: readonly Uint8Array[];
  readonly aim?: Aim;
}

export type FieldRule = (change: FieldChange) => Expectation;

/** `record.field` as the schemas have them. */
export function fieldKey(record: string, id: string): string {
  return `${record}.${id.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

/** What becomes of a list when a record is there twice, is zeroed, or trades places. */
export interface ListRules {
  readonly twice: Expectation;
  readonly zeroed: ListExpectation;
  readonly swapped: ListExpectation;
}

/** An expectation, or what decides it of a target. */
export type ListExpectation = Expectation | ((target: FuzzTarget) => Expectation);

/** What is to be said of a link that closes a loop, and of one into another chain. */
export interface LinkRules {
  /** Id of the field that is the link. */
  readonly field: string;
  readonly loop: Expectation;
  readonly foreign: Expectation;
}

/** What is to be said of changed records of a structure: fields by `record.field`, all else by the record's name. */
export interface Expectations {
  readonly fields: Readonly<Record<string, FieldRule>>;
  readonly lists?: Readonly<Record<string, ListRules>>;
  readonly links?: Readonly<Record<string, LinkRules>>;
}

/** The same rules for fields of several forms of a record. */
export function ofRecords(
  records: readonly { readonly name: string }[],
  rules: Readonly<Record<string, FieldRule>>,
): Readonly<Record<string, FieldRule>> {
  return Object.fromEntries(
    records.flatMap(({ name }) =>
      Object.entries(rules).map(([id, rule]): [string, FieldRule] => [fieldKey(name, id), rule]),
    ),
  );
}

/** What the value of a changed count must not exceed: the room of what it counts in. */
export const capacity = ({ instance }: FieldChange): bigint => BigInt(instance.capacity ?? 0);

/** Whether a value is larger than something. */
export function above(limit: (change: FieldChange) => bigint): (change: FieldChange) => boolean {
  return (change) => change.value > limit(change);
}

/** A link of a chain of pages: 0 ends it early, a page of the chain closes a loop. */
export function link(
  pointer: readonly string[],
  loop: readonly string[],
  cut: FieldRule = () => UNKNOWN,
): FieldRule {
  return (change) => {
    if (change.value === 0n) return cut(change);
    if (change.aim === 'self') return fires(...loop);
    return noPage(change) ? fires(...pointer) : UNKNOWN;
  };
}

/** Whether some file is of a handler that no release has. */
export function hasDrafts({ target }: Pick<FieldChange, 'target'>): boolean {
  return [...filesOf(target.handover)].some(({ file }) => file.draft !== undefined);
}

/** Addresses end here. */
const BEYOND = 1n << 52n;

/** Whether a value cannot be the address of a page. */
export function noPage({ value, target }: FieldChange): boolean {
  return value >= BEYOND || value % BigInt(target.handover.pageSize) !== 0n;
}

/** One of these rules, whatever the value: the old one is the only right one. */
export function always(...rules: readonly string[]): FieldRule {
  return () => fires(...rules);
}

/** Any value is as good as another. */
export const anything: FieldRule = () => ACCEPTED;

/** These rules where a condition holds, else what another rule says. */
export function where(
  condition: (change: FieldChange) => boolean,
  rules: readonly string[],
  otherwise: FieldRule = () => UNKNOWN,
): FieldRule {
  return (change) => (condition(change) ? fires(...rules) : otherwise(change));
}

/** Whether a text's bytes have no NUL. */
export function unterminated({ bytes }: FieldChange): boolean {
  return bytes !== undefined && !bytes.includes(0);
}

/** Whether a text is empty. */
export function empty({ bytes }: FieldChange): boolean {
  return bytes?.[0] === 0;
}

/** Whether another record of the list has the same text, up to its NUL. */
export function repeated({ bytes, otherTexts }: FieldChange): boolean {
  const own = head(bytes);
  return otherTexts.some((other) => head(other) === own);
}

function head(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  const nul = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, nul < 0 ? bytes.length : nul));
}

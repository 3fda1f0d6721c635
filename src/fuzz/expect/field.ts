/**
 * What a checker has to say of one changed field: from what the field means to the kernel (formats/, the
 * specifications), never from asking our validator. A field that is not here is "unknown".
 */

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

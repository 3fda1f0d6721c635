/** The schemas' structs against a kernel's own. */

import { addTo } from '../schema/grouped.js';
import type { FieldInfo, RecordType } from '../schema/record.js';
import { type StructLayout, type StructLimit, structLayouts } from './layout.js';
import type { Btf } from './parse.js';

/** What became of one struct of the schemas. */
export interface StructVerdict {
  /** Without `struct`. */
  readonly name: string;
  /** `absent`: the kernel has no struct of this name, and need not; `missing`: it should. */
  readonly verdict: 'ok' | 'moved' | 'size' | 'absent' | 'missing';
  /** Schema types that were compared; one of several with the same layout is enough. */
  readonly records: readonly string[];
  /** Bytes in the kernel. */
  readonly size?: number;
  /** One line a difference, to the closest schema. */
  readonly differences: readonly string[];
  /** The schema that fits, or fits best. */
  readonly closest?: string;
}

const PREFIX = 'struct ';
/** A member or a member of a member; schemas also name ranges, alternatives and padding. */
const MEMBER_PATH = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;
const STRUCT_NAME = /^[A-Za-z_]\w*$/;

/** The kernel's structs that schema types stand for, with these types, in the order of the schemas. */
export function schemaStructs(
  records: readonly RecordType<unknown>[],
): ReadonlyMap<string, readonly RecordType<unknown>[]> {
  const structs = new Map<string, RecordType<unknown>[]>();
  for (const record of records) {
    const name = record.kernelName.startsWith(PREFIX) ? record.kernelName.slice(PREFIX.length) : '';
    if (!STRUCT_NAME.test(name)) continue;
    addTo(structs, name, record);
  }
  return structs;
}

/**
 * Compares sizes, and offsets and widths of the fields that a schema names. A struct is as it should be when
 * some schema type of its name has the kernel's layout: of a struct that changed there is one for each form.
 */
export function compareStructs(
  btf: Btf,
  records: readonly RecordType<unknown>[],
  limit: StructLimit = { reached: false },
): StructVerdict[] {
  const structs = schemaStructs(records);
  const layouts = structLayouts(btf, new Set(structs.keys()), limit);
  return [...structs].map(([name, types]) => verdictOf(name, types, layouts.get(name) ?? []));
}

interface Attempt {
  readonly record: RecordType<unknown>;
  readonly layout: StructLayout;
  readonly differences: readonly string[];
  readonly sizeDiffers: boolean;
}

function verdictOf(
  name: string,
  types: readonly RecordType<unknown>[],
  layouts: readonly StructLayout[],
): StructVerdict {
  const records = types.map((type) => type.name);
  const attempts = types.flatMap((record) => layouts.map((layout) => attempt(record, layout)));
  let best: Attempt | undefined;
  for (const each of attempts) {
    if (best === undefined || each.differences.length <= best.differences.length) best = each;
  }
  if (best === undefined) return { name, verdict: 'absent', records, differences: [] };
  const { record, layout, differences, sizeDiffers } = best;
  const verdict = differences.length === 0 ? 'ok' : sizeDiffers ? 'size' : 'moved';
  return { name, verdict, records, size: layout.size, differences, closest: record.name };
}

function attempt(record: RecordType<unknown>, layout: StructLayout): Attempt {
  const sizeDiffers = record.size !== undefined && record.size !== layout.size;
  const differences = sizeDiffers
    ? [`size is ${layout.size} bytes in the kernel, ${record.size} in the schema`]
    : [];
  for (const field of record.fields) {
    const difference = fieldDifference(field, layout);
    if (difference !== undefined) differences.push(difference);
  }
  return { record, layout, differences, sizeDiffers };
}

function fieldDifference(
  { kernelName, bitOffset, bitWidth }: FieldInfo,
  { members }: StructLayout,
): string | undefined {
  if (!MEMBER_PATH.test(kernelName) || bitOffset === undefined) return undefined;
  const member = members.get(kernelName);
  if (member === undefined) return `${kernelName} is not a member in the kernel`;
  if (member.bitOffset !== bitOffset) {
    return `${kernelName} is at ${place(member.bitOffset)} in the kernel, at ${place(bitOffset)} in the schema`;
  }
  if (bitWidth === undefined || member.bitWidth === undefined || member.bitWidth === bitWidth)
    return undefined;
  return `${kernelName} has ${width(member.bitWidth)} in the kernel, ${width(bitWidth)} in the schema`;
}

function place(bits: number): string {
  const byte = `+0x${Math.floor(bits / 8).toString(16)}`;
  return bits % 8 === 0 ? byte : `${byte} bit ${bits % 8}`;
}

function width(bits: number): string {
  return bits % 8 === 0 ? `${bits / 8} bytes` : `${bits} bits`;
}

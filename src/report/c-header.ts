/** Records as C: structures as a kernel would declare them, and assertions that their layout is the one in formats/. */
import type { FieldInfo, RecordType } from '../schema/record.js';
import { formsOf } from '../structures/forms.js';
import type { ReleaseAbi } from '../versions/table.js';

type Record = RecordType<unknown>;

/** Files of formats/ whose structures are part of what a release hands over. */
const FILES: ReadonlySet<string> = new Set([
  'kho_root',
  'kho_map',
  'kho_block',
  'vmalloc',
  'luo',
  'memfd',
  'kexec_metadata',
  'kho_test',
  'memblock',
]);

/**
 * Lines of a header with the structures that a release writes.
 *
 * @param records all of them
 * @param title what it is the header of, e.g. `kho-v4, Linux 7.3`
 */
export function* cHeaderLines(records: readonly Record[], abi: ReleaseAbi, title: string): Generator<string> {
  const guard = `KHO_${abi.kho}_${abi.release}`.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  yield `/* SPDX-License-Identifier: CC0-1.0 */`;
  yield `/* ${title}: made by kho explain --c-header. Numbers are in the kernel's own, little-endian byte order. */`;
  yield `#ifndef ${guard}`;
  yield `#define ${guard}`;
  yield '';
  yield '#include <linux/types.h>';
  yield '#include <stddef.h>';
  for (const record of inOrder(records.filter((each) => isOf(each, abi)))) yield* structLines(record);
  yield '';
  yield `#endif /* ${guard} */`;
}

/** A structure of the kernel that the release has in this form. */
function isOf({ file, name, kernelName, fields }: Record, abi: ReleaseAbi): boolean {
  if (!FILES.has(file) || !/^struct \w+$/.test(kernelName)) return false;
  // A page of bits has no member that C could begin with.
  if (fields[0]?.bitWidth === undefined) return false;
  const forms = formsOf(name);
  const own = forms.find(({ record }) => record === name);
  if (forms.length < 2 || own === undefined) return true;
  return own.writes?.(abi) === true;
}

/** What a structure holds comes before it; of one name the first is taken. */
function inOrder(records: readonly Record[]): Record[] {
  const done = new Map<string, Record>();
  const add = (record: Record): void => {
    if (done.has(record.kernelName)) return;
    for (const field of record.fields) {
      const inner = field.record ?? field.element?.record;
      if (inner !== undefined && /^struct \w+$/.test(inner.kernelName)) add(inner);
    }
    done.set(record.kernelName, record);
  };
  for (const record of records) add(record);
  return [...done.values()];
}

function* structLines({ kernelName, doc, fields, size }: Record): Generator<string> {
  yield '';
  yield `/* ${comment(doc)} */`;
  yield `${kernelName} {`;
  for (const field of fields) yield `\t${member(field)}; /* ${comment(field.doc)} */`;
  yield '} __attribute__((packed));';
  for (const field of fields) {
    if (isBits(field) || field.bitOffset === undefined) continue;
    const at = field.bitOffset / 8;
    yield `_Static_assert(offsetof(${kernelName}, ${nameOf(field)}) == ${at}, "${nameOf(field)} is at ${at}");`;
  }
  const bytes = size ?? (fields.at(-1)?.bitOffset ?? 0) / 8;
  yield `_Static_assert(sizeof(${kernelName}) == ${bytes}, "${kernelName} has ${bytes} bytes");`;
}

function member(field: FieldInfo): string {
  const { kind, bitWidth, length, element } = field;
  const name = nameOf(field);
  if (kind === 'record') return `${typeName(field)} ${name}`;
  if (kind === 'bytes') return `__u8 ${name}[${bitWidth === undefined ? '' : bitWidth / 8}]`;
  if (kind === 'array')
    return `${element === undefined ? '__u8' : typeName(element)} ${name}[${length ?? ''}]`;
  return isBits(field) ? `${storage(field)} ${name} : ${bitWidth}` : `${typeName(field)} ${name}`;
}

function typeName({ kind, record, bitWidth = 8 }: FieldInfo): string {
  if (record !== undefined) {
    // A record without a name of its own in the kernel is bytes there.
    return /^struct \w+$/.test(record.kernelName)
      ? record.kernelName
      : `__u${Math.min(64, (record.size ?? 1) * 8)}`;
  }
  return `__${kind === 'sint' ? 's' : 'u'}${bitWidth}`;
}

function isBits({ kind, bitOffset = 0, bitWidth = 0 }: FieldInfo): boolean {
  return (kind === 'uint' || kind === 'sint') && (bitOffset % 8 !== 0 || ![8, 16, 32, 64].includes(bitWidth));
}

function storage({ kind }: FieldInfo): string {
  return kind === 'sint' ? '__s64' : '__u64';
}

function nameOf({ kernelName }: FieldInfo): string {
  return kernelName.replace(/\W+/g, '_').replace(/^_+|_+$/g, '');
}

/** Text that a comment can hold, on one line. */
export function comment(text: string): string {
  return text.replaceAll('*/', '* /').replace(/\s+/g, ' ').trim();
}

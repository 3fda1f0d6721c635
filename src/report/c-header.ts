/** Records as C: structures as a kernel would declare them, and assertions that their layout is the one in formats/. */
import type { FieldInfo, RecordType } from '../schema/record.js';
import { boundRecords, RELEASED_FILES } from '../structures/bound-records.js';
import { formsOf } from '../structures/forms.js';
import { DRAFTS } from '../structures/index.js';
import { isRfc, RFC } from '../versions/generations.js';
import { releaseNamed } from '../versions/releases.js';
import { RELEASES, type ReleaseAbi } from '../versions/table.js';

type Record = RecordType<unknown>;

/** What a header is made of. */
export interface CHeader {
  /** What it is the header of, e.g. `kho-v4, Linux 7.3`. */
  readonly title: string;
  /** Distinguishes it from other headers: part of its guard. */
  readonly name: string;
  /** Of two of one name in the kernel the first is declared. */
  readonly records: readonly Record[];
}

/** Files of formats/ that the 2024 series hands over; of ftrace's pages only those that it takes over. */
const RFC_FILES: ReadonlySet<string> = new Set(['kho', 'guestmemfs']);
const NOT_HANDED_OVER = 'boot_params';

/**
 * What a name has a header of.
 *
 * @param records all of them
 * @param name a release, a generation, or the id of a form of a draft
 * @returns undefined for any other name
 */
export function cHeader(records: readonly Record[], name: string): CHeader | undefined {
  if (isRfc(name)) {
    const own = records.filter(
      (record) => RFC_FILES.has(record.file) && record.name !== NOT_HANDED_OVER && isStruct(record),
    );
    return { title: `${name}, the live-update series of 2024`, name, records: own };
  }
  const abi = releaseNamed(name) ?? RELEASES.find(({ kho }) => kho === name);
  if (abi !== undefined) {
    const own = records.filter((record) => isOf(record, abi));
    return { title: `${abi.kho}, Linux ${abi.release}`, name: `${abi.kho}_${abi.release}`, records: own };
  }
  const form = DRAFTS.flatMap(({ forms }) => forms).find(({ id }) => id === name);
  if (form === undefined) return undefined;
  return {
    title: `${form.title}, a draft (${form.source})`,
    name,
    records: boundRecords(form.root).filter(isStruct),
  };
}

/** Names that have a header. */
export function cHeaderNames(): string[] {
  return [
    RFC,
    ...new Set(RELEASES.map(({ kho }) => kho)),
    ...RELEASES.map(({ release }) => release),
    ...DRAFTS.flatMap(({ forms }) => forms.map(({ id }) => id)),
  ];
}

/** Lines of a header with structures as C. */
export function* cHeaderLines({ title, name, records }: CHeader): Generator<string> {
  const guard = `KHO_${name}`.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  yield `/* SPDX-License-Identifier: CC0-1.0 */`;
  yield `/* ${title}: made by kho explain --c-header. Numbers are in the kernel's own, little-endian byte order. */`;
  yield `#ifndef ${guard}`;
  yield `#define ${guard}`;
  yield '';
  yield '#include <linux/types.h>';
  yield '#include <stddef.h>';
  for (const record of inOrder(records)) yield* structLines(record);
  yield '';
  yield `#endif /* ${guard} */`;
}

/** A structure of the kernel that the release has in this form. */
function isOf(record: Record, abi: ReleaseAbi): boolean {
  const { file, name } = record;
  if (!RELEASED_FILES.has(file) || !isStruct(record)) return false;
  const forms = formsOf(name);
  const own = forms.find(({ record }) => record === name);
  if (forms.length < 2 || own === undefined) return true;
  return own.writes?.(abi) === true;
}

/** A page of bits has no member that C could begin with. */
function isStruct({ kernelName, fields }: Record): boolean {
  return /^struct \w+$/.test(kernelName) && fields[0]?.bitWidth !== undefined;
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
  // Padding of one name may be in several places.
  const names = fields.map((field, index) => {
    const earlier = fields.slice(0, index).filter((each) => nameOf(each) === nameOf(field)).length;
    return earlier === 0 ? nameOf(field) : `${nameOf(field)}_${earlier + 1}`;
  });
  yield '';
  yield `/* ${comment(doc)} */`;
  yield `${kernelName} {`;
  for (const [index, field] of fields.entries())
    yield `\t${member(field, names[index] ?? '')}; /* ${comment(field.doc)} */`;
  yield '} __attribute__((packed));';
  for (const [index, field] of fields.entries()) {
    if (isBits(field) || field.bitOffset === undefined) continue;
    const at = field.bitOffset / 8;
    yield `_Static_assert(offsetof(${kernelName}, ${names[index]}) == ${at}, "${names[index]} is at ${at}");`;
  }
  const bytes = size ?? (fields.at(-1)?.bitOffset ?? 0) / 8;
  yield `_Static_assert(sizeof(${kernelName}) == ${bytes}, "${kernelName} has ${bytes} bytes");`;
}

function member(field: FieldInfo, name: string): string {
  const { kind, bitWidth, length, element } = field;
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

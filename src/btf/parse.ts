/** BPF type format (formats/btf.ksy) → where each type is. Bounds are checked once, here; bad data never throws. */
import {
  BTF_ARRAY_SIZE,
  BTF_DECL_TAG_SIZE,
  BTF_ENUM_SIZE,
  BTF_ENUM64_SIZE,
  BTF_HEADER_SIZE,
  BTF_INT_SIZE,
  BTF_MEMBER_SIZE,
  BTF_PARAM_SIZE,
  BTF_TYPE_SIZE,
  BTF_VAR_SECINFO_SIZE,
  BTF_VAR_SIZE,
  BtfKind,
  BtfMagic,
  type BtfType,
  readBtfHeader,
  readBtfType,
} from '../records/btf.js';

/** The types of a kernel, read where they are. */
export interface Btf {
  readonly view: DataView;
  /** Number of types; their ids run from 1 to this, 0 is void. */
  readonly count: number;
  /** Byte offset of each type's head; element 0 is unused. */
  readonly offsets: Uint32Array;
  /** Byte range of the strings. */
  readonly stringsStart: number;
  readonly stringsEnd: number;
  /** What is wrong; the types up to there can be used. */
  readonly problems: readonly string[];
}

/** Bytes after a head: once, or for each of its vlen parts. */
const BEHIND: ReadonlyMap<number, { readonly size: number; readonly each: boolean }> = new Map([
  [BtfKind.int, { size: BTF_INT_SIZE, each: false }],
  [BtfKind.ptr, { size: 0, each: false }],
  [BtfKind.array, { size: BTF_ARRAY_SIZE, each: false }],
  [BtfKind.struct, { size: BTF_MEMBER_SIZE, each: true }],
  [BtfKind.union, { size: BTF_MEMBER_SIZE, each: true }],
  [BtfKind.enum, { size: BTF_ENUM_SIZE, each: true }],
  [BtfKind.fwd, { size: 0, each: false }],
  [BtfKind.typedef, { size: 0, each: false }],
  [BtfKind.volatile, { size: 0, each: false }],
  [BtfKind.const, { size: 0, each: false }],
  [BtfKind.restrict, { size: 0, each: false }],
  [BtfKind.func, { size: 0, each: false }],
  [BtfKind.funcProto, { size: BTF_PARAM_SIZE, each: true }],
  [BtfKind.var, { size: BTF_VAR_SIZE, each: false }],
  [BtfKind.datasec, { size: BTF_VAR_SECINFO_SIZE, each: true }],
  [BtfKind.float, { size: 0, each: false }],
  [BtfKind.declTag, { size: BTF_DECL_TAG_SIZE, each: false }],
  [BtfKind.typeTag, { size: 0, each: false }],
  [BtfKind.enum64, { size: BTF_ENUM64_SIZE, each: true }],
]);

/** Whether bytes begin like the type data of a little-endian kernel. */
export function isBtf(head: Uint8Array): boolean {
  if (head.length < 2) return false;
  return new DataView(head.buffer, head.byteOffset, 2).getUint16(0, true) === BtfMagic.native;
}

/**
 * Finds every type in one pass.
 *
 * @param bytes a .BTF section, or /sys/kernel/btf/vmlinux
 * @returns the types, or why there are none, in words
 */
export function parseBtf(bytes: Uint8Array): Btf | string {
  if (bytes.length < BTF_HEADER_SIZE) return `ends after ${bytes.length} bytes, within the BTF header`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { magic, version, hdrLen, typeOff, typeLen, strOff, strLen } = readBtfHeader(view, 0);
  if (magic === BtfMagic.swapped) return 'is BTF of a big-endian kernel; little-endian ones are read';
  if (magic !== BtfMagic.native) return 'does not begin with the magic of BTF';
  if (version !== 1) return `is BTF of version ${version}; version 1 is read`;
  if (hdrLen < BTF_HEADER_SIZE) return `has a BTF header of ${hdrLen} bytes, less than ${BTF_HEADER_SIZE}`;
  const problems: string[] = [];
  const bounded = (start: number, length: number, what: string): number => {
    if (start + length <= bytes.length) return start + length;
    problems.push(`${what} end at ${start + length}, the data at ${bytes.length}`);
    return Math.max(start, bytes.length);
  };
  const typesStart = hdrLen + typeOff;
  const typesEnd = Math.min(bytes.length, bounded(typesStart, typeLen, 'the types'));
  const stringsStart = Math.min(bytes.length, hdrLen + strOff);
  const stringsEnd = Math.min(bytes.length, bounded(hdrLen + strOff, strLen, 'the strings'));
  const offsets = new Uint32Array(Math.max(0, Math.floor((typesEnd - typesStart) / BTF_TYPE_SIZE)) + 1);
  let count = 0;
  for (let at = typesStart; at + BTF_TYPE_SIZE <= typesEnd; ) {
    const { kind, vlen } = readBtfType(view, at);
    const behind = BEHIND.get(kind);
    if (behind === undefined) {
      problems.push(`type ${count + 1} is of the unknown kind ${kind}: it and the rest are not read`);
      break;
    }
    const end = at + BTF_TYPE_SIZE + behind.size * (behind.each ? vlen : 1);
    if (end > typesEnd) {
      problems.push(`type ${count + 1} ends beyond the types`);
      break;
    }
    offsets[++count] = at;
    at = end;
  }
  return { view, count, offsets: offsets.slice(0, count + 1), stringsStart, stringsEnd, problems };
}

/** The head of a type; undefined for void and for ids that no type has. */
export function btfTypeAt({ view, count, offsets }: Btf, id: number): BtfType | undefined {
  return id >= 1 && id <= count ? readBtfType(view, offsets[id] ?? 0) : undefined;
}

/** Longest name read. */
const MAX_NAME = 512;

/**
 * A name by its offset in the strings; empty for anonymous types and for what is outside.
 *
 * @param longest characters read; a longer name is cut
 */
export function btfName(
  { view, stringsStart, stringsEnd }: Btf,
  offset: number,
  longest: number = MAX_NAME,
): string {
  let name = '';
  const start = stringsStart + offset;
  for (let at = start; at < Math.min(stringsEnd, start + longest); at++) {
    const byte = view.getUint8(at);
    if (byte === 0) return name;
    name += String.fromCharCode(byte);
  }
  return '';
}

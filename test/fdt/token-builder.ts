/** Blobs made by hand, byte for byte, so that they can be wrong in any way. */

/** Bytes of a structure block or strings block: words, text with its NUL, raw bytes. */
export type Piece = { readonly word: number } | { readonly text: string } | { readonly raw: Uint8Array };

export const word = (value: number): Piece => ({ word: value });
/** Text and a NUL, not padded. */
export const text = (value: string): Piece => ({ text: value });
export const raw = (...bytes: number[]): Piece => ({ raw: Uint8Array.from(bytes) });

/** BEGIN_NODE with a padded name. */
export const begin = (name: string): Piece[] => [word(1), ...padded([...new TextEncoder().encode(name), 0])];
export const endNode = word(2);
export const nop = word(4);
export const end = word(9);
/** PROP with a padded value. */
export const prop = (nameOffset: number, value: readonly number[]): Piece[] => [
  word(3),
  word(value.length),
  word(nameOffset),
  ...padded(value),
];

function padded(bytes: readonly number[]): Piece[] {
  const zeros = (4 - (bytes.length % 4)) % 4;
  return [raw(...bytes, ...new Array<number>(zeros).fill(0))];
}

export function join(pieces: readonly Piece[]): Uint8Array {
  const bytes: number[] = [];
  for (const piece of pieces) {
    if ('word' in piece) bytes.push(...big32(piece.word));
    else if ('text' in piece) bytes.push(...new TextEncoder().encode(piece.text), 0);
    else bytes.push(...piece.raw);
  }
  return Uint8Array.from(bytes);
}

function big32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** The ten header words in their order in the blob; offsets in a test's own hand, not from the code under test. */
export interface HeaderWords {
  magic: number;
  totalsize: number;
  offDtStruct: number;
  offDtStrings: number;
  offMemRsvmap: number;
  version: number;
  lastCompVersion: number;
  bootCpuidPhys: number;
  sizeDtStrings: number;
  sizeDtStruct: number;
}

export interface BlobPlan {
  struct?: readonly (Piece | readonly Piece[])[];
  strings?: readonly Piece[];
  /** Pairs (address, size) without terminator. */
  reserve?: readonly (readonly [bigint, bigint])[];
  terminator?: readonly [bigint, bigint] | undefined;
  header?: Partial<HeaderWords>;
  /** Bytes after the strings block, outside of totalsize. */
  trailing?: Uint8Array;
  /** Places the structure block this much further back than needed. */
  structShift?: number;
}

const VALID_STRUCT = [begin(''), endNode, end];

/** Header, reserve map, structure block, strings block, in this order, all consistent unless the plan says otherwise. */
export function blob(plan: BlobPlan): Uint8Array {
  const struct = join((plan.struct ?? VALID_STRUCT).flat());
  const strings = join(plan.strings ?? []);
  const map = [...(plan.reserve ?? [])];
  const terminator = 'terminator' in plan ? plan.terminator : ([0n, 0n] as const);
  if (terminator !== undefined) map.push(terminator);
  const offDtStruct = 48 + map.length * 16 + (plan.structShift ?? 0);
  const offDtStrings = offDtStruct + struct.length;
  const totalsize = offDtStrings + strings.length;
  const words: HeaderWords = {
    magic: 0xd00dfeed,
    totalsize,
    offDtStruct,
    offDtStrings,
    offMemRsvmap: 48,
    version: 17,
    lastCompVersion: 16,
    bootCpuidPhys: 0,
    sizeDtStrings: strings.length,
    sizeDtStruct: struct.length,
    ...plan.header,
  };
  const bytes = new Uint8Array(totalsize + (plan.trailing?.length ?? 0));
  const view = new DataView(bytes.buffer);
  const order = [
    words.magic,
    words.totalsize,
    words.offDtStruct,
    words.offDtStrings,
    words.offMemRsvmap,
    words.version,
    words.lastCompVersion,
    words.bootCpuidPhys,
    words.sizeDtStrings,
    words.sizeDtStruct,
  ];
  for (const [i, value] of order.entries()) view.setUint32(i * 4, value);
  for (const [i, [address, size]] of map.entries()) {
    view.setBigUint64(48 + i * 16, address);
    view.setBigUint64(56 + i * 16, size);
  }
  bytes.set(struct, offDtStruct);
  bytes.set(strings, offDtStrings);
  if (plan.trailing !== undefined) bytes.set(plan.trailing, totalsize);
  return bytes;
}

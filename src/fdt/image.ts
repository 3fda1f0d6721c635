/** A blob as editable data from which the same bytes can be made again, whatever the bytes were. */

import {
  FDT_HEADER_SIZE,
  FDT_RESERVE_ENTRY_SIZE,
  type FdtHeader,
  FdtHeaderVersion,
  type FdtReserveEntry,
  FdtToken,
  writeFdtHeader,
  writeFdtReserveEntry,
} from '../records/fdt.js';
import type { FdtTree } from './parse.js';
import { alignToken, PROP_LEN, PROP_NAMEOFF, PROP_VALUE, TAG_SIZE } from './token-layout.js';
import { nodeNameBytes, propertyNameOffset, propertyValue } from './tree.js';

/** One structure token; `end` is END_NODE. FDT_END is `FdtImage.complete`. */
export type FdtImageToken =
  | { readonly kind: 'node'; readonly name: Uint8Array }
  | {
      readonly kind: 'prop';
      /** Offset in the strings block; undefined in an edited image whose layout is still to be made. */
      readonly nameOffset: number | undefined;
      /** The name to find or add when `nameOffset` is undefined. */
      readonly name?: Uint8Array;
      readonly value: Uint8Array;
    }
  | { readonly kind: 'nop' }
  | { readonly kind: 'end' };

/**
 * Tokens in blob order: an array, or those of a parsed blob, which are made anew each time they are read. There may be
 * millions, and the collector takes ten times longer to keep them than it takes to make them.
 */
export interface FdtImageTokens extends Iterable<FdtImageToken> {
  readonly length: number;
}

/** Bytes that header, reserve map, tokens and strings do not account for. */
export interface FdtGap {
  /** Byte offset in the blob. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bytes declared for a block but not encoded, see {@link FdtImage}; negative when the block is declared too short. */
export interface FdtRest {
  readonly struct: number;
  readonly strings: number;
  readonly map: number;
}

/** Nothing beyond what is encoded. */
export const NO_REST: FdtRest = { struct: 0, strings: 0, map: 0 };

/** A blob taken apart. `fromImage(toImage(parseFdt(bytes)))` equals `bytes` for every `bytes`. */
export interface FdtImage {
  /** Bytes really there, which totalsize may contradict. */
  readonly size: number;
  /** Undefined when there are fewer than 40 bytes. */
  readonly header?: FdtHeader;
  readonly reserveMap: readonly FdtReserveEntry[];
  /** The strings block as far as the bytes hold it. */
  readonly strings: Uint8Array;
  readonly tokens: FdtImageTokens;
  /** Whether FDT_END follows the last token. */
  readonly complete: boolean;
  /** In rising order; empty for what libfdt writes. */
  readonly gaps: readonly FdtGap[];
  /**
   * Bytes that the header declares for each block beyond what `tokens`, `strings` and `reserveMap` encode to: 0 for a
   * whole blob, above for a truncated one or one with bytes after END. A changed difference shows an edit.
   */
  readonly rest: FdtRest;
}

/** Half-open ranges of the bytes that an image accounts for, in the order in which they are written. */
interface Covered {
  readonly start: number;
  readonly end: number;
}

const EMPTY = new Uint8Array(0);

/** Takes a parsed blob apart. Values and names are views of the tree's bytes, not copies. */
export function toImage(tree: FdtTree): FdtImage {
  const strings = tree.bytes.slice(tree.stringsStart, Math.max(tree.stringsStart, tree.stringsEnd));
  const bare: FdtImage = {
    size: tree.bytes.length,
    ...(tree.header === undefined ? {} : { header: tree.header }),
    reserveMap: [...tree.reserveMap],
    strings,
    tokens: tokensOf(tree),
    complete: tree.complete,
    gaps: [],
    rest: NO_REST,
  };
  const { bytes, covered } = compose(bare);
  return { ...bare, gaps: findGaps(tree.bytes, bytes, covered), rest: declaredRest(bare) };
}

/** All but END, which is last where there is one. */
function tokensOf(tree: FdtTree): FdtImageTokens {
  const length = tree.complete ? tree.count - 1 : tree.count;
  return {
    length,
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) yield imageToken(tree, i);
    },
  };
}

function imageToken(tree: FdtTree, i: number): FdtImageToken {
  switch (tree.kind[i]) {
    case FdtToken.beginNode:
      return { kind: 'node', name: nodeNameBytes(tree, i) ?? EMPTY };
    case FdtToken.prop:
      return {
        kind: 'prop',
        nameOffset: propertyNameOffset(tree, i),
        value: propertyValue(tree, i) ?? EMPTY,
      };
    case FdtToken.nop:
      return { kind: 'nop' };
    default:
      return { kind: 'end' };
  }
}

/**
 * Makes the bytes of an image: header, reserve map with its terminator, tokens and strings at the offsets that the
 * header gives, zeros between, gaps over all of it; everything is cut at `size`.
 * @throws Error when a property has no name offset (call `relayout` first)
 */
export function fromImage(image: FdtImage): Uint8Array {
  const { bytes } = compose(image);
  for (const gap of image.gaps) {
    if (gap.offset < bytes.length) {
      bytes.set(gap.bytes.subarray(0, bytes.length - gap.offset), gap.offset);
    }
  }
  return bytes;
}

/** Length of the structure block that the tokens encode to, in bytes. */
export function structLength(tokens: FdtImageTokens, complete: boolean): number {
  let length = complete ? TAG_SIZE : 0;
  for (const token of tokens) {
    length += TAG_SIZE;
    if (token.kind === 'node') length += alignToken(token.name.length + 1);
    else if (token.kind === 'prop') length += PROP_VALUE - TAG_SIZE + alignToken(token.value.length);
  }
  return length;
}

/** What the header declares beyond the tokens, strings and reserve map of the image. */
export function declaredRest(image: FdtImage): FdtRest {
  const { header } = image;
  if (header === undefined) return NO_REST;
  const { offDtStruct, offDtStrings, offMemRsvmap, totalsize } = header;
  /** The size of a block that the header does not give: up to the next block or the end of the blob. */
  const room = (start: number, others: readonly number[]): number =>
    Math.min(totalsize, ...others.filter((other) => other > start)) - start;
  const struct =
    header.version < FdtHeaderVersion.current ? room(offDtStruct, [offDtStrings]) : header.sizeDtStruct;
  return {
    struct: struct - structLength(image.tokens, image.complete),
    strings: header.sizeDtStrings - image.strings.length,
    map: room(offMemRsvmap, [offDtStruct, offDtStrings]) - reserveMapLength(image.reserveMap),
  };
}

function reserveMapLength(entries: readonly FdtReserveEntry[]): number {
  return (entries.length + 1) * FDT_RESERVE_ENTRY_SIZE;
}

function compose(image: FdtImage): { bytes: Uint8Array<ArrayBuffer>; covered: Covered[] } {
  const bytes = new Uint8Array(image.size);
  const { header } = image;
  if (header === undefined || image.size < FDT_HEADER_SIZE) return { bytes, covered: [] };
  const view = new DataView(bytes.buffer);
  const covered: Covered[] = [];
  const put = (part: Uint8Array, offset: number): void => {
    if (offset < bytes.length) bytes.set(part.subarray(0, bytes.length - offset), offset);
    covered.push({ start: offset, end: offset + part.length });
  };
  put(encodeTokens(image.tokens, image.complete), header.offDtStruct);
  put(image.strings, header.offDtStrings);
  put(encodeReserveMap(image.reserveMap), header.offMemRsvmap);
  writeFdtHeader(view, 0, header);
  covered.push({ start: 0, end: FDT_HEADER_SIZE });
  return { bytes, covered };
}

function encodeReserveMap(entries: readonly FdtReserveEntry[]): Uint8Array {
  const bytes = new Uint8Array(reserveMapLength(entries));
  const view = new DataView(bytes.buffer);
  for (const [i, entry] of entries.entries()) writeFdtReserveEntry(view, i * FDT_RESERVE_ENTRY_SIZE, entry);
  return bytes;
}

function encodeTokens(tokens: FdtImageTokens, complete: boolean): Uint8Array {
  const bytes = new Uint8Array(structLength(tokens, complete));
  const view = new DataView(bytes.buffer);
  let at = 0;
  let i = 0;
  for (const token of tokens) {
    if (token.kind === 'node') {
      view.setUint32(at, FdtToken.beginNode);
      bytes.set(token.name, at + TAG_SIZE);
      at += TAG_SIZE + alignToken(token.name.length + 1);
    } else if (token.kind === 'prop') {
      if (token.nameOffset === undefined) throw new Error(`token ${i}: a property without a name offset`);
      view.setUint32(at, FdtToken.prop);
      view.setUint32(at + PROP_LEN, token.value.length);
      view.setUint32(at + PROP_NAMEOFF, token.nameOffset);
      bytes.set(token.value, at + PROP_VALUE);
      at += PROP_VALUE + alignToken(token.value.length);
    } else {
      view.setUint32(at, token.kind === 'nop' ? FdtToken.nop : FdtToken.endNode);
      at += TAG_SIZE;
    }
    i++;
  }
  if (complete) view.setUint32(at, FdtToken.end);
  return bytes;
}

/** Runs are joined over up to this many equal bytes, but only where no part of the image is. */
const JOIN = 16;

/**
 * The runs in which `actual` differs from `made` (same length). Inside covered ranges a run holds differing bytes
 * only, so that an edited value is not overwritten by its neighbour's odd padding.
 */
function findGaps(actual: Uint8Array, made: Uint8Array, covered: readonly Covered[]): FdtGap[] {
  const gaps: FdtGap[] = [];
  let start = -1;
  let end = -1;
  const flush = (): void => {
    if (start >= 0) gaps.push({ offset: start, bytes: actual.slice(start, end) });
  };
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] === made[i]) continue;
    const joins = start >= 0 && i - end <= JOIN && (i === end || !touches(covered, end, i));
    if (!joins) {
      flush();
      start = i;
    }
    end = i + 1;
  }
  flush();
  return gaps;
}

function touches(covered: readonly Covered[], start: number, end: number): boolean {
  return covered.some((range) => range.start < end && start < range.end);
}

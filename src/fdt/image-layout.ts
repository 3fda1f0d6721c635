/** Header, offsets and strings of an image made anew after its tokens, strings or reserve map were edited. */

import { FDT_HEADER_SIZE, FDT_RESERVE_ENTRY_SIZE, type FdtHeader, FdtHeaderVersion } from '../records/fdt.js';
import { decodeText, escapeText } from '../schema/escape.js';
import {
  declaredRest,
  type FdtGap,
  type FdtImage,
  type FdtImageToken,
  type FdtImageTokens,
  NO_REST,
  structLength,
} from './image.js';
import { createStringsBlock } from './strings.js';
import { FDT_MAGIC, TAG_SIZE } from './token-layout.js';

/**
 * Whether an image's tokens, strings or reserve map no longer are those that its header was read with, so that
 * `fromImage` would need {@link relayout} first. False for everything that `toImage` returns.
 */
export function needsLayout(image: FdtImage): boolean {
  if (image.header === undefined) return image.tokens.length > 0;
  if (hasUnplaced(image.tokens)) return true;
  const rest = declaredRest(image);
  return (
    rest.struct !== image.rest.struct || rest.strings !== image.rest.strings || rest.map !== image.rest.map
  );
}

/**
 * Gives every property its name offset and recomputes totalsize, block offsets and block sizes.
 * A name without offset is looked up in the strings block (tails count) or added after it, as libfdt's
 * `fdt_setprop` does. The blocks keep their order, and the reserve map and the structure block their offset as long as
 * what is before them still fits; gaps in front of the structure and strings blocks and
 * outside the reserve map are kept, all others are dropped. The image becomes complete: FDT_END is added. Without a
 * header, one like `fdt_create_empty_tree` makes is used.
 * @throws Error when a property has neither name nor name offset
 */
export function relayout(image: FdtImage): FdtImage {
  const { tokens, strings } = nameTokens(image.tokens, image.strings);
  const mapSize = (image.reserveMap.length + 1) * FDT_RESERVE_ENTRY_SIZE;
  const structSize = structLength(tokens, true);
  const header: FdtHeader = { ...(image.header ?? freshHeader()) };
  const blocks = [
    { field: 'offMemRsvmap', size: mapSize, align: 8 },
    { field: 'offDtStruct', size: structSize, align: TAG_SIZE },
    { field: 'offDtStrings', size: strings.length, align: 1 },
  ] as const;
  const before = { ...header };
  const mapBefore = before.offMemRsvmap;
  let end = FDT_HEADER_SIZE;
  let firstChanged = Number.POSITIVE_INFINITY;
  for (const { field, size, align } of [...blocks].sort((a, b) => before[a.field] - before[b.field])) {
    const earliest = Math.ceil(end / align) * align;
    // the strings follow what is before them directly, as every writer in libfdt places them
    const keeps = field !== 'offDtStrings' && before[field] > earliest && before[field] <= image.size;
    header[field] = keeps ? before[field] : earliest;
    if (field !== 'offMemRsvmap') firstChanged = Math.min(firstChanged, header[field]);
    end = header[field] + size;
  }
  const survives = ({ offset, bytes }: FdtGap): boolean =>
    offset + bytes.length <= firstChanged &&
    (offset + bytes.length <= Math.min(mapBefore, header.offMemRsvmap) ||
      offset >= header.offMemRsvmap + mapSize);
  header.sizeDtStruct = structSize;
  header.sizeDtStrings = strings.length;
  header.totalsize = end;
  const laidOut: FdtImage = {
    size: end,
    header,
    reserveMap: image.reserveMap,
    strings,
    tokens,
    complete: true,
    gaps: image.gaps.filter(survives),
    rest: NO_REST,
  };
  return { ...laidOut, rest: declaredRest(laidOut) };
}

function freshHeader(): FdtHeader {
  return {
    magic: FDT_MAGIC,
    totalsize: 0,
    // in this order; relayout() moves the later two after the parts before them
    offMemRsvmap: FDT_HEADER_SIZE,
    offDtStruct: FDT_HEADER_SIZE + 1,
    offDtStrings: FDT_HEADER_SIZE + 2,
    version: FdtHeaderVersion.current,
    lastCompVersion: FdtHeaderVersion.withoutStructSize,
    bootCpuidPhys: 0,
    sizeDtStrings: 0,
    sizeDtStruct: 0,
  };
}

/** Whether a property has no name offset yet. */
function hasUnplaced(tokens: FdtImageTokens): boolean {
  for (const token of tokens) if (token.kind === 'prop' && token.nameOffset === undefined) return true;
  return false;
}

function nameTokens(
  tokens: FdtImageTokens,
  block: Uint8Array,
): { tokens: FdtImageTokens; strings: Uint8Array } {
  if (!hasUnplaced(tokens)) return { tokens, strings: block };
  const names = createStringsBlock(block);
  const named = Array.from(tokens, (token, i): FdtImageToken => {
    if (token.kind !== 'prop' || token.nameOffset !== undefined) return token;
    if (token.name === undefined) throw new Error(`token ${i}: a property with neither name nor name offset`);
    const { name, value } = token;
    if (name.includes(0)) {
      throw new Error(`token ${i}: a NUL in the name ${escapeText(decodeText(name))}`);
    }
    return { kind: 'prop', nameOffset: names.place(name), name, value };
  });
  return { tokens: named, strings: names.bytes() };
}

/**
 * Tokens with both a name offset and a name (as an edited JSON may have) where the strings block has another name:
 * `fromImage` uses the offset.
 * @returns token indices
 */
export function mismatchedNames(image: FdtImage): number[] {
  const { strings } = image;
  const result: number[] = [];
  let i = -1;
  for (const token of image.tokens) {
    i++;
    if (token.kind !== 'prop' || token.nameOffset === undefined || token.name === undefined) continue;
    const { name, nameOffset } = token;
    if (strings[nameOffset + name.length] !== 0 || name.some((byte, k) => strings[nameOffset + k] !== byte)) {
      result.push(i);
    }
  }
  return result;
}

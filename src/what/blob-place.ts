/** What a byte of a devicetree blob is: which token, of which node or property. */

import { parseOnce } from '../decode/parsed.js';
import type { FdtTree } from '../fdt/parse.js';
import { nodeName, nodePath, propertyName, propertyValue, valueOffset } from '../fdt/tree.js';
import { firstIndex } from '../memory/first-after.js';
import {
  FDT_HEADER_SIZE,
  FDT_NODE_HEADER_SIZE,
  FDT_RESERVE_ENTRY_SIZE,
  FdtToken,
  fdtHeader,
} from '../records/fdt.js';
import { decodeText } from '../schema/escape.js';
import { bytesToHex } from '../schema/text.js';
import { recordName } from './hit.js';

/** A byte of a blob. */
export interface BlobPlace {
  /** libfdt's name of what is there. */
  readonly record: string;
  readonly field?: string;
  /** Offset in the blob at which that begins, and its bytes. */
  readonly start: number;
  readonly size: number;
  readonly what: string;
  readonly fdtPath?: string;
  readonly property?: string;
  /** For people. */
  readonly value?: string;
}

const TAGS: ReadonlyMap<number, string> = new Map([
  [FdtToken.endNode, 'FDT_END_NODE'],
  [FdtToken.nop, 'FDT_NOP'],
  [FdtToken.end, 'FDT_END'],
]);

/** @param offset within the blob */
export function blobPlace(bytes: Uint8Array, offset: number): BlobPlace {
  const tree = parseOnce(bytes);
  const { header } = tree;
  if (offset < FDT_HEADER_SIZE)
    return { record: recordName(fdtHeader), start: 0, size: FDT_HEADER_SIZE, what: 'the header' };
  const reserve = header?.offMemRsvmap ?? 0;
  const entry = Math.floor((offset - reserve) / FDT_RESERVE_ENTRY_SIZE);
  if (header !== undefined && offset >= reserve && entry <= tree.reserveMap.length) {
    const last = entry === tree.reserveMap.length;
    return {
      record: 'fdt_reserve_entry',
      field: (offset - reserve) % FDT_RESERVE_ENTRY_SIZE < 8 ? 'address' : 'size',
      start: reserve + entry * FDT_RESERVE_ENTRY_SIZE,
      size: FDT_RESERVE_ENTRY_SIZE,
      what: last ? 'the end of the reserve map' : `entry ${entry} of the reserve map`,
    };
  }
  if (offset >= tree.stringsStart && offset < tree.stringsEnd) return stringPlace(tree, offset);
  const token = tokenAt(tree, offset);
  return token < 0
    ? { record: 'fdt', start: offset, size: 1, what: 'padding' }
    : tokenPlace(tree, token, offset);
}

/** The token that has a byte; -1 where none has. */
function tokenAt({ at, count, structStart, tokensEnd }: FdtTree, offset: number): number {
  if (offset < structStart || offset >= tokensEnd) return -1;
  return firstIndex(count, (i) => (at[i] as number) <= offset) - 1;
}

function tokenPlace(tree: FdtTree, token: number, offset: number): BlobPlace {
  const start = tree.at[token] ?? 0;
  const size = (tree.at[token + 1] ?? tree.tokensEnd) - start;
  const kind = tree.kind[token] ?? 0;
  const own = { start, size };
  if (kind === FdtToken.beginNode) {
    const fdtPath = nodePath(tree, token);
    const field = offset < start + FDT_NODE_HEADER_SIZE ? 'tag' : 'name';
    const name = JSON.stringify(nodeName(tree, token) ?? '');
    const value = field === 'tag' ? 'FDT_BEGIN_NODE' : name;
    return { ...own, record: 'fdt_node_header', field, fdtPath, what: `node ${fdtPath}`, value };
  }
  const parent = tree.parent[token] ?? -1;
  const fdtPath = parent < 0 ? '/' : nodePath(tree, parent);
  if (kind === FdtToken.prop) {
    const property = propertyName(tree, token);
    const data = valueOffset(tree, token) ?? start;
    const length = tree.length[token] ?? 0;
    const what = `property ${property ?? '(name unreadable)'} of ${fdtPath}`;
    const place = {
      ...own,
      record: 'fdt_property',
      fdtPath,
      what,
      ...(property === undefined ? {} : { property }),
    };
    if (offset >= data + length) return { ...place, what: `padding after ${what}` };
    if (offset >= data) return { ...place, field: 'data', value: valueText(propertyValue(tree, token)) };
    const nth = Math.floor((offset - start) / 4);
    const field = ['tag', 'len', 'nameoff'][nth] ?? 'tag';
    const value = ['FDT_PROP', `${length}`, `${tree.nameOffset[token] ?? 0}`][nth] ?? '';
    return { ...place, field, value };
  }
  const tag = TAGS.get(kind) ?? 'a token that is none';
  return {
    ...own,
    record: 'fdt_node_header',
    field: 'tag',
    fdtPath,
    what: `${tag} in ${fdtPath}`,
    value: tag,
  };
}

/** Bytes of a value that are shown. */
const SHOWN = 32;

function valueText(bytes: Uint8Array = new Uint8Array(0)): string {
  const text = bytes.at(-1) === 0 ? decodeText(bytes.subarray(0, -1)) : '';
  if (/^[ -~]+$/.test(text)) return JSON.stringify(text);
  const shown = bytesToHex(bytes.subarray(0, SHOWN)).replace(/../g, '$& ').trim();
  return `[${shown}${bytes.length > SHOWN ? ' …' : ''}]`;
}

function stringPlace({ bytes, stringsStart, stringsEnd }: FdtTree, offset: number): BlobPlace {
  const start = Math.max(stringsStart, bytes.lastIndexOf(0, Math.max(offset - 1, 0)) + 1);
  const nul = bytes.indexOf(0, start);
  const end = Math.min(nul < 0 ? stringsEnd : nul + 1, stringsEnd);
  const name = JSON.stringify(
    decodeText(bytes.subarray(start, Math.min(end, start + 64))).replace(/\0$/, ''),
  );
  return {
    record: 'fdt',
    field: 'strings',
    start,
    size: Math.max(1, end - start),
    what: `the name ${name} in the strings block`,
    value: name,
  };
}

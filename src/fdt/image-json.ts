/** An image as the `fdt` object of the JSON model, and back. */

import { type FdtHeader, FdtToken } from '../records/fdt.js';
import { decodeExact, decodeText } from '../schema/escape.js';
import { bytesToHex } from '../schema/text.js';
import type { FdtImage, FdtImageToken, FdtRest } from './image.js';
import type { FdtTree } from './parse.js';
import { propertyNameBytes } from './tree.js';

/** One entry of `fdt.tree`. Bytes are hex; a name that is not valid UTF-8 is also in `nodeBytes` / `propBytes`. */
export type FdtJsonToken =
  | { node: string; nodeBytes?: string }
  | { prop?: string; propBytes?: string; nameOffset?: number; value: string }
  | { nop: true }
  | { end: true };

/** The `fdt` object: lossless, see `fromImage`. */
export interface FdtJson {
  /** Physical address of the blob, set by the caller. */
  address?: string;
  /** Bytes really there. */
  size: number;
  /** Left out when there are fewer than 40 bytes. */
  header?: FdtHeader;
  reserveMap: { address: string; size: string }[];
  strings: string;
  gaps: { offset: number; bytes: string }[];
  tree: FdtJsonToken[];
  /** Only as `false`: FDT_END is not there. */
  complete?: boolean;
  /** Only when not all 0: see `FdtImage.rest`. An editor of the tree leaves it as it is. */
  rest?: FdtRest;
}

/**
 * The JSON form of an image. `tree` names the properties and is the tree that the image was made from.
 * A property whose name cannot be read has no `prop`.
 */
export function imageToJson(image: FdtImage, tree: FdtTree): FdtJson {
  const json: FdtJson = {
    size: image.size,
    ...(image.header === undefined ? {} : { header: { ...image.header } }),
    reserveMap: image.reserveMap.map(({ address, size }) => ({
      address: `0x${address.toString(16)}`,
      size: `0x${size.toString(16)}`,
    })),
    strings: bytesToHex(image.strings),
    gaps: image.gaps.map(({ offset, bytes }) => ({ offset, bytes: bytesToHex(bytes) })),
    tree: Array.from(image.tokens, (token, i) => tokenToJson(token, tree, i)),
  };
  if (!image.complete) json.complete = false;
  if (Object.values(image.rest).some((bytes) => bytes !== 0)) json.rest = { ...image.rest };
  return json;
}

function tokenToJson(token: FdtImageToken, tree: FdtTree, i: number): FdtJsonToken {
  if (token.kind === 'node') {
    const exact = decodeExact(token.name);
    if (exact !== undefined) return { node: exact };
    return { node: decodeText(token.name), nodeBytes: bytesToHex(token.name) };
  }
  if (token.kind === 'prop') {
    const name = token.name ?? (tree.kind[i] === FdtToken.prop ? propertyNameBytes(tree, i) : undefined);
    return {
      ...(name === undefined ? {} : nameToJson(name)),
      ...(token.nameOffset === undefined ? {} : { nameOffset: token.nameOffset }),
      value: bytesToHex(token.value),
    };
  }
  return token.kind === 'nop' ? { nop: true } : { end: true };
}

function nameToJson(name: Uint8Array): { prop: string; propBytes?: string } {
  const exact = decodeExact(name);
  return exact === undefined ? { prop: decodeText(name), propBytes: bytesToHex(name) } : { prop: exact };
}

/** A rider's blob on its own: memblock, kho_test, LUO, kexec-metadata. */
import type { Handover } from '../../abi/model.js';
import {
  KHO_KEXEC_METADATA,
  KHO_KEXEC_METADATA_SIZE,
  writeKhoKexecMetadata,
} from '../../records/kexec_metadata.js';
import { luoHead } from '../../structures/luo/binding.js';
import type { RiderKey } from '../../structures/rider.js';
import { heldTree, RIDERS } from '../../structures/riders.js';
import type { TreeBinding } from '../../structures/tree.js';
import { jsonObject } from '../from-json.js';
import { type Json, jsonNarrow, jsonText } from './json.js';
import { luoRecord } from './luo.js';

/** Bytes of `previous_release`. */
const RELEASE_SIZE = KHO_KEXEC_METADATA.kexecCount - KHO_KEXEC_METADATA.previousRelease;

/** A typed part that is a tree of its own. */
export interface TreeRider {
  readonly binding: TreeBinding;
  /** The part in the document. */
  readonly part: Json;
  /** Its key, for messages. */
  readonly key: RiderKey;
}

/** The part of a document that makes the tree of a rider of this name; the only one when no name is given. */
export function treeRider(json: Json, name?: string): TreeRider | undefined {
  const held = heldTree(json, name);
  if (held === undefined) return undefined;
  const { rider, binding } = held;
  return { binding, part: jsonObject(json[rider.key], rider.key), key: rider.key };
}

/** What a decoded blob has of a part. */
export function decodedPart(handover: Handover, { key }: TreeRider): Json {
  return (handover[key] ?? {}) as unknown as Json;
}

const RECORDS: { readonly [key in RiderKey]?: (part: Json) => Uint8Array } = {
  luo: (luo) => luoRecord(luo, luoHead(typeof luo.compatible === 'string' ? luo.compatible : '')),
  kexecMetadata: metadataRecord,
};

/**
 * The record of a rider that is not a tree.
 *
 * @returns undefined when the document has none of that name
 */
export function recordRider(json: Json, name?: string): Uint8Array | undefined {
  for (const { name: own, key, treeOf } of RECORD_RIDERS) {
    if (json[key] === undefined || (name !== undefined && name !== own)) continue;
    const part = jsonObject(json[key], key);
    if (treeOf(part) === undefined) return RECORDS[key]?.(part);
  }
  return undefined;
}

/** LUO before others, where a document without names has several. */
const RECORD_RIDERS = RIDERS.filter(({ record }) => record !== undefined).toReversed();

function metadataRecord(metadata: Json): Uint8Array {
  const bytes = new Uint8Array(KHO_KEXEC_METADATA_SIZE);
  const path = 'kexecMetadata';
  const version = jsonNarrow(metadata.version, `${path}.version`);
  // Of another version only the first field is known.
  if (metadata.previousRelease === undefined) {
    new DataView(bytes.buffer).setUint32(KHO_KEXEC_METADATA.version, version, true);
    return bytes;
  }
  writeKhoKexecMetadata(new DataView(bytes.buffer), 0, {
    version,
    previousRelease: jsonText(metadata, 'previousRelease', RELEASE_SIZE, path),
    kexecCount: jsonNarrow(metadata.kexecCount, `${path}.kexecCount`),
  });
  return bytes;
}

/** A rider's blob on its own: memblock, kho_test, LUO, kexec-metadata. */
import type { TreeBinding } from '../../abi/binding.js';
import type { Handover } from '../../abi/model.js';
import { khoTestInline, khoTestVmalloc, luoV1, luoV2, memblockV1 } from '../../abi/upstream/riders.js';
import {
  KHO_KEXEC_METADATA,
  KHO_KEXEC_METADATA_SIZE,
  writeKhoKexecMetadata,
} from '../../records/kexec_metadata.js';
import {
  LUO_SER,
  LUO_SER_COMPOSITE,
  LUO_SER_COMPOSITE_SIZE,
  LUO_SER_SIZE,
  writeLuoSer,
  writeLuoSerComposite,
} from '../../records/luo.js';
import { jsonInteger, jsonObject } from '../from-json.js';
import { type Json, jsonNarrow, jsonText } from './json.js';

/** Bytes of `previous_release`. */
const RELEASE_SIZE = KHO_KEXEC_METADATA.kexecCount - KHO_KEXEC_METADATA.previousRelease;

/** A typed part that is a tree of its own. */
export interface TreeRider {
  readonly binding: TreeBinding;
  /** The part in the document. */
  readonly part: Json;
  /** Its key, for messages. */
  readonly key: 'memblock' | 'khoTest' | 'luo';
}

/** The part of a document that makes the tree of a rider of this name; the only one when no name is given. */
export function treeRider(json: Json, name?: string): TreeRider | undefined {
  const has = (key: TreeRider['key'], child: string): Json | undefined =>
    json[key] !== undefined && (name === undefined || name === child)
      ? jsonObject(json[key], key)
      : undefined;
  const memblock = has('memblock', 'memblock');
  if (memblock !== undefined) return { binding: memblockV1, part: memblock, key: 'memblock' };
  const khoTest = has('khoTest', 'kho_test');
  if (khoTest !== undefined) {
    const binding = khoTest.foliosInline === undefined ? khoTestVmalloc : khoTestInline;
    return { binding, part: khoTest, key: 'khoTest' };
  }
  const luo = has('luo', 'LUO');
  if (luo?.compatible === 'luo-v1') return { binding: luoV1, part: luo, key: 'luo' };
  if (luo?.compatible === 'luo-v2') return { binding: luoV2, part: luo, key: 'luo' };
  return undefined;
}

/** What a decoded blob has of a part. */
export function decodedPart(handover: Handover, { key }: TreeRider): Json {
  return (handover[key] ?? {}) as unknown as Json;
}

/**
 * The record of a rider that is not a tree: LUO from luo-v3 on, kexec-metadata.
 *
 * @returns undefined when the document has none of that name
 */
export function recordRider(json: Json, name?: string): Uint8Array | undefined {
  if (json.luo !== undefined && (name === undefined || name === 'LUO')) {
    const luo = jsonObject(json.luo, 'luo');
    if (luo.compatible !== 'luo-v1' && luo.compatible !== 'luo-v2') return luoRecord(luo);
  }
  if (json.kexecMetadata !== undefined && (name === undefined || name === 'kexec-metadata')) {
    return metadataRecord(jsonObject(json.kexecMetadata, 'kexecMetadata'));
  }
  return undefined;
}

function luoRecord(luo: Json): Uint8Array {
  const composite = typeof luo.compatible === 'string' && luo.compatible.includes(';');
  const bytes = new Uint8Array(composite ? LUO_SER_COMPOSITE_SIZE : LUO_SER_SIZE);
  const layout = composite ? LUO_SER_COMPOSITE : LUO_SER;
  const integer = (key: string): bigint =>
    luo[key] === undefined ? 0n : jsonInteger(luo[key], `luo.${key}`);
  (composite ? writeLuoSerComposite : writeLuoSer)(new DataView(bytes.buffer), 0, {
    compatible: jsonText(luo, 'compatible', layout.liveupdateNum - layout.compatible, 'luo'),
    liveupdateNum: integer('liveupdateNumber'),
    sessionsPa: integer('sessionsAddress'),
    flbsPa: integer('flbsAddress'),
  });
  return bytes;
}

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

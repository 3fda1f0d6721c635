/** The typed model as plain values for JSON, in the key order and form of `dump --format json`. */

import type { Diagnostic, Handover, Location } from '../abi/model.js';
import { toImage } from '../fdt/image.js';
import { imageToJson } from '../fdt/image-json.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { treeJson } from './tree-json.js';
import { treeMemoryJson } from './tree-memory-json.js';
import { preservedJson, upstreamJson } from './upstream-json.js';

/** Version of the JSON document; raised when a key changes its meaning. */
export const SCHEMA_VERSION = 1;

/**
 * The document; values that grow with the dump are iterables, to be written as they are drawn.
 *
 * @example
 * ```ts
 * import { decodeHandover, jsonChunks, modelJson, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const text = [...jsonChunks(modelJson(decodeHandover(blob)))].join('');
 * const { kind, generation } = JSON.parse(text);
 * console.log(kind, generation); //=> handover kho-v4
 * ```
 */
export function modelJson(handover: Handover): { [key: string]: unknown } {
  const { tree, setupData } = handover;
  const { iommufds, domains, guestmemfs, ftrace } = treeJson(rfc2024.root, handover, {
    numbered: ['devices'],
    memory: treeMemoryJson,
  });
  return {
    schemaVersion: SCHEMA_VERSION,
    kind: handover.kind,
    generation: handover.generation,
    pageSize: handover.pageSize,
    pageSizeReason: handover.pageSizeReason,
    diagnostics: handover.diagnostics.map(diagnosticJson),
    fdt:
      tree === undefined ? undefined : { address: handover.fdtAddress, ...imageToJson(toImage(tree), tree) },
    setupData:
      setupData === undefined
        ? undefined
        : {
            bootParams: setupData.bootParams,
            address: setupData.element,
            len: setupData.len,
            ...setupData.rfc2024,
            ...setupData.khoData,
          },
    preserved: handover.preserved === undefined ? undefined : preservedJson(handover.preserved),
    scratch: handover.scratch,
    memCache: handover.memCache,
    preservedMemoryMap: handover.preservedMemoryMap,
    ...upstreamJson(handover),
    iommufds,
    domains,
    guestmemfs,
    ftrace,
  };
}

function diagnosticJson({ code, message, location }: Diagnostic): { [key: string]: unknown } {
  return { code, message, location: locationJson(location) };
}

/** A location in its JSON form: keys that are unknown are left out. */
export function locationJson(location: Location): { [key: string]: unknown } {
  return { ...location };
}

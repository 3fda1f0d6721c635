import type { Handover } from '../../src/abi/model.js';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { elfMemory, parseElfCore } from '../../src/memory/elf/core.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';

export type Json = { [key: string]: unknown };

/** What `dump --format json` prints, read again. */
export function dumpedJson(handover: Handover): Json {
  return parsed(modelJson(handover));
}

/** A value as it comes back from its JSON text. */
export function parsed(value: unknown): Json {
  return JSON.parse([...jsonChunks(value)].join(''));
}

/** The memory of an ELF core given in pieces. */
export function memoryOfChunks(chunks: Iterable<Uint8Array>): PhysicalMemory {
  const pieces = [...chunks];
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  const file = bytesAccess(bytes);
  const { core, diagnostics } = parseElfCore(file);
  if (core === undefined || diagnostics.length > 0) throw new Error(diagnostics[0]?.message ?? 'no core');
  return elfMemory(file, core);
}

/** Decodes the one tree that a memory holds. */
export function decodeMemory(memory: PhysicalMemory): Handover {
  const { trees } = findTrees(memory);
  const [tree] = trees;
  if (tree === undefined || trees.length !== 1) throw new Error(`${trees.length} trees`);
  const [address] = tree.addresses;
  if (address === undefined) throw new Error('no address');
  return decodeHandover(tree.bytes, {
    memory,
    address,
    ...(tree.setupData === undefined ? {} : { setupData: tree.setupData, passedOn: 'rfc-2024' }),
    ...(tree.broken === undefined ? {} : { broken: tree.broken }),
  });
}

/** The cores captured from booted kernels, and their truth files. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Handover } from '../../src/abi/model.js';
import { readTree } from '../../src/decode/find.js';
import { type DecodeOptions, decodeHandover } from '../../src/decode/handover.js';
import { elfMemory, parseElfCore } from '../../src/memory/elf/core.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { fixtures } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';

export interface TruthFile {
  readonly compatible: string;
  /** Kept as text: a token may exceed 2^53. */
  readonly token: string;
  readonly pos: number;
  readonly size: number;
  readonly seals: number;
  readonly flags: number;
  readonly nr_folios: number;
  readonly folios: readonly (readonly [number, number, number])[];
}

export interface Truth {
  readonly pa: number;
  readonly compatible: string;
  readonly page_size?: number;
  readonly map: number;
  readonly bytes: number;
  readonly subtrees: Readonly<Record<string, readonly [number, number]>>;
  readonly preserved: readonly (readonly [number, number])[];
  readonly luo?: {
    readonly compatible: string;
    readonly number: number;
    readonly sessions: readonly {
      readonly name: string;
      readonly count: number;
      readonly files: readonly TruthFile[];
    }[];
  };
}

/** Dumps that have a handover core. */
export const linuxNames = readdirSync(fixtures)
  .filter(
    (name) => name.startsWith('linux-') && readdirSync(join(fixtures, name)).includes('handover.elf.gz'),
  )
  .sort();

export function linuxTruth(name: string): Truth[] {
  const text = new TextDecoder().decode(gunzip(fileBytes(join(fixtures, name, 'handover.truth.json.gz'))));
  return JSON.parse(text.replace(/"token":\s*(\d+)/g, '"token":"$1"'));
}

export function coreMemory(bytes: Uint8Array): PhysicalMemory {
  const file = bytesAccess(bytes);
  const { core } = parseElfCore(file);
  if (core === undefined) throw new Error('no core');
  return elfMemory(file, core);
}

export function linuxMemory(name: string): PhysicalMemory {
  return coreMemory(gunzip(fileBytes(join(fixtures, name, 'handover.elf.gz'))));
}

/** The tree at an address, decoded with its memory. */
export function decodeAt(
  memory: PhysicalMemory,
  address: bigint | number,
  options: DecodeOptions = {},
): Handover {
  const bytes = readTree(memory, BigInt(address));
  if (bytes === undefined) throw new Error(`no tree at ${address}`);
  return decodeHandover(bytes, { memory, address: BigInt(address), ...options });
}

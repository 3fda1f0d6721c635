import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { openMemory } from '../../src/memory/node/open-memory.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';

/** The small RFC dumps, by folder name. */
export const RFC_DUMPS = [
  'dangling',
  'five-level',
  'overflow',
  'superpages',
  'three-level',
  'two-vms',
] as const;

/** A domain as truth.json of an RFC dump has it. */
export interface TruthDomain {
  readonly persistent_id: number;
  readonly pgd: string;
  readonly agaw: number;
  readonly levels: number;
  readonly snoop_bit_in_leaves: boolean;
  /** IOVA, physical address, page size in bytes, rights. */
  readonly mappings: readonly (readonly [string, string, number, string])[];
  /** Address, level, first IOVA, and two facts about the handover. */
  readonly tables: readonly (readonly [string, number, string, boolean, boolean])[];
}

const FIXTURES = new URL('../../fixtures/', import.meta.url);

/** Path of a file below fixtures/. */
export function fixturePath(name: string): string {
  return new URL(name, FIXTURES).pathname;
}

/** A text file below fixtures/, unpacked if its name ends in .gz. */
export function fixtureText(name: string): string {
  const bytes = new Uint8Array(readFileSync(new URL(name, FIXTURES)));
  return new TextDecoder().decode(name.endsWith('.gz') ? new Uint8Array(gunzipSync(bytes)) : bytes);
}

/** The domains that an RFC dump is known to hold. */
export function truthDomains(dump: string): readonly TruthDomain[] {
  return JSON.parse(fixtureText(`rfc-2024/${dump}/truth.json`)).domains;
}

/** Opens an ELF core below fixtures/, uses it and closes it. */
export async function withMemory<T>(name: string, use: (memory: PhysicalMemory) => T): Promise<T> {
  const opened = await openMemory(fixturePath(name));
  try {
    return use(opened.memory);
  } finally {
    opened.close();
  }
}

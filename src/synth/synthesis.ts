/** A synthesised dump: its memory, made when it is read, and its own account of what is in it. */
import type { Generation } from '../abi/model.js';
import { memoryCoreChunks } from '../encode/elf-chunks.js';
import type { Machine } from '../memory/elf/header.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { type Region, regionsMemory } from './regions.js';

/** What a layout gives. */
export interface Parts {
  readonly generation: Generation;
  /** Bytes. */
  readonly pageSize: number;
  readonly machine: Machine;
  /** `uname -r` of the kernel whose memory it is. */
  readonly release: string;
  readonly regions: readonly Region[];
  /** Physical address of the root tree. */
  readonly fdtAddress: bigint;
  readonly blob: Uint8Array;
  /** In the form of `dump --format json`: lists that grow with the dump are iterables, drawn when written. */
  readonly account: { readonly [key: string]: unknown };
  /** What is worth knowing beside it, one sentence each. */
  readonly messages: readonly string[];
}

export interface Synthesis extends Parts {
  /** Random access; bytes are made when they are read. */
  readonly memory: PhysicalMemory;
  /** Lines KEY=VALUE of the core's VMCOREINFO note. */
  readonly vmcoreinfo: string;
  /** Bytes of memory that the core stores. */
  readonly stored: number;
  /** The ELF core, piece by piece; the same bytes each time. */
  chunks(): Iterable<Uint8Array>;
}

/** Puts a layout together. */
export function synthesis(parts: Parts): Synthesis {
  const { regions, machine, release, pageSize, generation } = parts;
  const memory = regionsMemory(regions, `synthesised ${generation}, ${regions.length} regions`);
  const vmcoreinfo = `OSRELEASE=${release}\nPAGESIZE=${pageSize}\n`;
  return {
    ...parts,
    memory,
    vmcoreinfo,
    stored: regions.reduce((sum, { fill, size }) => (fill === undefined ? sum : sum + size), 0),
    chunks: () => memoryCoreChunks(memory, machine, { vmcoreinfo }),
  };
}

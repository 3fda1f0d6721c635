/** A synthesised dump: its memory, made when it is read, and its own account of what is in it. */
import type { Generation } from '../abi/model.js';
import { memoryCoreChunks } from '../encode/elf-chunks.js';
import { wholePages } from '../encode/whole-pages.js';
import type { Machine } from '../memory/elf/header.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { type Region, regionsMemory } from './regions.js';

/** What is in a dump, in the form of `dump --format json`. */
export interface Account {
  readonly [key: string]: unknown;
}

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
  /** Value of RTADDR of the unit whose tables are in the memory. */
  readonly rtaddr?: bigint;
  /** Makes the account of the dump: see {@link Synthesis.account}. */
  readonly makeAccount: () => Account;
  /** What is worth knowing beside it, one sentence each. */
  readonly messages: readonly string[];
}

export interface Synthesis extends Parts {
  /**
   * What is in the dump, from the plan and not from the bytes. Lists that grow with the dump are iterables, drawn
   * when they are written.
   */
  readonly account: Account;
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
  const { machine, release, pageSize, generation } = parts;
  // In the order of the core: neighbours are then one run, and are read in one go.
  const regions = [...parts.regions].sort((a, b) => a.address - b.address);
  const own = regionsMemory(regions, `synthesised ${generation}, ${regions.length} regions`);
  const memory = wholePages(own, own, pageSize);
  const vmcoreinfo = `OSRELEASE=${release}\nPAGESIZE=${pageSize}\n`;
  return {
    ...parts,
    regions,
    memory,
    vmcoreinfo,
    stored: storedBytes(memory),
    get account() {
      return parts.makeAccount();
    },
    chunks: () => memoryCoreChunks(memory, machine, { vmcoreinfo }),
  };
}

/** Bytes that a core of the memory stores. */
function storedBytes(memory: PhysicalMemory): number {
  let bytes = 0;
  for (const { start, end, state } of memory.known()) if (state === 'present') bytes += end - start;
  return bytes;
}

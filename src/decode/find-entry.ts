/** What is at the address named for the root tree: a tree, other bytes, or nothing that the dump holds. */
import type { BrokenEntry } from '../abi/model.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { FDT_HEADER_SIZE } from '../records/fdt.js';
import { knownPrefix, readTree } from './find-search.js';

/** Bytes read where no header tells how many: the smallest page that kernels with a handover have. */
const PAGE = 4096;
/** The largest such page. */
const MAX_PAGE = 65536;

/**
 * The bytes at a named address: as many as the header there says, else one page.
 *
 * @param size bytes that the entry names
 * @returns as far as memory holds them; fewer than a header has are none
 */
export function readEntry(memory: PhysicalMemory, address: bigint, size?: bigint): Uint8Array {
  const start = physicalAddress(address);
  if (start === undefined) return new Uint8Array(0);
  const tree = readTree(memory, address);
  if (tree !== undefined && tree.length >= FDT_HEADER_SIZE) return tree;
  const wanted = size !== undefined && size > BigInt(PAGE) && size <= BigInt(MAX_PAGE) ? Number(size) : PAGE;
  const bytes = knownPrefix(memory, start, Math.min(wanted, PHYSICAL_LIMIT - start));
  return bytes.length < FDT_HEADER_SIZE ? new Uint8Array(0) : bytes;
}

/**
 * What is to be said of a named address without a root tree. Physical page 0 is never given out, so that an
 * address of 0 is wrong whether the dump holds that page or not.
 */
export function entryState(address: bigint, bytes: Uint8Array): BrokenEntry['state'] {
  if (address === 0n || physicalAddress(address) === undefined) return 'impossible';
  return bytes.length === 0 ? 'absent' : 'unreadable';
}

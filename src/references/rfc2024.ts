/** The records of the 2024 series that the tree leads to: guestmemfs, page tables. */
import type { Domain, Guestmemfs, Handover } from '../abi/model.js';
import { fsMemRange, GUESTMEMFS_BLOCK } from '../decode/guestmemfs.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import {
  GUESTMEMFS_INODE_SIZE,
  GUESTMEMFS_SB_SIZE,
  guestmemfsInode,
  guestmemfsSb,
  mappingBlock,
  mappingInode,
} from '../records/guestmemfs.js';
import { bytesToText } from '../schema/text.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import type { ReferenceSink } from './sink.js';
import { addTables } from './tables.js';

/** Bytes that the kernel allocates for the bitmap, one bit a block (fs/guestmemfs/allocator.c). */
const MAX_BITMAP = 1 << 20;
const PAGE = 4096;

/** Tells what the tree of a 2024 handover leads to. */
export function addRfc2024(sink: ReferenceSink, handover: Handover, memory: PhysicalMemory): void {
  const { guestmemfs, domains = [] } = handover;
  if (guestmemfs !== undefined) addGuestmemfs(sink, guestmemfs);
  for (const domain of domains) addDomain(sink, domain, memory);
}

function addGuestmemfs(sink: ReferenceSink, guestmemfs: Guestmemfs): void {
  const { superblock, mappingsToInode, state, files = [] } = guestmemfs;
  const [sb, inodes, bitmap] = superblock ?? [];
  const region = fsMemRange(guestmemfs);
  if (region !== undefined) sink.contents?.(region.start, Number(region.end - region.start));
  if (sb !== undefined) {
    sink.bytes(sb.addr, Math.min(Number(sb.len), GUESTMEMFS_SB_SIZE));
    if (state?.superblock !== undefined) sink.record(guestmemfsSb, sb.addr, 'the super block');
  }
  if (inodes !== undefined && state?.inodes !== undefined) {
    sink.bytes(inodes.addr, state.inodes.bytes.length);
    if (state.inodes.length > 0)
      sink.record(guestmemfsInode, inodes.addr, 'the directory, inode 1', { list: 'directory' });
    const free = files.length + 2;
    if (free <= state.inodes.length) {
      const at = inodes.addr + BigInt((free - 1) * GUESTMEMFS_INODE_SIZE);
      sink.record(guestmemfsInode, at, `inode ${free}`, { list: 'free inodes' });
    }
  }
  if (bitmap !== undefined && region !== undefined) {
    const blocks = Number((region.end - region.start) / GUESTMEMFS_BLOCK);
    const length = Math.min(Number(bitmap.len), MAX_BITMAP);
    const used = Math.min(length, Math.ceil(blocks / 8));
    sink.bitmap({ address: Number(bitmap.addr), length, used, what: "the allocator's bitmap" });
  }
  if (mappingsToInode !== undefined && state?.index !== undefined) {
    sink.bytes(mappingsToInode.addr, state.index.bytes.length);
    sink.array({
      record: mappingInode,
      count: Math.min(files.length, state.index.length),
      at: mappingsToInode.addr,
      what: (i) => `index entry ${i}`,
      traits: { list: 'index' },
    });
  }
  for (const { name, ino, origin, mappingPage, blocks } of files) {
    const what = `file "${bytesToText(name).text}"`;
    if (origin.address !== undefined)
      sink.record(guestmemfsInode, origin.address, `${what}, inode ${ino}`, { list: 'files' });
    if (mappingPage === undefined || blocks === undefined) continue;
    sink.page({
      address: Number(mappingPage),
      length: PAGE,
      chain: 'mapping pages',
      what: `the mapping page of ${what}`,
    });
    sink.array({
      record: mappingBlock,
      count: blocks.length,
      at: mappingPage,
      what: (i) => `${what} block ${i}`,
      traits: { list: 'blocks' },
    });
  }
}

function addDomain(sink: ReferenceSink, { persistentId, pgd, agaw }: Domain, memory: PhysicalMemory): void {
  if (pgd === undefined || agaw === undefined || physicalAddress(pgd) === undefined) return;
  const owner = `domain ${persistentId ?? '?'}`;
  const format = secondStageFormat();
  addTables({ sink, memory }, { root: pgd, levels: agaw + 2, format, stage: 'second', owner });
}

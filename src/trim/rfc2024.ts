/** The records of the 2024 series behind the tree: guestmemfs' structures and the domains' page tables. */
import type { Domain, Handover } from '../abi/model.js';
import { fsMemRange, GUESTMEMFS_BLOCK } from '../decode/guestmemfs.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { GUESTMEMFS_SB_SIZE, MAPPING_BLOCK_SIZE } from '../records/guestmemfs.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import { ENTRIES_PER_TABLE, pagesOf, targetsOf } from '../vtd/walk/batch.js';
import type { EntryFormat } from '../vtd/walk/format.js';
import { mergeBatches } from '../vtd/walk/runs.js';
import { walkTable } from '../vtd/walk/walk.js';
import type { TrimParts } from './parts.js';

/** Bytes that the kernel allocates for the bitmap, one bit a block (fs/guestmemfs/allocator.c). */
const MAX_BITMAP = 1 << 20;
const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
const PAGE = 4096;

/** Collects the records that the tree leads to, and the guest memory that the tables map. */
export function collectRfc2024(handover: Handover, memory: PhysicalMemory, parts: TrimParts): void {
  collectGuestmemfs(handover, parts);
  const format = secondStageFormat();
  for (const domain of handover.domains ?? []) collectDomain(domain, memory, format, parts);
}

function collectGuestmemfs({ guestmemfs }: Handover, { records, zeroed, guest }: TrimParts): void {
  const region = fsMemRange(guestmemfs);
  if (guestmemfs === undefined) return;
  if (region !== undefined) guest.add(region.start, Number(region.end - region.start));
  const { state, files = [], superblock, mappingsToInode } = guestmemfs;
  const [sb, inodes, bitmap] = superblock ?? [];
  if (sb !== undefined) records.add(sb.addr, Math.min(Number(sb.len), GUESTMEMFS_SB_SIZE));
  if (inodes !== undefined) records.add(inodes.addr, state?.inodes?.bytes.length ?? 0);
  if (mappingsToInode !== undefined) records.add(mappingsToInode.addr, state?.index?.bytes.length ?? 0);
  if (bitmap !== undefined && region !== undefined) {
    const blocks = Number((region.end - region.start) / GUESTMEMFS_BLOCK);
    records.add(bitmap.addr, Math.min(Number(bitmap.len), MAX_BITMAP, Math.ceil(blocks / 8)));
    zeroed.add(bitmap.addr, Math.min(Number(bitmap.len), MAX_BITMAP));
  }
  for (const { mappingPage, blocks } of files) {
    if (mappingPage === undefined || blocks === undefined) continue;
    records.add(mappingPage, blocks.length * MAPPING_BLOCK_SIZE);
    zeroed.add(mappingPage, PAGE);
  }
}

/** One walk: its table pages are records, entry by entry, and what its leaves map is guest memory. */
function collectDomain(
  { pgd, agaw }: Domain,
  memory: PhysicalMemory,
  format: EntryFormat,
  { records, zeroed, guest }: TrimParts,
): void {
  if (pgd === undefined || agaw === undefined || physicalAddress(pgd) === undefined) return;
  const bytes = new Uint8Array(PAGE);
  const words = new Int32Array(bytes.buffer);
  const onTable = ({ address }: { address: number }): void => {
    zeroed.add(address, PAGE);
    const known = Math.floor(memory.read(address, PAGE, bytes) / ENTRY);
    for (let first = 0; first < known; first++) {
      let end = first;
      while (end < known && isPresent(words, end, format)) end++;
      records.add(address + first * ENTRY, (end - first) * ENTRY);
      first = end;
    }
  };
  const walk = walkTable({ memory, root: pgd, levels: agaw + 2, format, onTable });
  for (const batch of mergeBatches(walk.batches, format)) {
    const targets = targetsOf(batch);
    const pages = pagesOf(batch);
    for (let i = 0; i < batch.length; i++) guest.add((targets[i] ?? 0) * PAGE, (pages[i] ?? 0) * PAGE);
  }
}

/** Hardware ignores the other bits of an entry that is not present (vtd.md 1.8), so they say nothing. */
function isPresent(words: Int32Array, index: number, { presentLo, presentHi }: EntryFormat): boolean {
  if (index >= ENTRIES_PER_TABLE) return false;
  return (((words[2 * index] ?? 0) & presentLo) | ((words[2 * index + 1] ?? 0) & presentHi)) !== 0;
}

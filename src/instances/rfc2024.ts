/** The records of the 2024 series behind the tree: boot, guestmemfs, page tables. */
import type { Domain, Handover } from '../abi/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import {
  GUESTMEMFS_INODE_SIZE,
  guestmemfsInode,
  guestmemfsSb,
  MAPPING_BLOCK_SIZE,
  MAPPING_INODE_SIZE,
  mappingBlock,
  mappingInode,
} from '../records/guestmemfs.js';
import { KHO_MEM_SIZE, khoDataRfc2024, khoMem, SETUP_DATA_SIZE, setupData } from '../records/kho.js';
import { bytesToText } from '../schema/text.js';
import { secondStageEntry, secondStageFormat } from '../vtd/second-stage.js';
import { mergeBatches } from '../vtd/walk/runs.js';
import { walkTable } from '../vtd/walk/walk.js';
import { addRecord, type InstanceSink, sampled } from './instance.js';

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
const PAGE = 4096;

/** Adds what the tree of a 2024 handover leads to. */
export function addRfc2024(sink: InstanceSink, handover: Handover, memory: PhysicalMemory): void {
  const { setupData: boot, memCache, guestmemfs, domains = [] } = handover;
  if (boot?.rfc2024 !== undefined) {
    addRecord(sink, setupData, boot.element, 'the header of setup_data of type 10');
    addRecord(sink, khoDataRfc2024, boot.element + BigInt(SETUP_DATA_SIZE), 'setup_data of type 10');
    const { memCacheAddr } = boot.rfc2024;
    for (const i of sampled(memCache?.length ?? 0, sink.limits.list)) {
      addRecord(sink, khoMem, memCacheAddr + BigInt(i * KHO_MEM_SIZE), `mem cache[${i}]`, {
        list: 'mem cache',
      });
    }
  }
  if (guestmemfs !== undefined) addGuestmemfs(sink, handover);
  for (const domain of domains) addDomain(sink, domain, memory);
}

function addGuestmemfs(sink: InstanceSink, { guestmemfs }: Handover): void {
  const { superblock, mappingsToInode, state, files = [] } = guestmemfs ?? {};
  const [sb, inodes, bitmap] = superblock ?? [];
  if (sb !== undefined && state?.superblock !== undefined)
    addRecord(sink, guestmemfsSb, sb.addr, 'the super block');
  if (inodes !== undefined && state?.inodes !== undefined) {
    addRecord(sink, guestmemfsInode, inodes.addr, 'the directory, inode 1', { list: 'directory' });
    const free = files.length + 2;
    if (free <= state.inodes.length) {
      addRecord(
        sink,
        guestmemfsInode,
        inodes.addr + BigInt((free - 1) * GUESTMEMFS_INODE_SIZE),
        `inode ${free}`,
        { list: 'free inodes' },
      );
    }
  }
  if (bitmap !== undefined) {
    sink.bitmaps.push({
      address: Number(bitmap.addr),
      length: Number(bitmap.len),
      what: 'the allocator’s bitmap',
    });
  }
  const entries = Math.min(files.length, state?.index?.length ?? 0);
  for (const i of mappingsToInode === undefined ? [] : sampled(entries, sink.limits.list)) {
    addRecord(
      sink,
      mappingInode,
      (mappingsToInode?.addr ?? 0n) + BigInt(i * MAPPING_INODE_SIZE),
      `index entry ${i}`,
      {
        list: 'index',
      },
    );
  }
  for (const { name, ino, origin, mappingPage, blocks } of files) {
    const what = `file "${bytesToText(name).text}"`;
    if (origin.address !== undefined)
      addRecord(sink, guestmemfsInode, origin.address, `${what}, inode ${ino}`, { list: 'files' });
    if (mappingPage === undefined) continue;
    sink.pages.push({
      address: Number(mappingPage),
      chain: 'mapping pages',
      what: `the mapping page of ${what}`,
    });
    for (const i of sampled(blocks?.length ?? 0, sink.limits.list)) {
      addRecord(sink, mappingBlock, mappingPage + BigInt(i * MAPPING_BLOCK_SIZE), `${what} block ${i}`, {
        list: 'blocks',
      });
    }
  }
}

/** Present entries of a domain's tables: pointers to tables, and leaves. */
function addDomain(sink: InstanceSink, { persistentId, pgd, agaw }: Domain, memory: PhysicalMemory): void {
  if (pgd === undefined || agaw === undefined || physicalAddress(pgd) === undefined) return;
  const name = `domain ${persistentId ?? '?'}`;
  const format = secondStageFormat();
  const bytes = new Uint8Array(PAGE);
  const view = new DataView(bytes.buffer);
  const { limits } = sink;
  const present = new Uint16Array(bytes.length / ENTRY);
  let tables = 0;
  const onTable = ({ address, level }: { address: number; level: number }): void => {
    if (tables++ >= limits.tables) return;
    sink.pages.push({ address, chain: `tables of ${name}`, what: `a level-${level} table of ${name}` });
    const known = Math.floor(memory.read(address, PAGE, bytes) / ENTRY);
    let count = 0;
    for (let i = 0; i < known; i++) {
      const lo = view.getUint32(i * ENTRY, true) & format.presentLo;
      const hi = view.getUint32(i * ENTRY + 4, true) & format.presentHi;
      if ((lo | hi) !== 0) present[count++] = i;
    }
    for (const nth of sampled(count, limits.entries)) {
      const i = present[nth] ?? 0;
      const leaf = level === 1 || (level <= 3 && (view.getUint32(i * ENTRY, true) & format.largeLo) !== 0);
      const record = secondStageEntry(level, leaf);
      if (record === undefined) continue;
      const what = `${name}, level ${level} entry ${i} of 0x${address.toString(16)}`;
      addRecord(sink, record, address + i * ENTRY, what, { list: `level ${level} of ${name}` });
    }
  };
  const walk = walkTable({ memory, root: pgd, levels: agaw + 2, format, onTable });
  for (const _ of mergeBatches(walk.batches, format));
}

/** The records of the 2024 series that the tree leads to: guestmemfs, page tables. */
import type { AddressRange, Domain, Guestmemfs, Handover } from '../abi/model.js';
import { fsMemRange } from '../decode/guestmemfs.js';
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
import type { KhoMem } from '../records/kho.js';
import { beforeNul, bytesToText } from '../schema/text.js';
import { BITMAP_SIZE, GUESTMEMFS_BLOCK, MAPPING_PAGE } from '../structures/guestmemfs/memory.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import { noRuns, type Run, type TableTree } from './claim.js';
import { claim, partOwner, tellUntold } from './owners.js';
import type { Place } from './place.js';
import type { ReferenceSink } from './sink.js';
import { addTables } from './tables.js';

/** Tells what the tree of a 2024 handover leads to. */
export function addRfc2024(sink: ReferenceSink, handover: Handover, memory: PhysicalMemory): void {
  const { guestmemfs, domains = [], ftrace } = handover;
  if (guestmemfs !== undefined) addGuestmemfs(sink, guestmemfs);
  for (const { mem, id, cpu } of ftrace?.globalTrace?.cpus ?? []) {
    const place: Place = { part: 'ftrace', ...(id === undefined ? {} : { cpu: id }) };
    const owner = { ...partOwner(place), subject: { cpu: id ?? cpu ?? 0 } };
    claim({ sink, owner }, 'bookkeeping', 'the ring buffer', () => recordRuns(mem));
  }
  for (const domain of domains) addDomain(sink, domain, memory);
}

function addGuestmemfs(sink: ReferenceSink, guestmemfs: Guestmemfs): void {
  const { superblock, mappingsToInode, state, files = [] } = guestmemfs;
  claimFiles(sink, guestmemfs);
  const [sb, inodes, bitmap] = superblock ?? [];
  const region = fsMemRange(guestmemfs);
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
    const length = Math.min(Number(bitmap.len), BITMAP_SIZE);
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
      length: MAPPING_PAGE,
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

function claimFiles(sink: ReferenceSink, guestmemfs: Guestmemfs): void {
  const { superblock = [], mappingsBlocks = [], mappingsToInode, files = [] } = guestmemfs;
  const part = 'guestmemfs';
  const own = { sink, owner: partOwner({ part }) };
  claim(
    own,
    'bookkeeping',
    'the inode table and the mapping pages',
    function* () {
      for (const records of [
        superblock,
        mappingsBlocks,
        mappingsToInode === undefined ? [] : [mappingsToInode],
      ])
        yield* recordRuns(records);
    },
    { lasting: true },
  );
  if (guestmemfs.files === undefined) tellUntold(own, 'others', 'the files of guestmemfs are not known');
  const region = fsMemRange(guestmemfs);
  if (region !== undefined) claim(own, 'region', 'the region', () => [region]);
  for (const { name, blocks, mappingPage } of files) {
    if (blocks === undefined || region === undefined) continue;
    const owner = partOwner({ part, file: beforeNul(name) });
    const what = (i: number): string => `file ${JSON.stringify(bytesToText(name).text)} block ${i}`;
    const entries = { record: mappingBlock, at: mappingPage, unit: Number(GUESTMEMFS_BLOCK), what };
    claim({ sink, owner }, 'contents', 'contents', () => blockRuns(blocks, region), {
      fixed: true,
      ...(entries.at === undefined ? {} : { entries: { ...entries, at: entries.at } }),
    });
  }
}

/** Blocks in the order of the file; those beyond the region are no memory of it. */
function* blockRuns(blocks: BigUint64Array, { start, end }: AddressRange): Generator<Run> {
  const size = Number(GUESTMEMFS_BLOCK);
  for (const [nth, block] of blocks.entries()) {
    const first = start + block * GUESTMEMFS_BLOCK;
    if (first < end) yield { start: first, end: first + GUESTMEMFS_BLOCK, position: nth * size };
  }
}

/** Bit 0 of an address is a flag (KHO_MEM_NOINIT). */
function* recordRuns(records: Iterable<KhoMem> | undefined): Generator<Run> {
  for (const { addr, len } of records ?? []) {
    const start = addr & ~1n;
    yield { start, end: start + len };
  }
}

function addDomain(sink: ReferenceSink, domain: Domain, memory: PhysicalMemory): void {
  const { persistentId, nodeName, pgd, agaw } = domain;
  const place: Place = {
    part: 'domain',
    ...(persistentId === undefined ? { nodeName: nodeName ?? '' } : { domain: persistentId }),
  };
  const owner = `domain ${persistentId ?? '?'}`;
  const format = secondStageFormat();
  const tree: TableTree | undefined =
    pgd === undefined || agaw === undefined
      ? undefined
      : { root: pgd, levels: agaw + 2, format, stage: 'second', owner };
  const placed = tree === undefined ? { place } : { place, tree };
  claim({ sink, owner: partOwner(place) }, 'tables', 'page tables', noRuns, { trees: () => [placed] });
  if (tree !== undefined && physicalAddress(tree.root) !== undefined) addTables({ sink, memory }, tree);
}

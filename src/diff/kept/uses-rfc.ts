/** Memory that the 2024 series keeps, by what for: files, what devices reach, and the tables that lead there. */
import type { Domain, Guestmemfs, GuestmemfsFile, Handover } from '../../abi/model.js';
import type { RecordView } from '../../abi/record-view.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import type { KhoMem } from '../../records/kho.js';
import type { Place } from '../../references/place.js';
import { bytesToHex } from '../../schema/text.js';
import { secondStageFormat } from '../../vtd/second-stage.js';
import { nameOf } from '../outline/names.js';
import { type Use, type UseCollector, useColumns } from './user.js';
import { collectTables } from './uses-tables.js';

/** Collects guestmemfs, trace buffers, and what the tables of domains lead to. */
export function collectRfc({ domains, guestmemfs, ftrace, memory }: Handover, uses: UseCollector): void {
  if (guestmemfs !== undefined) collectGuestmemfs(guestmemfs, uses);
  for (const { mem, id } of ftrace?.globalTrace?.cpus ?? []) {
    const place: Place = { part: 'ftrace', ...(id === undefined ? {} : { cpu: id }) };
    uses.user({
      ...{ place, what: 'the ring buffer', kind: 'metadata', key: `cpu ${id}` },
      runs: () => useColumns(recordRuns(mem)),
    });
  }
  for (const domain of domains ?? []) collectDomain(domain, memory, uses);
}

function collectGuestmemfs(guestmemfs: Guestmemfs, uses: UseCollector): void {
  const { superblock, mappingsBlocks, mappingsToInode, files } = guestmemfs;
  const part = 'guestmemfs';
  const what = 'the inode table and the mapping pages';
  uses.user({
    ...{ place: { part }, what, kind: 'object', key: 'guestmemfs' },
    *runs() {
      for (const records of [
        superblock,
        mappingsBlocks,
        mappingsToInode === undefined ? [] : [mappingsToInode],
      ]) {
        yield* useColumns(recordRuns(records));
      }
    },
  });
  if (files === undefined) uses.untold('guestmemfs ');
  for (const { name, extents } of files ?? []) {
    const file = nameOf(name);
    const key = `guestmemfs ${bytesToHex(file)}`;
    uses.user({
      ...{ place: { part, file }, what: 'contents', kind: 'fixed', key },
      runs: () => useColumns(extentRuns(extents)),
    });
  }
}

function* extentRuns(extents: GuestmemfsFile['extents']): Generator<Use> {
  let position = 0;
  for (const { start, end } of extents) {
    yield { start: Number(start), end: Number(end), position };
    position += Number(end - start);
  }
}

function* recordRuns(records: RecordView<KhoMem> | readonly KhoMem[] | undefined): Generator<Use> {
  for (const { addr, len } of records ?? []) {
    const start = addr & ~1n;
    yield { start: Number(start), end: Number(start + len) };
  }
}

/** The tables of a domain, and what its devices reach. */
function collectDomain(domain: Domain, memory: PhysicalMemory | undefined, uses: UseCollector): void {
  const { persistentId, nodeName, pgd, agaw } = domain;
  const place: Place = {
    part: 'domain',
    ...(persistentId === undefined ? { nodeName: nodeName ?? '' } : { domain: persistentId }),
  };
  const key = `domain ${persistentId ?? `node ${nodeName}`}`;
  if (memory === undefined || pgd === undefined || agaw === undefined) {
    uses.untold(key);
    uses.untold(`tables of ${key}`);
    return;
  }
  const format = secondStageFormat();
  collectTables({ root: pgd, levels: agaw + 2, format }, place, key, memory, uses);
}

/** The typed model of a dump of the 2024 series, from what has been laid out. */
import type { Handover } from '../abi/model.js';
import { packRecords, type RecordView, recordView } from '../abi/record-view.js';
import { traceEventId } from '../records/ftrace.js';
import { KHO_MEM_SIZE, type KhoMem, khoMem, writeKhoMem } from '../records/kho.js';
import type { LaidDomain, LaidIommufd } from './rfc-domains.js';
import { mappingPage, type RfcFiles } from './rfc-files.js';
import type { RfcLayout } from './rfc-layout.js';
import type { RfcPlan } from './rfc-plan.js';

const PAGE = 4096;
/** Bytes of a ring page descriptor (struct buffer_page). */
const DESCRIPTOR = 64;
const RING_PAGES = 3;

/** What the blob is made of. */
export type RfcModel = Pick<Handover, 'domains' | 'iommufds' | 'guestmemfs' | 'ftrace'>;

/** What has been laid out before the blob. */
export interface RfcLaid {
  readonly layout: RfcLayout;
  readonly files: RfcFiles;
  readonly iommufds: readonly LaidIommufd[];
  readonly domains: readonly LaidDomain[];
  /** Bytes of the guestmemfs region. */
  readonly regionSize: number;
}

/** All `mem` records of a model. */
export function* memRecords({ ftrace, domains, guestmemfs }: RfcModel): Generator<KhoMem> {
  for (const { mem } of ftrace?.globalTrace?.cpus ?? []) yield* mem ?? [];
  for (const { mem } of domains ?? []) yield* mem ?? [];
  const { fsMem, superblock, mappingsBlocks, mappingsToInode } = guestmemfs ?? {};
  if (fsMem !== undefined) yield fsMem;
  yield* superblock ?? [];
  yield* mappingsBlocks ?? [];
  if (mappingsToInode !== undefined) yield mappingsToInode;
}

export function rfcModel(plan: RfcPlan, { layout, files, iommufds, domains, regionSize }: RfcLaid): RfcModel {
  return {
    ...(plan.ftraceCpus === 0 ? {} : { ftrace: ftraceOf(plan.ftraceCpus, layout) }),
    domains: domains.map((domain) => ({
      persistentId: BigInt(domain.persistentId),
      pgd: BigInt(domain.address(0)),
      agaw: domain.tables.levels - 2,
      mem: memOf(domain),
      devices: domain.devices.map(({ bus, devfn }, index) => ({ index, bus, devfn })),
    })),
    guestmemfs: {
      fsMem: { addr: BigInt(layout.region) | 1n, len: BigInt(regionSize) },
      superblock: packRecords(khoMem, [
        record(layout.superblock, 40),
        record(layout.inodes, 0x200000),
        record(layout.bitmap, 0x100000),
      ]),
      mappingsBlocks: packRecords(
        khoMem,
        files.list.map((_, i) => record(mappingPage(layout, i), PAGE)),
      ),
      mappingsToInode: record(layout.index, PAGE),
      numInodes: BigInt(files.list.length),
    },
    iommufds: iommufds.map(({ persistentId, ioases }) => ({
      persistentId: BigInt(persistentId),
      ioases: ioases.map(({ id, file, areas }) => ({
        id,
        ...(plan.handles ? { pinnedFileHandle: BigInt(file?.ino ?? 0) } : {}),
        areas: areas.map(({ iova, pages, prot }, index) => ({
          index,
          iovaStart: BigInt(iova) * BigInt(PAGE),
          iovaLen: BigInt(pages) * BigInt(PAGE),
          iommuProt: prot,
        })),
      })),
    })),
  };
}

/** Every table page of a domain, in order of their numbers. */
function memOf({ tables, address }: LaidDomain): RecordView<KhoMem> {
  const bytes = new Uint8Array(tables.pages * KHO_MEM_SIZE);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < tables.pages; i++) writeKhoMem(view, i * KHO_MEM_SIZE, record(address(i), PAGE));
  return recordView(khoMem, bytes);
}

function ftraceOf(cpus: number, layout: RfcLayout): NonNullable<Handover['ftrace']> {
  return {
    events: packRecords(traceEventId, [
      { fingerprint: 1, type: 1 },
      { fingerprint: 0xdeadbeef, type: 300 },
    ]),
    globalTrace: {
      traceFlags: 0x1001,
      cpus: Array.from({ length: cpus }, (_, cpu) => ({
        id: cpu,
        cpu,
        mem: packRecords(
          khoMem,
          Array.from({ length: RING_PAGES }, (_, i) => cpu * RING_PAGES + i).flatMap((page) => [
            record(layout.descriptors + page * DESCRIPTOR, DESCRIPTOR),
            record(layout.ring + page * PAGE, PAGE),
          ]),
        ),
      })),
    },
  };
}

function record(address: number, length: number): KhoMem {
  return { addr: BigInt(address), len: BigInt(length) };
}

/** One fault each in the tables of a handed-over IOMMU state, or in what its records say of them. */

import {
  type Capture,
  domainOf,
  entryOf,
  firstEntry,
  tablesOf,
} from '../../../test/validate/iommu-tables/base.js';
import {
  file,
  forget,
  memfd,
  type Patches,
  patch,
  sure,
  u32,
  u64,
} from '../../../test/validate/upstream-patches.js';
import type { Handover } from '../../abi/model.js';
import { handedIommu } from '../../decode/iommu/domains.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import type { Severity } from '../../validate/rule.js';
import type { ValidateOptions } from '../../validate/run.js';
import { elementField } from '../../validate/structures/place.js';
import { formById } from '../index.js';

export interface TableCase {
  readonly rule: string;
  readonly base: Capture;
  readonly severity: Severity;
  readonly what: string;
  readonly patches: (handover: Handover, memory: PhysicalMemory) => Patches;
  readonly options?: ValidateOptions;
}

type Make = (
  rule: string,
  what: string,
  patches: TableCase['patches'],
  options?: ValidateOptions,
) => TableCase;

function on(base: Capture, severity: Severity): Make {
  return (rule, what, patches, options) => ({
    rule,
    base,
    severity,
    what,
    patches,
    ...(options === undefined ? {} : { options }),
  });
}

const legacy = on('linux-7.3-iommu-legacy', 'error');
const legacyW = on('linux-7.3-iommu-legacy', 'warning');
const first = on('linux-7.3-iommu-first-stage', 'error');
const firstW = on('linux-7.3-iommu-first-stage', 'warning');
const second = on('synthesised second stage', 'error');
const secondW = on('synthesised second stage', 'warning');

/** Address of a field of the domain at a position among those in use. */
function ofDomain(handover: Handover, id: string, index = 0): bigint {
  return fieldOf(handover, 'domains', domainOf(handover, index).domain, id);
}

/** Address of a field of the first device of a domain. */
function ofDevice(handover: Handover, id: string): bigint {
  return fieldOf(handover, 'devices', sure(domainOf(handover).attachments[0], 'device').device, id);
}

/** Address of a field of the first unit in use. */
function ofUnit(handover: Handover, id: string): bigint {
  return fieldOf(handover, 'units', sure(handedIommu(handover)?.units[0], 'unit').unit, `intel.${id}`);
}

function fieldOf(
  { iommu }: Handover,
  list: 'units' | 'domains' | 'devices',
  element: { readonly address: bigint },
  id: string,
): bigint {
  const form = sure(formById(sure(iommu, 'state').form), 'form');
  const { field, address } = elementField(form, list, element, id);
  // Without the field in this form the place is that of the record.
  if (field === undefined || !field.includes('.')) throw new Error(`no ${id}`);
  return sure(address, id);
}

function word(memory: PhysicalMemory, address: number): bigint {
  const bytes = new Uint8Array(8);
  memory.read(address, 8, bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

/** The first leaf of a domain: its entry. */
function leaf(handover: Handover, index = 0): { readonly address: number; readonly value: bigint } {
  const table = sure(
    tablesOf(handover, index).find(({ level }) => level === 1),
    'page table',
  );
  return firstEntry(handover, table.address);
}

/** A leaf that leads elsewhere. */
function retarget(handover: Handover, to: bigint, index = 0): Patches {
  const { address, value } = leaf(handover, index);
  return u64(address, (value & 0xfffn) | to);
}

/** A preserved page that no file has: a folio of the in-kernel test. */
function folio({ khoTest }: Handover): bigint {
  for (const { address } of khoTest?.folios ?? []) return address;
  throw new Error('no folio');
}

/** The first folio of a memfd of another session. */
function foreign(handover: Handover): bigint {
  let found: number | undefined;
  memfd(handover, 0, 1).folios.each((pfn) => {
    found ??= pfn;
  });
  return BigInt(sure(found, 'folio')) * 4096n;
}

const gone =
  (address: (handover: Handover) => number): TableCase['patches'] =>
  (handover, memory) =>
    forget(handover, memory, address(handover));

const page = (address: number): number => address - (address % 4096);
const topOf = (handover: Handover): number => sure(tablesOf(handover)[0], 'top').address;
const tableOf = (level: number) => (handover: Handover) =>
  sure(
    tablesOf(handover).find((table) => table.level === level),
    `table of level ${level}`,
  ).address;
const incoming: ValidateOptions = { direction: 'incoming' };

export const TABLE_CASES: readonly TableCase[] = [
  legacy('IOMMU-050', 'a context entry is cleared', (handover) =>
    patch(entryOf(handover, 'context-entry'), new Uint8Array(16)),
  ),
  legacy('IOMMU-050', 'root_table leads to another page of zeros', (handover, memory) => {
    const empty = sure(emptyPage(handover, memory), 'empty context table');
    return u64(ofUnit(handover, 'rootTable'), empty);
  }),
  first('IOMMU-050', 'a PASID entry is cleared', (handover) =>
    patch(entryOf(handover, 'pasid-entry'), new Uint8Array(64)),
  ),
  first('IOMMU-050', 'a PASID directory entry is cleared', (handover) =>
    patch(entryOf(handover, 'pasid-directory-entry'), new Uint8Array(8)),
  ),
  legacy('IOMMU-051', 'attachment_id is another', (handover) =>
    u32(ofDevice(handover, 'attachmentId'), 0x16),
  ),
  first('IOMMU-051', 'the domain id of a PASID entry is another', (handover, memory) => {
    const at = entryOf(handover, 'pasid-entry') + 8;
    return u64(at, word(memory, at) ^ 0x40n);
  }),
  legacy('IOMMU-052', 'top_table is another page', (handover) =>
    u64(ofDomain(handover, 'topTable'), BigInt(tableOf(3)(handover))),
  ),
  legacy('IOMMU-029', 'top_table leads to nothing', (handover) =>
    u64(ofDomain(handover, 'topTable'), 0x7777_7000),
  ),
  legacy('IOMMU-052', 'a context entry leads to nothing', (handover, memory) => {
    const at = entryOf(handover, 'context-entry');
    return u64(at, (word(memory, at) & 0xfffn) | 0x7777_7000n);
  }),
  legacy('IOMMU-052', 'a device is attached to another domain', (handover) =>
    u64(ofDevice(handover, 'domain'), domainOf(handover, 1).domain.address),
  ),
  first('IOMMU-052', 'a PASID entry leads to another table', (handover, memory) => {
    const at = entryOf(handover, 'pasid-entry') + 16;
    return u64(at, (word(memory, at) & 0xfffn) | BigInt(tableOf(3)(handover)));
  }),
  legacy('IOMMU-053', 'top_level is one less', (handover) => u64(ofDomain(handover, 'topLevel'), 2)),
  legacy('IOMMU-053', 'top_level is one more', (handover) => u64(ofDomain(handover, 'topLevel'), 4)),
  first('IOMMU-053', 'top_level is one more', (handover) => u64(ofDomain(handover, 'topLevel'), 4)),
  legacy('IOMMU-054', 'a context table that is not there', (handover) =>
    u64(ofUnit(handover, 'contextTables'), 0x1555),
  ),
  legacy('IOMMU-022', 'without the context table of a device', (handover) =>
    u64(ofUnit(handover, 'contextTables'), 0x554),
  ),
  legacyW('IOMMU-054', 'without a context table of no device', (handover) =>
    u64(ofUnit(handover, 'contextTables'), 0x551),
  ),
  first('IOMMU-054', 'an upper half that is not there', (handover) =>
    u64(ofUnit(handover, 'contextTables'), 0x55f),
  ),
  firstW('IOMMU-054', 'without an upper half', (handover) => u64(ofUnit(handover, 'contextTables'), 0x555)),
  legacy('IOMMU-027', 'pasid_table in legacy mode', (handover) =>
    u64(ofDevice(handover, 'intel.pasidTable'), 0x681000),
  ),
  legacy('IOMMU-027', 'max_pasid in legacy mode', (handover) =>
    u64(ofDevice(handover, 'intel.maxPasid'), 0x8000),
  ),
  first('IOMMU-055', 'another PASID directory', (handover) =>
    u64(ofDevice(handover, 'intel.pasidTable'), BigInt(page(entryOf(handover, 'pasid-entry')))),
  ),
  first('IOMMU-027', 'no PASID directory', (handover) => u64(ofDevice(handover, 'intel.pasidTable'), 0)),
  first('IOMMU-027', 'half as many PASIDs', (handover) => u64(ofDevice(handover, 'intel.maxPasid'), 0x4000)),
  first('IOMMU-027', 'a number of PASIDs that none has', (handover) =>
    u64(ofDevice(handover, 'intel.maxPasid'), 0x8001),
  ),
  legacy('IOMMU-056', 'a leaf onto a page of no file', (handover) => retarget(handover, folio(handover))),
  legacy('IOMMU-056', 'a leaf into a file of another session', (handover) =>
    retarget(handover, foreign(handover)),
  ),
  first('IOMMU-056', 'a leaf into a file of another session', (handover) =>
    retarget(handover, foreign(handover)),
  ),
  legacy('IOMMU-057', 'a file that may grow', (handover) => u32(memfd(handover).address + 16n, 0x3)),
  first('IOMMU-057', 'a file without seals', (handover) => u32(memfd(handover).address + 16n, 0)),
  legacy('IOMMU-058', 'a width of 35 bits', (handover) => u32(ofDomain(handover, 'vasz'), 35)),
  first('IOMMU-058', 'a width of 32 bits', (handover) => u32(ofDomain(handover, 'vasz'), 32)),
  first('IOMMU-060', 'sign_extend 0 of a first stage', (handover) =>
    patch(ofDomain(handover, 'signExtend'), [0]),
  ),
  second('IOMMU-060', 'sign_extend 1 of a second stage', (handover) =>
    patch(ofDomain(handover, 'signExtend'), [1]),
  ),
  second('IOMMU-060', 'a PASID entry of the other stage', (handover, memory) => {
    const at = entryOf(handover, 'pasid-entry');
    const first = word(memory, at);
    // PGTT 1, and the table where the first stage has it.
    return [...u64(at, (first & 0x1fn) | 0x40n | 1n), ...u64(at + 16, first & ~0xfffn)];
  }),
  legacyW('IOMMU-061', 'the iommufd before the memfds that it maps', (handover, memory) =>
    swapped(handover, memory, 0, 2),
  ),
  firstW('IOMMU-061', 'one of two memfds after the iommufd', (handover, memory) =>
    swapped(handover, memory, 1, 2),
  ),
  secondW('IOMMU-061', 'the iommufd first', (handover, memory) => {
    const files = sure(handover.luo?.sessions?.[0]?.files, 'files');
    return swapped(
      handover,
      memory,
      0,
      files.findIndex(({ iommufd }) => iommufd !== undefined),
    );
  }),
  legacy('IOMMU-059', 'top_level 9', (handover) => u64(ofDomain(handover, 'topLevel'), 9)),
  legacy('IOMMU-059', 'top_level 1', (handover) => u64(ofDomain(handover, 'topLevel'), 1)),
  first('IOMMU-059', 'a first stage of 3 levels', (handover) => u64(ofDomain(handover, 'topLevel'), 2)),
  legacy('IOMMU-059', 'top_table 0', (handover) => u64(ofDomain(handover, 'topTable'), 0)),
  legacy('IOMMU-059', 'root_table within a page', (handover) =>
    u64(ofUnit(handover, 'rootTable'), BigInt(page(entryOf(handover, 'root-entry'))) + 8n),
  ),
  legacy('IOMMU-059', 'root_table 0', (handover) => u64(ofUnit(handover, 'rootTable'), 0)),
  legacy('VTD-136', 'a top table is not preserved', gone(topOf)),
  legacy('VTD-136', 'a page table is not preserved', gone(tableOf(1))),
  legacy(
    'VTD-136',
    'the root table is not preserved',
    gone((handover) => page(entryOf(handover, 'root-entry'))),
  ),
  legacy(
    'VTD-136',
    'a context table is not preserved',
    gone((handover) => page(entryOf(handover, 'context-entry'))),
  ),
  first(
    'VTD-136',
    'a PASID table is not preserved',
    gone((handover) => page(entryOf(handover, 'pasid-entry'))),
  ),
  first(
    'VTD-136',
    'a PASID directory is not preserved',
    gone((handover) => page(entryOf(handover, 'pasid-directory-entry'))),
  ),
  first('VTD-136', 'an entry leads to a table that is not there', (handover) => {
    const { entryAddress } = sure(
      tablesOf(handover).find(({ level }) => level === 1),
      'page table',
    );
    return u64(entryAddress, 0x1777_7027);
  }),
  legacy('VTD-138', 'a leaf onto memory that is not preserved', (handover) =>
    retarget(handover, 0x1999_9000n),
  ),
  first('VTD-138', 'a leaf onto memory that is not preserved', (handover) =>
    retarget(handover, 0x1999_9000n),
  ),
  legacy(
    'VTD-138',
    'the same, of the tree that was handed to the kernel',
    (handover) => retarget(handover, 0x1999_9000n),
    incoming,
  ),
];

/** Two files of the first session, each in the other's place. */
function swapped(handover: Handover, memory: PhysicalMemory, a: number, b: number): Patches {
  const places = [a, b].map((index) => file(handover, index).address);
  const bytes = places.map((address) => {
    const entry = new Uint8Array(64);
    memory.read(Number(address), entry.length, entry);
    return entry;
  });
  return places.flatMap((address, i) => patch(address, sure(bytes[1 - i], 'entry')));
}

/** A context table of no device: a page of zeros that is preserved. */
function emptyPage(handover: Handover, memory: PhysicalMemory): bigint | undefined {
  const root = page(entryOf(handover, 'root-entry'));
  for (let bus = 0; bus < 256; bus++) {
    const entry = word(memory, root + bus * 16);
    if ((entry & 1n) === 0n) continue;
    const bytes = new Uint8Array(4096);
    memory.read(Number(entry & ~0xfffn), 4096, bytes);
    if (bytes.every((byte) => byte === 0)) return entry & ~0xfffn;
  }
  return undefined;
}

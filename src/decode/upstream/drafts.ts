/**
 * ABIs that no release has (upstream 4), shown as far as their latest known form goes and marked as drafts.
 * A form that is not known is left as it is: an opaque value.
 */
import type { DraftRecord } from '../../abi/upstream/model.js';
import { readBytes } from '../../memory/read.js';
import {
  iommuArrayHdrSer,
  iommuDeviceSer,
  iommuDomainSer,
  iommuFlbSer,
  iommufdHwptSer,
  iommufdSer,
  iommuHwSer,
} from '../../records/draft_iommu.js';
import { hugeMemfdSer, hugetlbSer, pstoreKhoSer } from '../../records/draft_memory.js';
import { pciDevSer, pciSer, vfioPciV1, vfioPciV1Early, vfioPciV2 } from '../../records/draft_pci.js';
import type { RecordType } from '../../schema/record.js';
import { dataView } from '../bytes.js';
import { readBlocks, readRecords } from './blocks.js';
import { type Context, claim } from './context.js';

type Value = { readonly [key: string]: unknown };

/** Fields that hold nothing. */
const EMPTY = new Set(['pad', 'restored']);

/** What a file's handler makes of `data`; undefined when the handler is not known. */
export function draftFile(
  context: Context,
  handler: string,
  data: bigint,
  owner: string,
): DraftRecord | undefined {
  switch (handler) {
    case 'vfio-pci-v2':
      return record(context, 'vfio-pci-v2', vfioPciV2, data, owner);
    case 'vfio-pci-v1': {
      // Two forms share the string; nothing in the bytes tells them apart.
      const early = read(context, vfioPciV1Early, data);
      const later = read(context, vfioPciV1, data);
      if (early === undefined && later === undefined) return absent(context, handler, owner, data);
      return { draft: 'vfio-pci-v1, in both of its forms', value: { early, later } };
    }
    case 'iommufd-v1':
      return iommufd(context, data, owner);
    case 'huge-memfd-v1':
      return record(context, 'huge-memfd-v1', hugeMemfdSer, data, owner);
    default:
      return undefined;
  }
}

/** What an FLB's owner makes of `data`; undefined when the owner is not known. */
export function draftFlb(context: Context, name: string, data: bigint): DraftRecord | undefined {
  switch (name) {
    case 'pci':
      return pci(context, data);
    case 'iommu-liveupdate':
      return iommu(context, data);
    case 'hugetlb-v1':
      return record(context, 'hugetlb-v1', hugetlbSer, data, 'the FLB hugetlb-v1');
    default:
      return undefined;
  }
}

/** What is known of the blob of a child of the root. */
export function draftBlob(name: string, blob: Uint8Array): DraftRecord | undefined {
  const { size, read: reader } = pstoreKhoSer;
  if (name !== 'pstore-kho' || size === undefined || reader === undefined || blob.length < size)
    return undefined;
  const value = reader(dataView(blob), 0);
  return value.version === 1 ? { draft: 'pstore-kho version 1', value: shown(value) } : undefined;
}

function pci(context: Context, data: bigint): DraftRecord | undefined {
  const head = readExact(context, pciSer, data);
  if (head === undefined) return absent(context, 'pci', 'the FLB pci', data);
  // The same bytes in both: in version 2 bridges are listed too, and refcount counts the devices at or below.
  if (head.version !== 1 && head.version !== 2)
    return { draft: `pci version ${head.version}, not decoded`, value: { version: head.version } };
  const { records } = readBlocks(context, head.devices, pciDevSer, 'PCI devices');
  return {
    draft: `pci version ${head.version}`,
    value: { ...shown(head), list: records.map(({ value }) => value) },
  };
}

function iommu(context: Context, data: bigint): DraftRecord | undefined {
  const head = readExact(context, iommuFlbSer, data);
  if (head === undefined) return absent(context, 'iommu-liveupdate', 'the FLB iommu-liveupdate', data);
  if (head.version !== 1n) {
    return {
      draft: `iommu-liveupdate version ${head.version}, not decoded`,
      value: { version: head.version },
    };
  }
  return {
    draft: 'iommu-liveupdate version 1',
    value: {
      ...shown(head),
      iommuList: objects(context, head.iommus, iommuHwSer, 'IOMMU units'),
      domainList: objects(context, head.domains, iommuDomainSer, 'IOMMU domains'),
      deviceList: objects(context, head.devices, iommuDeviceSer, 'IOMMU devices'),
    },
  };
}

/** A chain of pages of objects; each page once. */
function objects<T extends object>(
  context: Context,
  head: bigint,
  type: RecordType<T>,
  what: string,
): Value[] {
  const list: Value[] = [];
  const headSize = iommuArrayHdrSer.size ?? 0;
  const capacity = Math.floor((context.pageSize - headSize) / (type.size ?? context.pageSize));
  for (let address = head; address !== 0n; ) {
    if (address >= 1n << 52n || !claim(context, Number(address))) {
      context.reporter.add(
        'draft-chain',
        `pages of ${what}: the chain is damaged at 0x${address.toString(16)}`,
        { address },
      );
      break;
    }
    const page = readExact(context, iommuArrayHdrSer, address);
    if (page === undefined) {
      context.reporter.absent(`page of ${what}`, address);
      break;
    }
    const { records } = readRecords(context, address + BigInt(headSize), page.count, capacity, type, what);
    for (const { value } of records) list.push(shown(value));
    address = page.next;
  }
  return list;
}

function iommufd(context: Context, data: bigint, owner: string): DraftRecord | undefined {
  const head = readExact(context, iommufdSer, data);
  const size = iommufdSer.size ?? 0;
  if (head === undefined) return absent(context, 'iommufd-v1', owner, data);
  const capacity = Math.floor((context.pageSize - size) / (iommufdHwptSer.size ?? context.pageSize));
  const { records } = readRecords(
    context,
    data + BigInt(size),
    head.count,
    capacity,
    iommufdHwptSer,
    `page tables of ${owner}`,
  );
  const value = { count: head.count, list: records.map((each) => shown(each.value)) };
  return { draft: 'iommufd-v1, later form', value };
}

function record<T extends object>(
  context: Context,
  draft: string,
  type: RecordType<T>,
  address: bigint,
  owner: string,
): DraftRecord | undefined {
  const value = read(context, type, address);
  return value === undefined ? absent(context, draft, owner, address) : { draft, value };
}

/** A record that the dump does not hold is of the draft nevertheless: its name says so. */
function absent({ reporter }: Context, draft: string, owner: string, address: bigint): DraftRecord {
  reporter.absent(`record of ${owner}`, address);
  return { draft: `${draft}, its record not in the dump`, value: {}, absent: true };
}

function read<T extends object>(context: Context, type: RecordType<T>, address: bigint): Value | undefined {
  const value = readExact(context, type, address);
  return value === undefined ? undefined : shown(value);
}

function readExact<T>({ memory }: Context, type: RecordType<T>, address: bigint): T | undefined {
  const { size, read: reader } = type;
  if (size === undefined || reader === undefined) throw new TypeError(`${type.name} has no fixed size`);
  const bytes = readBytes(memory, address, size);
  return bytes === undefined ? undefined : reader(dataView(bytes), 0);
}

/** A record as JSON shows it. */
function shown(value: object): Value {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !EMPTY.has(key)));
}

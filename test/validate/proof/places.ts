/** A finding that names a field is where that field is: what is shown of it are the bytes there. */
import type { Handover } from '../../../src/abi/model.js';
import { areaAddress } from '../../../src/decode/upstream/vmalloc.js';
import { recordTypes } from '../../../src/records/index.js';
import { addReferences } from '../../../src/references/references.js';
import { SILENT } from '../../../src/references/sink.js';
import type { FieldInfo, RecordType } from '../../../src/schema/record.js';
import type { Finding } from '../../../src/validate/rule.js';
import type { Proof } from './fault.js';

/** Rules on records that no reference leads to, or that are parts of others: where those are is told by their tests. */
const UNTOLD = new Set([
  ...['KHO-101', 'KHO-102', 'KHO-103', 'KHO-017', 'KHO-120', 'KHO-170', 'KMETA-001', 'LUO-002', 'PSTORE-001'],
  // Not decoded, as their version is unknown.
  ...['IOMMU-001', 'PCI-001'],
  // Parts of a session, a file, a node of the map.
  ...['BLOCK-004', 'BLOCK-007', 'LUO-009', 'LUO-011', 'LUO-019', 'KHO-141', 'KHO-142', 'KHO-144'],
  ...['VMALLOC-001', 'VMALLOC-002', 'VMALLOC-003', 'VMALLOC-008', 'VMALLOC-009', 'VMALLOC-010'],
  // After the last one, or free; an entry of a cache that has half of one more.
  ...['KHO-009', 'LUO-020', 'FLB-007', 'GMFS-012', 'GMFS-021'],
]);

/** What a finding says of a place that the field it names does not have. */
export function misplaced({ rule, location }: Finding, handover: Handover): string | undefined {
  const { field, address, bits, property } = location;
  // With bits the address is that of the entry; a property's record is found by its address.
  if (field === undefined || address === undefined || bits !== undefined || property !== undefined)
    return undefined;
  const fields = fieldsNamed(field);
  if (fields.length === 0 || UNTOLD.has(rule)) return undefined;
  const types = new Set(fields.map(([record]) => record));
  const starts = startsOf(handover, types);
  return fields.some(([, { bitOffset = 0 }]) => starts.has(address - BigInt(bitOffset >> 3)))
    ? undefined
    : `${rule}: ${field} is not at 0x${address.toString(16)}`;
}

/** Rules in the list above whose findings need not be. */
export function toldPlaces(proofs: Iterable<[string, Proof]>): string[] {
  const shown = new Map(proofs);
  return [...UNTOLD].filter((rule) => shown.get(rule)?.finding.location.field === undefined);
}

function fieldsNamed(name: string): [RecordType<unknown>, FieldInfo][] {
  const [owner = '', ...rest] = name.split('.');
  return recordTypes
    .filter((record) => record.name === owner || record.kernelName === `struct ${owner}`)
    .flatMap((record) =>
      record.fields
        .filter(({ kernelName }) => kernelName === rest.join('.'))
        .map((field): [RecordType<unknown>, FieldInfo] => [record, field]),
    );
}

/** Where the records of some types are. */
function startsOf(handover: Handover, types: ReadonlySet<RecordType<unknown>>): Set<bigint> {
  const { fdtAddress, tree, memory } = handover;
  const starts = new Set<bigint>();
  const root =
    tree === undefined || fdtAddress === undefined
      ? undefined
      : { address: Number(fdtAddress), bytes: tree.bytes };
  addReferences(
    {
      ...SILENT,
      untranslated: true,
      record(record, address) {
        if (types.has(record)) starts.add(BigInt(address));
      },
      array({ record, at, count }) {
        if (!types.has(record)) return;
        const { size = 0 } = record;
        for (let i = 0; i < count; i++)
          starts.add(typeof at === 'object' ? areaAddress(at, i * size) : BigInt(at) + BigInt(i * size));
      },
    },
    handover,
    root,
    memory,
  );
  return starts;
}

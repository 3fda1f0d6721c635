/** Rules on single kho_mem records (rfc-2024 K3 to K8, K10). */
import { MEM_EMPTY, MEM_HUGE, MEM_NOINIT, MEM_STRAY, memColumns } from '../../decode/mem-columns.js';
import { KHO_MEM_NOINIT, type MemProperty, MOST_MEM_PROPERTIES } from '../../decode/mem-properties.js';
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import { KHO_MEM_SIZE } from '../../records/kho.js';
import type { PlacedRecord } from '../../validate/facts.js';
import { RFC_2024, type RuleContext } from '../../validate/rule.js';
import { type Elements, eachRule } from '../../validate/shapes.js';
import { hex, range, recordName, recordPlace } from '../../validate/text.js';

const shared = { generations: RFC_2024 };
const PROPERTIES: Elements<MemProperty> = {
  shared,
  each({ facts }, report) {
    const properties = facts.memProperties();
    if (properties.length === MOST_MEM_PROPERTIES)
      report.skip(`mem properties after the first ${MOST_MEM_PROPERTIES} are not looked at`, 'unanswered');
    return properties;
  },
  place: ({ path }) => ({ fdtPath: path, property: 'mem' }),
};

/** Records that a rule has to look at. */
function records(each: (context: RuleContext) => Iterable<PlacedRecord>): Elements<PlacedRecord> {
  return { shared, each, place: recordPlace };
}

const PAGE = 4096n;
/** The only node whose record carries the flag in the series (fs/guestmemfs/serialise.c). */
const FS_MEM = '/guestmemfs/fs_mem';

export const wholeRecords = eachRule(PROPERTIES, {
  id: 'KHO-003',
  title: 'every mem property is an array of whole 16-byte records',
  source: 'rfc-2024 K3',
  evidence: 'kernel/kexec_kho_out.c kho_alloc_mem_cache, kernel/kexec_kho_in.c kho_populate_refcount',
  consequence:
    'the core skips the property silently, so its memory is reused, while its own reader runs past the end',
  faults: ({ path, records: { bytes }, whole }) =>
    whole
      ? undefined
      : {
          message: `${path}/mem has ${bytes.length} bytes, not a multiple of ${KHO_MEM_SIZE}`,
          found: `${bytes.length} bytes`,
          expected: `a multiple of ${KHO_MEM_SIZE}`,
        },
});

export const soundRecords = eachRule(PROPERTIES, {
  id: 'KHO-004',
  title: 'a record is not empty, does not wrap, and ends below the physical limit',
  source: 'rfc-2024 K4',
  evidence: 'kernel/kexec_kho_out.c kho_mem_cache_add',
  consequence: 'an empty record preserves nothing; one that wraps corrupts the mem cache',
  *faults({ path, records, whole }) {
    if (!whole) return;
    const { flags, anyFlag } = memColumns(records);
    if ((anyFlag & (MEM_EMPTY | MEM_HUGE)) === 0) return;
    for (let index = 0; index < records.length; index++) {
      if (((flags[index] as number) & (MEM_EMPTY | MEM_HUGE)) === 0) continue;
      const { addr, len } = records.at(index);
      const end = (addr & ~KHO_MEM_NOINIT) + len;
      if (len !== 0n && end <= BigInt(PHYSICAL_LIMIT)) continue;
      const wrong = len === 0n ? 'is empty' : `ends at ${hex(end)}, beyond 2^52`;
      yield {
        message: `record ${index} of ${path}/mem ${wrong}: addr ${hex(addr)}, len ${hex(len)}`,
        location: { field: 'kho_mem.len', address: addr },
        found: hex(len),
      };
    }
  },
});

const odd = (_start: number, _end: number, flags: number) => (flags & (MEM_STRAY | MEM_NOINIT)) !== 0;

export const recordFlags = eachRule(
  records(({ facts }) => facts.records(odd)),
  {
    id: 'KHO-005',
    title: 'addr has no low bit set other than the flag NOINIT, and a flagged record covers whole pages',
    source: 'rfc-2024 K5',
    evidence: 'include/uapi/linux/kexec.h KHO_MEM_NOINIT',
    consequence: 'other low bits are taken as part of the address',
    faults(record) {
      const { start, end, noinit } = record;
      // Heap objects are aligned to 8 bytes at least, so bits 1 and 2 are never part of an address.
      const ragged = noinit && (start % PAGE !== 0n || end % PAGE !== 0n);
      if ((start & 6n) === 0n && !ragged) return undefined;
      return {
        message: ragged
          ? `${recordName(record)} is flagged NOINIT but does not cover whole pages: ${range(start, end)}`
          : `${recordName(record)} has bits set below bit 3 that are not flags: ${hex(start)}`,
        location: { bits: '2:0' },
        found: hex(start),
      };
    },
  },
);

export const outsideScratch = eachRule(
  records(({ facts }) => {
    const scratch = facts.scratch();
    if (scratch === undefined) return [];
    const [from, to] = [Number(scratch.start), Number(scratch.end)];
    return facts.records((start, end) => start <= to && end >= from);
  }),
  {
    id: 'KHO-006',
    title: 'no record intersects scratch',
    source: 'rfc-2024 K6',
    evidence: 'kernel/kexec_kho_out.c kho_mem_cache_add',
    consequence:
      'loading the kexec image fails with -EINVAL; if it were loaded, the next kernel would overwrite the memory at boot',
    needs: ['setup_data'],
    faults(record, { facts }) {
      const { start, end } = record;
      const scratch = facts.scratch();
      if (scratch === undefined || start >= scratch.end || end <= scratch.start) return undefined;
      return {
        message: `${recordName(record)}, ${range(start, end)}, intersects scratch ${range(scratch.start, scratch.end)}`,
      };
    },
  },
);

export const unflaggedClaims = eachRule(
  records(({ facts }) => facts.noinitRecords()),
  {
    id: 'KHO-010',
    title: 'records that drivers claim carry no flag',
    source: 'rfc-2024 K10',
    evidence: 'kernel/kexec_kho_in.c kho_claim_mem',
    consequence: 'the claim returns a pointer that is off by one byte',
    faults(record) {
      const { property, start, end } = record;
      if (property.path === FS_MEM) return undefined;
      return {
        message: `${recordName(record)} is flagged NOINIT: ${range(start, end)}`,
        location: { bits: '0' },
        found: hex(start | KHO_MEM_NOINIT),
        expected: hex(start),
      };
    },
  },
);

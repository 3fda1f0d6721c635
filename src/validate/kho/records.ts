/** Rules on single kho_mem records (rfc-2024 K3 to K8, K10). */
import { MEM_EMPTY, MEM_HUGE, MEM_NOINIT, MEM_STRAY, memColumns } from '../../decode/mem-columns.js';
import { KHO_MEM_NOINIT } from '../../decode/mem-properties.js';
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import { KHO_MEM_SIZE } from '../../records/kho.js';
import { RFC_2024 } from '../rule.js';
import { rulesOf } from '../shapes.js';
import { hex, range, recordName, recordPlace } from '../text.js';

const rule = rulesOf({ generations: RFC_2024 });

const PAGE = 4096n;
/** The only node whose record carries the flag in the series (fs/guestmemfs/serialise.c). */
const FS_MEM = '/guestmemfs/fs_mem';

export const wholeRecords = rule({
  id: 'KHO-003',
  title: 'every mem property is an array of whole 16-byte records',
  source: 'rfc-2024 K3',
  evidence: 'kernel/kexec_kho_out.c kho_alloc_mem_cache, kernel/kexec_kho_in.c kho_populate_refcount',
  consequence:
    'the core skips the property silently, so its memory is reused, while its own reader runs past the end',
  check({ facts }, report) {
    for (const { path, records, whole } of facts.memProperties()) {
      if (whole) continue;
      report.finding({
        message: `${path}/mem has ${records.bytes.length} bytes, not a multiple of ${KHO_MEM_SIZE}`,
        location: { fdtPath: path, property: 'mem' },
        found: `${records.bytes.length} bytes`,
        expected: `a multiple of ${KHO_MEM_SIZE}`,
      });
    }
  },
});

export const soundRecords = rule({
  id: 'KHO-004',
  title: 'a record is not empty, does not wrap, and ends below the physical limit',
  source: 'rfc-2024 K4',
  evidence: 'kernel/kexec_kho_out.c kho_mem_cache_add',
  consequence: 'an empty record preserves nothing; one that wraps corrupts the mem cache',
  check({ facts }, report) {
    for (const { path, records, whole } of facts.memProperties()) {
      if (!whole) continue;
      const { flags } = memColumns(records);
      for (let index = 0; index < records.length; index++) {
        if (((flags[index] as number) & (MEM_EMPTY | MEM_HUGE)) === 0) continue;
        const { addr, len } = records.at(index);
        const end = (addr & ~KHO_MEM_NOINIT) + len;
        const wrong =
          len === 0n
            ? 'is empty'
            : end > BigInt(PHYSICAL_LIMIT)
              ? `ends at ${hex(end)}, beyond 2^52`
              : undefined;
        if (wrong === undefined) continue;
        report.finding({
          message: `record ${index} of ${path}/mem ${wrong}: addr ${hex(addr)}, len ${hex(len)}`,
          location: { fdtPath: path, property: 'mem', field: 'kho_mem.len', address: addr },
          found: hex(len),
        });
      }
    }
  },
});

export const recordFlags = rule({
  id: 'KHO-005',
  title: 'addr has no low bit set other than the flag NOINIT, and a flagged record covers whole pages',
  source: 'rfc-2024 K5',
  evidence: 'include/uapi/linux/kexec.h KHO_MEM_NOINIT',
  consequence: 'other low bits are taken as part of the address',
  check({ facts }, report) {
    const worthALook = (_start: number, _end: number, flags: number) =>
      (flags & (MEM_STRAY | MEM_NOINIT)) !== 0;
    for (const record of facts.records(worthALook)) {
      const { start, end, noinit } = record;
      // Heap objects are aligned to 8 bytes at least, so bits 1 and 2 are never part of an address.
      const stray = start & 6n;
      const ragged = noinit && (start % PAGE !== 0n || end % PAGE !== 0n);
      if (stray === 0n && !ragged) continue;
      report.finding({
        message: ragged
          ? `${recordName(record)} is flagged NOINIT but does not cover whole pages: ${range(start, end)}`
          : `${recordName(record)} has bits set below bit 3 that are not flags: ${hex(start)}`,
        location: { ...recordPlace(record), bits: '2:0' },
        found: hex(start),
      });
    }
  },
});

export const outsideScratch = rule({
  id: 'KHO-006',
  title: 'no record intersects scratch',
  source: 'rfc-2024 K6',
  evidence: 'kernel/kexec_kho_out.c kho_mem_cache_add',
  consequence:
    'loading the kexec image fails with -EINVAL; if it were loaded, the next kernel would overwrite the memory at boot',
  needs: ['setup_data'],
  check({ facts }, report) {
    const scratch = facts.scratch();
    if (scratch === undefined) return;
    const from = Number(scratch.start);
    const to = Number(scratch.end);
    for (const record of facts.records((start, end) => start <= to && end >= from)) {
      if (record.start >= scratch.end || record.end <= scratch.start) continue;
      report.finding({
        message: `${recordName(record)}, ${range(record.start, record.end)}, intersects scratch ${range(scratch.start, scratch.end)}`,
        location: recordPlace(record),
      });
    }
  },
});

export const unflaggedClaims = rule({
  id: 'KHO-010',
  title: 'records that drivers claim carry no flag',
  source: 'rfc-2024 K10',
  evidence: 'kernel/kexec_kho_in.c kho_claim_mem',
  consequence: 'the claim returns a pointer that is off by one byte',
  check({ facts }, report) {
    for (const record of facts.noinitRecords()) {
      if (record.property.path === FS_MEM) continue;
      report.finding({
        message: `${recordName(record)} is flagged NOINIT: ${range(record.start, record.end)}`,
        location: { ...recordPlace(record), bits: '0' },
        found: hex(record.start | KHO_MEM_NOINIT),
        expected: hex(record.start),
      });
    }
  },
});

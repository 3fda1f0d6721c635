/** Records of preserved memfds (upstream H1 to H6). */

import { areaLength } from '../../decode/upstream/vmalloc.js';
import { LUO_FILE_SER } from '../../records/luo.js';
import { MEMFD_LUO_FOLIO_SER_SIZE, MemfdLuoSerSeals } from '../../records/memfd.js';
import { bytesToText } from '../../schema/text.js';
import { FOLIOS } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { fileSubject } from '../../validate/subject.js';
import { hex, size as sizeText } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { at, RADIX, UPSTREAM } from '../../validate/upstream/shared.js';
import { contentRules } from './rules-content.js';
import { folioRules } from './rules-folios.js';
import { memfdsOf, place } from './rules-scan.js';

const RETRIEVE = 'mm/memfd_luo.c memfd_luo_retrieve';
const SEALS = Object.values(MemfdLuoSerSeals).reduce((all, seal) => all | seal, 0);
/** What F_SEAL_EXEC brings along on a file that may be executed (mm/memfd.c memfd_add_seals). */
const IMPLIED =
  MemfdLuoSerSeals.shrink | MemfdLuoSerSeals.grow | MemfdLuoSerSeals.write | MemfdLuoSerSeals.futureWrite;
/** The encoder refuses larger files (mm/memfd_luo.c), in pages. */
const MAX_FILE_PAGES = 2n ** 32n - 1n;
/** File positions and sizes are signed (loff_t). */
const MAX_OFFSET = 2n ** 63n - 1n;

const memfdRecord: Rule = {
  id: 'MEMFD-001',
  title: 'data of every memfd is the address of its record',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream H1, L15',
  evidence: RETRIEVE,
  consequence: "the kernel's test for NULL is never true: it takes the memory at address 0 for the record",
  needs: ['memory'],
  reads: FOLIOS,
  check({ handover: { luo } }, report) {
    if (luo === undefined) {
      report.skip('the dump has no LUO state');
      return;
    }
    for (const { name, files = [] } of luo.sessions ?? []) {
      for (const { compatible, data, token, memfd, origin } of files) {
        if (!/^memfd-v\d+$/.test(bytesToText(compatible).text)) continue;
        if (data !== 0n && data < 1n << 52n) {
          if (memfd === undefined) report.absent(`the memfd record of token ${hex(token)}`, data);
          continue;
        }
        report.finding({
          subject: fileSubject({ name }, { token }),
          message: `data of the memfd of token ${hex(token)}, session ${quoted(name)}, is ${hex(data)}`,
          location: at(
            origin.address === undefined ? undefined : origin.address + BigInt(LUO_FILE_SER.data),
            'luo_file_ser.data',
          ),
          found: hex(data),
        });
      }
    }
  },
};

const memfdSeals: Rule = {
  id: 'MEMFD-002',
  title: 'seals of a memfd has only bits that the kernel knows',
  severity: 'error',
  // memfd-v1 of kho-v1's releases has neither seals nor flags.
  generations: RADIX,
  source: 'upstream H2',
  evidence: RETRIEVE,
  consequence: '-EOPNOTSUPP: the file is lost, and its folios stay reserved until the next cold boot',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    for (const placed of memfdsOf(context, report)) {
      const { seals } = placed.memfd;
      if (seals === undefined || (seals & ~SEALS) === 0) continue;
      report.finding({
        subject: placed.subject,
        message: `seals of ${placed.name} are ${hex(seals)}`,
        location: place(placed, 'seals', 'seals'),
        found: hex(seals),
        expected: `bits of ${hex(SEALS)}`,
      });
    }
  },
};

const sealsAsTheyWere: Rule = {
  id: 'MEMFD-019',
  title: 'a memfd that is sealed against exec is also sealed against writing and resizing',
  // Healthy kernels hand such files over.
  severity: 'note',
  generations: RADIX,
  source: 'upstream 3.6, H2',
  evidence: `${RETRIEVE} (memfd_alloc_file without MFD_NOEXEC_SEAL); mm/memfd.c memfd_add_seals`,
  consequence:
    'the kernel creates a new, executable file and adds the seals to it: there F_SEAL_EXEC implies the other four, and guest memory can no longer be mapped for writing. Files created with MFD_NOEXEC_SEAL or vm.memfd_noexec=1 have F_SEAL_EXEC alone',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    for (const placed of memfdsOf(context, report)) {
      const { seals } = placed.memfd;
      // Unknown seals are refused before any is added (MEMFD-002).
      if (seals === undefined || (seals & ~SEALS) !== 0 || (seals & MemfdLuoSerSeals.exec) === 0) continue;
      if ((seals & IMPLIED) === IMPLIED) continue;
      report.finding({
        subject: placed.subject,
        message: `seals of ${placed.name} are ${hex(seals)}; the file comes back with ${hex(seals | IMPLIED)}`,
        location: place(placed, 'seals', 'seals'),
        found: hex(seals),
        expected: hex(seals | IMPLIED),
      });
    }
  },
};

const memfdFlags: Rule = {
  id: 'MEMFD-003',
  title: 'flags of a memfd is 0',
  severity: 'warning',
  // memfd-v1 of kho-v1's releases has neither seals nor flags.
  generations: RADIX,
  source: 'upstream H3',
  evidence: RETRIEVE,
  consequence: 'not checked in 7.3; a later kernel may give the bits a meaning',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    for (const placed of memfdsOf(context, report)) {
      const { flags } = placed.memfd;
      if (flags === undefined || flags === 0) continue;
      report.finding({
        subject: placed.subject,
        message: `flags of ${placed.name} is ${hex(flags)}`,
        location: place(placed, 'flags', 'flags'),
        found: hex(flags),
        expected: '0x0',
      });
    }
  },
};

const memfdPosition: Rule = {
  id: 'MEMFD-004',
  title: 'pos of a memfd is a file position',
  severity: 'warning',
  generations: UPSTREAM,
  source: 'upstream H4',
  evidence: `${RETRIEVE}; fs/read_write.c vfs_setpos`,
  consequence: 'the position is silently not set: the file is read from its start',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    for (const placed of memfdsOf(context, report)) {
      const { pos } = placed.memfd;
      if (pos <= MAX_OFFSET) continue;
      report.finding({
        subject: placed.subject,
        message: `pos of ${placed.name} is ${hex(pos)}`,
        location: place(placed, 'pos', 'pos'),
        found: hex(pos),
        expected: `at most ${hex(MAX_OFFSET)}`,
      });
    }
  },
};

const memfdSize: Rule = {
  id: 'MEMFD-005',
  title: 'size of a memfd is a file size that its writer allows',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream H5',
  evidence: `${RETRIEVE}, memfd_luo_preserve`,
  consequence: 'not checked: the file gets this size, even a negative one',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    const limit = MAX_FILE_PAGES * BigInt(context.handover.pageSize);
    for (const placed of memfdsOf(context, report)) {
      const { size } = placed.memfd;
      if (size <= limit) continue;
      report.finding({
        severity: size > MAX_OFFSET ? 'error' : 'warning',
        subject: placed.subject,
        message: `size of ${placed.name} is ${size > MAX_OFFSET ? `${hex(size)}, negative as loff_t` : sizeText(size)}`,
        location: place(placed, 'size', 'size'),
        found: hex(size),
        expected: `at most ${hex(limit)}`,
      });
    }
  },
};

const memfdListLength: Rule = {
  id: 'MEMFD-006',
  title: 'the folio list of a memfd has room for nr_folios entries',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream H6',
  evidence: 'mm/memfd_luo.c memfd_luo_retrieve_folios',
  consequence: 'not checked: the next kernel reads beyond the mapping of the list and faults',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    const { pageSize } = context.handover;
    for (const placed of memfdsOf(context, report)) {
      const { nrFolios, area } = placed.memfd;
      const stated = BigInt(area.descriptor.totalPages) * BigInt(pageSize);
      if (nrFolios * BigInt(MEMFD_LUO_FOLIO_SER_SIZE) > stated) {
        report.finding({
          subject: placed.subject,
          message: `nr_folios of ${placed.name} is ${nrFolios}, but its list has room for ${stated / BigInt(MEMFD_LUO_FOLIO_SER_SIZE)}`,
          location: place(placed, 'nrFolios', 'nr_folios'),
          found: `${nrFolios}`,
          expected: `at most ${stated / BigInt(MEMFD_LUO_FOLIO_SER_SIZE)}`,
        });
      } else if (area.complete && areaLength(area, pageSize) < Number(nrFolios) * MEMFD_LUO_FOLIO_SER_SIZE) {
        report.absent(`the folio list of ${placed.name}`, area.descriptor.first);
      }
    }
  },
};

export const memfdRules: readonly Rule[] = [
  memfdRecord,
  memfdSeals,
  sealsAsTheyWere,
  memfdFlags,
  memfdPosition,
  memfdSize,
  memfdListLength,
  ...folioRules,
  ...contentRules,
];

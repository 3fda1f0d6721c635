/** Records of preserved memfds (upstream H1 to H6). */

import { areaLength } from '../../decode/upstream/vmalloc.js';
import { luoFileSer } from '../../records/luo.js';
import { MEMFD_LUO_FOLIO_SER_SIZE, MemfdLuoSerSeals } from '../../records/memfd.js';
import { bytesToText } from '../../schema/text.js';
import { FOLIOS } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { eachRule, fieldPlace, fieldRule, placeIn, roomFault } from '../../validate/shapes.js';
import { fileSubject } from '../../validate/subject.js';
import { hex, size as sizeText } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { RADIX, UPSTREAM } from '../../validate/upstream/shared.js';
import { contentRules } from './rules-content.js';
import { folioRules } from './rules-folios.js';
import { MEMFDS } from './rules-scan.js';

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
          location: fieldPlace(luoFileSer, origin.address, 'data'),
          found: hex(data),
        });
      }
    }
  },
};

const memfdSeals = fieldRule(MEMFDS, 'seals', {
  id: 'MEMFD-002',
  title: 'seals of a memfd has only bits that the kernel knows',
  // memfd-v1 of kho-v1's releases has neither seals nor flags.
  generations: RADIX,
  source: 'upstream H2',
  evidence: RETRIEVE,
  consequence: '-EOPNOTSUPP: the file is lost, and its folios stay reserved until the next cold boot',
  allows: (seals) => (seals & ~SEALS) === 0,
  says: (seals) => `are ${hex(seals)}`,
  expected: () => `bits of ${hex(SEALS)}`,
});

const sealsAsTheyWere = fieldRule(MEMFDS, 'seals', {
  id: 'MEMFD-019',
  title: 'a memfd that is sealed against exec is also sealed against writing and resizing',
  // Healthy kernels hand such files over.
  severity: 'note',
  generations: RADIX,
  source: 'upstream 3.6, H2',
  evidence: `${RETRIEVE} (memfd_alloc_file without MFD_NOEXEC_SEAL); mm/memfd.c memfd_add_seals`,
  consequence:
    'the kernel creates a new, executable file and adds the seals to it: there F_SEAL_EXEC implies the other four, and guest memory can no longer be mapped for writing. Files created with MFD_NOEXEC_SEAL or vm.memfd_noexec=1 have F_SEAL_EXEC alone',
  // Unknown seals are refused before any is added (MEMFD-002).
  allows: (seals) =>
    (seals & ~SEALS) !== 0 || (seals & MemfdLuoSerSeals.exec) === 0 || (seals & IMPLIED) === IMPLIED,
  says: (seals) => `are ${hex(seals)}; the file comes back with ${hex(seals | IMPLIED)}`,
  expected: (seals) => hex(seals | IMPLIED),
});

const memfdFlags = fieldRule(MEMFDS, 'flags', {
  id: 'MEMFD-003',
  title: 'flags of a memfd is 0',
  severity: 'warning',
  // memfd-v1 of kho-v1's releases has neither seals nor flags.
  generations: RADIX,
  source: 'upstream H3',
  evidence: RETRIEVE,
  consequence: 'not checked in 7.3; a later kernel may give the bits a meaning',
  allows: (flags) => flags === 0,
  expected: () => '0x0',
});

const memfdPosition = fieldRule(MEMFDS, 'pos', {
  id: 'MEMFD-004',
  title: 'pos of a memfd is a file position',
  severity: 'warning',
  source: 'upstream H4',
  evidence: `${RETRIEVE}; fs/read_write.c vfs_setpos`,
  consequence: 'the position is silently not set: the file is read from its start',
  allows: (pos) => pos <= MAX_OFFSET,
  expected: () => `at most ${hex(MAX_OFFSET)}`,
});

const memfdSize = fieldRule(MEMFDS, 'size', {
  id: 'MEMFD-005',
  title: 'size of a memfd is a file size that its writer allows',
  source: 'upstream H5',
  evidence: `${RETRIEVE}, memfd_luo_preserve`,
  consequence: 'not checked: the file gets this size, even a negative one',
  allows: (size, _, { handover }) => size <= MAX_FILE_PAGES * BigInt(handover.pageSize),
  severityOf: (size) => (size > MAX_OFFSET ? 'error' : 'warning'),
  says: (size) => `is ${size > MAX_OFFSET ? `${hex(size)}, negative as loff_t` : sizeText(size)}`,
  expected: (_size, _, { handover }) => `at most ${hex(MAX_FILE_PAGES * BigInt(handover.pageSize))}`,
});

const memfdListLength = eachRule(MEMFDS, {
  id: 'MEMFD-006',
  title: 'the folio list of a memfd has room for nr_folios entries',
  source: 'upstream H6',
  evidence: 'mm/memfd_luo.c memfd_luo_retrieve_folios',
  consequence: 'not checked: the next kernel reads beyond the mapping of the list and faults',
  faults(placed, { handover: { pageSize } }, report) {
    const { nrFolios, area } = placed.memfd;
    const room = (BigInt(area.descriptor.totalPages) * BigInt(pageSize)) / BigInt(MEMFD_LUO_FOLIO_SER_SIZE);
    const name = `nr_folios of ${placed.name}`;
    const more = roomFault(name, nrFolios, 'its list', room, placeIn(MEMFDS, placed, 'nrFolios'));
    if (more !== undefined) return more;
    if (area.complete && areaLength(area, pageSize) < Number(nrFolios) * MEMFD_LUO_FOLIO_SER_SIZE)
      report.absent(`the folio list of ${placed.name}`, area.descriptor.first);
    return undefined;
  },
});

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

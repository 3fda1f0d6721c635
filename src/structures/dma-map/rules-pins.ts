/** Pinned files against what is mapped (rfc-2024 S6, S7, S9, S10, S13; patches 12 and 13 of the series). */

import type { Handover, Ioas } from '../../abi/model.js';
import { perHandover } from '../../abi/per-handover.js';
import { guestmemfsInode } from '../../records/guestmemfs.js';
import { type Reporter, RFC_2024 } from '../../validate/rule.js';
import { fieldPlace, rulesOf } from '../../validate/shapes.js';
import { domainName, placeOf } from '../../validate/subject.js';
import { hex } from '../../validate/text.js';
import { INODE_FILE, LAST_INO, ROOT_INO } from '../guestmemfs/memory.js';
import { inodeTable } from '../guestmemfs/rules-view.js';
import { walkRule } from '../intel-iommu/rules-view.js';
import { fileWalkOf } from './rules-file-walk.js';

const rule = rulesOf({ generations: RFC_2024 });

const PAGE = 4096n;
const MAP = 'drivers/iommu/iommufd/ioas.c iommufd_ioas_map';
/** Inode numbers of files. */
const FIRST_FILE = BigInt(ROOT_INO + 1);
const LAST_FILE = BigInt(LAST_INO);

function* allIoases({ iommufds }: Handover): Generator<Ioas> {
  for (const { ioases } of iommufds ?? []) yield* ioases ?? [];
}

/** True when the blob is of the format before patch 13, which knows no handles. */
const formatOf = perHandover((handover) => ({
  withoutHandles: [...allIoases(handover)].every(({ pinnedFileHandle }) => pinnedFileHandle === undefined),
}));

/** The rule is skipped where the format has no handles. */
function withoutHandles(handover: Handover, report: Reporter): boolean {
  const { withoutHandles: without } = formatOf(handover);
  if (without) report.skip('the blob is from patches 5 to 12: no IOAS has a pinned-file-handle');
  return without;
}

export const handleWithAreas = rule({
  id: 'MAP-006',
  title: 'an IOAS has a pinned-file-handle exactly when it has areas',
  severity: 'warning',
  source: 'rfc-2024 S6, 3.3 no. 21',
  evidence: MAP,
  consequence:
    'without a handle the file can be deleted under DMA; a handle that is never cleared keeps it forever',
  requires: ['IOMMUFD-007'],
  check({ handover }, report) {
    if (withoutHandles(handover, report)) return;
    for (const ioas of allIoases(handover)) {
      const handle = ioas.pinnedFileHandle;
      if (handle === undefined || (handle !== 0n) === ioas.areas.length > 0) continue;
      report.finding({
        message: `${ioas.origin?.fdtPath} has ${ioas.areas.length} areas and pinned-file-handle ${handle}`,
        location: { ...placeOf(ioas), property: 'pinned-file-handle' },
        found: `${handle}`,
      });
    }
  },
});

export const handleIsPinnedFile = rule({
  id: 'MAP-007',
  title: 'a pinned-file-handle names a file that is pinned',
  source: 'rfc-2024 S7, 3.3 no. 21',
  evidence: 'fs/guestmemfs/inode.c guestmemfs_pin_file',
  consequence: 'the file can be deleted while devices write to its blocks',
  requires: ['IOMMUFD-007'],
  check({ handover }, report) {
    if (withoutHandles(handover, report)) return;
    const inodes = handover.guestmemfs?.state?.inodes;
    for (const ioas of allIoases(handover)) {
      const handle = ioas.pinnedFileHandle;
      if (handle === undefined || handle === 0n) continue;
      const location = { ...placeOf(ioas), property: 'pinned-file-handle' };
      if (handle < FIRST_FILE || handle > LAST_FILE) {
        report.finding({
          subject: { inode: Number(handle) },
          message: `pinned-file-handle ${handle} is not the inode number of a file (${FIRST_FILE}..${LAST_FILE})`,
          location,
          found: `${handle}`,
        });
        continue;
      }
      if (inodes === undefined || Number(handle) > inodes.length) {
        report.absent('the inode table', inodeTable(handover));
        continue;
      }
      const inode = inodes.at(Number(handle) - 1);
      if ((inode.flags & INODE_FILE) === 0) {
        report.finding({
          subject: { inode: Number(handle) },
          message: `inode ${handle} of ${ioas.origin?.fdtPath} is not a file: flags ${hex(inode.flags >>> 0)}`,
          location,
        });
      } else if (inode.longTermPins < 1 && ioas.areas.length > 0) {
        report.finding({
          subject: { inode: Number(handle) },
          message: `inode ${handle}, which ${ioas.origin?.fdtPath} maps, has ${inode.longTermPins} long_term_pins`,
          location: { ...location, field: 'guestmemfs_inode.long_term_pins' },
          found: `${inode.longTermPins}`,
          expected: 'at least 1',
        });
      }
    }
  },
});

export const pinsAreNamed = walkRule({
  id: 'MAP-013',
  title: 'a pinned file is named by an IOAS',
  severity: 'warning',
  source: 'rfc-2024 S13',
  evidence: MAP,
  consequence: 'the pin is never dropped: the file can never be deleted',
  requires: ['IOMMUFD-007'],
  watch(_domain, { facts }) {
    return {
      end({ anomalies }) {
        for (const { kind, table } of anomalies)
          if (kind === 'table-absent') facts.absentTables().add(table ?? 0);
      },
    };
  },
  finish({ handover, facts }, report) {
    if (withoutHandles(handover, report)) return;
    const files = handover.guestmemfs?.files;
    if (files === undefined) {
      report.absent('the inode table', inodeTable(handover));
      return;
    }
    // What an absent table or mapping page says could be the reason of a pin; the runner reports absent tables.
    if (facts.absentTables().size > 0) return;
    if (files.some(({ blocks }) => blocks === undefined)) {
      report.skip('the blocks of guestmemfs files are not all known');
      return;
    }
    const named = new Set([...allIoases(handover)].map(({ pinnedFileHandle }) => pinnedFileHandle));
    for (const { ino, longTermPins, origin } of files) {
      // A pin whose file is mapped under another file's handle is what MAP-009 reports.
      if (longTermPins <= 0 || named.has(BigInt(ino)) || facts.unnamedFiles().has(ino)) continue;
      report.finding({
        subject: { inode: Number(ino) },
        message: `inode ${ino} has ${longTermPins} long_term_pins, but no IOAS names it`,
        location: fieldPlace(guestmemfsInode, origin.address, 'longTermPins'),
        found: `${longTermPins}`,
      });
    }
  },
});

export const handleNamesAll = walkRule({
  id: 'MAP-009',
  title: 'everything an IOAS maps comes from the file that its handle names',
  severity: 'warning',
  source: 'rfc-2024 S9, 3.3 no. 21',
  evidence: MAP,
  consequence:
    'only the last pinned file is handed over: pins of the others cannot be dropped after the kexec',
  requires: ['DMAR-019', 'IOMMUFD-007', 'MAP-007'],
  watch(domain, { handover, facts }, _fault, report) {
    const id = domain.persistentId;
    const walk = fileWalkOf(domain, handover, facts);
    if (withoutHandles(handover, report)) return undefined;
    if (id === undefined || walk === undefined) {
      report.skip('the blocks of guestmemfs files are not all known');
      return undefined;
    }
    return {
      runs: walk.take,
      end() {
        for (const [ioas, files] of walk.reached) {
          const handle = ioas.pinnedFileHandle;
          const inos = walk.files.flatMap(({ ino }, i) => (files[i + 1] === 1 ? [ino] : []));
          const others = inos.filter((ino) => BigInt(ino) !== handle);
          if (handle === undefined || handle === 0n || others.length === 0) continue;
          for (const ino of others) facts.unnamedFiles().add(ino);
          report.finding({
            message: `${ioas.origin?.fdtPath} maps inodes ${inos.join(', ')}, but hands over the last pinned file only: pinned-file-handle ${handle}`,
            location: { ...placeOf(ioas), property: 'pinned-file-handle' },
            found: `${handle}`,
            expected: inos.join(', '),
          });
        }
      },
    };
  },
});

export const areasAreLinear = walkRule({
  id: 'MAP-010',
  title: 'within an area the file offset increases with the IOVA',
  severity: 'warning',
  source: 'rfc-2024 S10',
  evidence: 'fs/guestmemfs/file.c (mmap maps a file from its block 0 on)',
  consequence: 'guest-physical memory is not where the guest expects it',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  watch(domain, { handover, facts }, fault, report) {
    const id = domain.persistentId;
    const walk = fileWalkOf(domain, handover, facts);
    if (id === undefined || walk === undefined) {
      report.skip('the blocks of guestmemfs files are not all known');
      return undefined;
    }
    return {
      runs: walk.take,
      end() {
        const found = walk.firstBreak();
        if (found === undefined) return;
        const { segment, iova, count, more } = found;
        const times = more
          ? ` and at least ${count - 1} more times`
          : count > 1
            ? ` and ${count - 1} more times`
            : '';
        fault({
          message: `${domainName(domain)}: the file offset jumps within an area at IOVA ${hex(BigInt(iova) * PAGE)}${times}`,
          location: { ...placeOf(segment.area), iova: BigInt(iova) * PAGE },
        });
      },
    };
  },
});

/** Pinned files against what is mapped (rfc-2024 S6, S7, S9, S10, S13; patches 12 and 13 of the series). */
import type { GuestmemfsFile, Handover, Ioas } from '../../abi/model.js';
import { GUESTMEMFS_BLOCK, INODE_FILE } from '../../decode/guestmemfs.js';
import { domainName, placeOf } from '../dmar/nodes.js';
import type { Facts } from '../facts.js';
import { inodeTable } from '../guestmemfs/subject.js';
import { RFC_2024, type Rule } from '../rule.js';
import { hex } from '../text.js';
import { areasOf, NOWHERE, type Segment } from './segments.js';

const PAGE = 4096n;
const BLOCK_PAGES = Number(GUESTMEMFS_BLOCK / PAGE);
const MAP = 'drivers/iommu/iommufd/ioas.c iommufd_ioas_map';
/** Inode numbers of files; 1 is the root directory. */
const FIRST_FILE = 2n;
const LAST_FILE = 7084n;

function* allIoases({ iommufds }: Handover): Generator<Ioas> {
  for (const { ioases } of iommufds ?? []) yield* ioases ?? [];
}

/** True when the blob is of the format before patch 13, which knows no handles. */
function withoutHandles(handover: Handover): boolean {
  return [...allIoases(handover)].every(({ pinnedFileHandle }) => pinnedFileHandle === undefined);
}

const NO_HANDLES = 'the blob is of patches 5 to 12: no IOAS has a pinned-file-handle';

export const handleWithAreas: Rule = {
  id: 'MAP-006',
  title: 'an IOAS has a pinned-file-handle exactly when it has areas',
  severity: 'warning',
  generations: RFC_2024,
  source: 'rfc-2024 S6, 3.3 no. 21',
  evidence: MAP,
  consequence:
    'without a handle the file can be deleted under DMA; a handle that is never cleared keeps it for good',
  requires: ['IOMMUFD-007'],
  check({ handover }, report) {
    if (withoutHandles(handover)) {
      report.skip(NO_HANDLES);
      return;
    }
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
};

export const handleIsPinnedFile: Rule = {
  id: 'MAP-007',
  title: 'a pinned-file-handle names a file that is pinned',
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 S7, 3.3 no. 21',
  evidence: 'fs/guestmemfs/inode.c guestmemfs_pin_file',
  consequence: 'the file can be deleted while devices write into its blocks',
  requires: ['IOMMUFD-007'],
  check({ handover }, report) {
    if (withoutHandles(handover)) {
      report.skip(NO_HANDLES);
      return;
    }
    const inodes = handover.guestmemfs?.state?.inodes;
    for (const ioas of allIoases(handover)) {
      const handle = ioas.pinnedFileHandle;
      if (handle === undefined || handle === 0n) continue;
      const location = { ...placeOf(ioas), property: 'pinned-file-handle' };
      if (handle < FIRST_FILE || handle > LAST_FILE) {
        report.finding({
          message: `pinned-file-handle ${handle} is no inode number of a file (${FIRST_FILE}..${LAST_FILE})`,
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
          message: `inode ${handle} of ${ioas.origin?.fdtPath} is no file: flags ${hex(inode.flags >>> 0)}`,
          location,
        });
      } else if (inode.longTermPins < 1 && ioas.areas.length > 0) {
        report.finding({
          message: `inode ${handle}, which ${ioas.origin?.fdtPath} maps, has ${inode.longTermPins} long_term_pins`,
          location: { ...location, field: 'guestmemfs_inode.long_term_pins' },
          found: `${inode.longTermPins}`,
          expected: 'at least 1',
        });
      }
    }
  },
};

export const pinsAreNamed: Rule = {
  id: 'MAP-013',
  title: 'a pinned file is named by an IOAS',
  severity: 'warning',
  generations: RFC_2024,
  source: 'rfc-2024 S13',
  evidence: MAP,
  consequence: 'the pin is never dropped: the file can never be deleted',
  requires: ['IOMMUFD-007'],
  needs: ['memory'],
  observe({ facts }) {
    return {
      end({ anomalies }) {
        for (const { kind, table } of anomalies)
          if (kind === 'table-absent') facts.absentTables().add(table ?? 0);
      },
    };
  },
  finish({ handover, facts }, report) {
    if (withoutHandles(handover)) {
      report.skip(NO_HANDLES);
      return;
    }
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
        message: `inode ${ino} has ${longTermPins} long_term_pins, and no IOAS names it`,
        location: {
          ...(origin.address === undefined ? {} : { address: origin.address }),
          field: 'guestmemfs_inode.long_term_pins',
        },
        found: `${longTermPins}`,
      });
    }
  },
};

/** For each block of the region: which file it is of, and where in it. */
interface FileMap {
  readonly files: readonly GuestmemfsFile[];
  /** Index into `files`, -1 for none. */
  readonly file: Int32Array;
  /** Block number within the file. */
  readonly block: Int32Array;
  /** First page frame number of the region. */
  readonly start: number;
}

function fileMap({ guestmemfs }: Handover, facts: Facts): FileMap | undefined {
  const region = facts.fsMem();
  const count = facts.reachedBlocks()?.length;
  if (guestmemfs?.files === undefined || region === undefined || count === undefined) return undefined;
  if (guestmemfs.files.some(({ blocks }) => blocks === undefined)) return undefined;
  const file = new Int32Array(count).fill(-1);
  const block = new Int32Array(count);
  guestmemfs.files.forEach(({ blocks }, i) => {
    blocks?.forEach((number, position) => {
      if (number >= BigInt(count)) return;
      file[Number(number)] = i;
      block[Number(number)] = position;
    });
  });
  return { files: guestmemfs.files, file, block, start: Number(region.start / PAGE) };
}

/** Index of the file that a page frame is of, -1 for none. */
function fileOf({ start, file }: FileMap, page: number): number {
  return file[Math.floor((page - start) / BLOCK_PAGES)] ?? -1;
}

/** Page number within its file of a page frame that is of one. */
function pageInFile({ start, block }: FileMap, page: number): number {
  const offset = page - start;
  return (block[Math.floor(offset / BLOCK_PAGES)] ?? 0) * BLOCK_PAGES + (offset % BLOCK_PAGES);
}

/** Stretches of a run that lie in one block each. */
function* blocksOf(map: FileMap, target: number, pages: number): Generator<{ page: number; pages: number }> {
  for (let page = target; page < target + pages; ) {
    const end = Math.min(
      target + pages,
      page + BLOCK_PAGES - ((((page - map.start) % BLOCK_PAGES) + BLOCK_PAGES) % BLOCK_PAGES),
    );
    yield { page, pages: end - page };
    page = end;
  }
}

export const handleNamesAll: Rule = {
  id: 'MAP-009',
  title: 'all that an IOAS maps comes from the file that its handle names',
  severity: 'warning',
  generations: RFC_2024,
  source: 'rfc-2024 S9, 3.3 no. 21',
  evidence: MAP,
  consequence:
    'only the last pinned file is handed over: pins of the others cannot be dropped after the kexec',
  requires: ['DMAR-019', 'IOMMUFD-007', 'MAP-007'],
  needs: ['memory'],
  observe({ handover, facts }, domain, report) {
    const id = domain.persistentId;
    const map = fileMap(handover, facts);
    if (withoutHandles(handover)) {
      report.skip(NO_HANDLES);
      return undefined;
    }
    if (id === undefined || map === undefined) {
      report.skip('the blocks of guestmemfs files are not all known');
      return undefined;
    }
    const areas = areasOf(domain, facts);
    // One byte a file, and one for "in no file", for each IOAS.
    const reached = new Map<Ioas, Uint8Array>();
    const flagsOf = (segment: Segment): Uint8Array => {
      const flags = reached.get(segment.ioas) ?? new Uint8Array(map.files.length + 1);
      reached.set(segment.ioas, flags);
      return flags;
    };
    let lastSegment = -1;
    let flags: Uint8Array = new Uint8Array(0);
    return {
      runs(batch) {
        const located = areas.located(batch);
        for (let row = 0; row < batch.length; row++) {
          const at = located[row] as number;
          if (at === NOWHERE) continue;
          const target = batch.target[row] as number;
          const pages = batch.pages[row] as number;
          const whole = areas.segments[at];
          if (whole !== undefined && pages <= BLOCK_PAGES) {
            if (at !== lastSegment) flags = flagsOf(whole);
            lastSegment = at;
            flags[fileOf(map, target) + 1] = 1;
            flags[fileOf(map, target + pages - 1) + 1] = 1;
            continue;
          }
          const iova = batch.iova[row] as number;
          for (const { segment, start, end } of areas.pieces(iova, iova + pages)) {
            if (segment === undefined) continue;
            for (const { page } of blocksOf(map, target + start - iova, end - start)) {
              flagsOf(segment)[fileOf(map, page) + 1] = 1;
            }
          }
        }
      },
      end() {
        for (const [ioas, files] of reached) {
          const handle = ioas.pinnedFileHandle;
          const inos = map.files.flatMap(({ ino }, i) => (files[i + 1] === 1 ? [ino] : []));
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
};

export const areasAreLinear: Rule = {
  id: 'MAP-010',
  title: 'within an area the offset in the file rises with the IOVA',
  severity: 'warning',
  generations: RFC_2024,
  source: 'rfc-2024 S10',
  evidence: 'fs/guestmemfs/file.c (mmap maps a file from its block 0 on)',
  consequence: 'guest-physical memory is not where the guest expects it',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  needs: ['memory'],
  observe({ handover, facts }, domain, report) {
    const id = domain.persistentId;
    const map = fileMap(handover, facts);
    if (id === undefined || map === undefined) {
      report.skip('the blocks of guestmemfs files are not all known');
      return undefined;
    }
    const areas = areasOf(domain, facts);
    let lastSegment: Segment | undefined;
    let lastFile = -1;
    let lastDelta = 0;
    let breaks = 0;
    let first: { segment: Segment; iova: number } | undefined;
    /** A stretch of leaves inside one block. */
    const look = (segment: Segment, page: number, iova: number): void => {
      const file = fileOf(map, page);
      if (file < 0) return;
      const delta = pageInFile(map, page) - iova;
      if (delta === lastDelta && file === lastFile && segment === lastSegment) return;
      if (segment === lastSegment && file === lastFile) {
        first ??= { segment, iova };
        breaks++;
      }
      lastSegment = segment;
      lastFile = file;
      lastDelta = delta;
    };
    return {
      runs(batch) {
        const located = areas.located(batch);
        for (let row = 0; row < batch.length; row++) {
          const at = located[row] as number;
          if (at === NOWHERE) continue;
          const iova = batch.iova[row] as number;
          const target = batch.target[row] as number;
          const pages = batch.pages[row] as number;
          const whole = areas.segments[at];
          if (whole !== undefined && ((target - map.start) % BLOCK_PAGES) + pages <= BLOCK_PAGES) {
            if (!whole.shared) look(whole, target, iova);
            continue;
          }
          for (const { segment, start, end } of areas.pieces(iova, iova + pages)) {
            if (segment === undefined || segment.shared) continue;
            for (const { page } of blocksOf(map, target + start - iova, end - start))
              look(segment, page, iova + page - target);
          }
        }
      },
      end() {
        if (first === undefined) return;
        report.finding({
          message: `${domainName(domain)}: the file offset jumps within an area at IOVA ${hex(BigInt(first.iova) * PAGE)}${breaks > 1 ? ` and ${breaks - 1} more times` : ''}`,
          location: { ...placeOf(first.segment.area), iova: BigInt(first.iova) * PAGE },
        });
      },
    };
  },
};

/** The leaves of a domain against the blocks of guestmemfs files, once for the rules that ask about files. */

import type { Domain, GuestmemfsFile, Handover, Ioas } from '../../abi/model.js';
import type { Facts } from '../../validate/facts.js';
import {
  iovaOfRow,
  iovasOf,
  type LeafBatch,
  pagesOf,
  pagesOfRow,
  ROW_HI,
  ROW_LO,
  ROW_WORDS,
  SPAN_END,
  SPAN_START,
  targetOfRow,
  targetsOf,
} from '../../vtd/walk/batch.js';
import { blockNumbers, GUESTMEMFS_BLOCK } from '../guestmemfs/memory.js';
import { perDomain } from './rules-per-domain.js';
import { areasOf, type DomainAreas, NOWHERE, type Segment } from './rules-segments.js';

// V8 reads an imported constant from its module's cell each time, also within a loop; one of this module is folded.
const WORDS = ROW_WORDS;
const LO = ROW_LO;
const HI = ROW_HI;
const START = SPAN_START;
const END = SPAN_END;

const PAGE = 4096n;
const BLOCK_PAGES = Number(GUESTMEMFS_BLOCK / PAGE);
/** A mapping page has 512 block numbers, and there are fewer than 2^13 inodes. */
const FILE_SHIFT = 9;
const POSITION = (1 << FILE_SHIFT) - 1;
/** Jumps that are counted; a table that has more of them is not worth the time. */
const MOST_BREAKS = 1024;
const NOWHERE_NEAR = -(2 ** 31);

/** For each block of the region: which file it is of, and where in it. */
interface FileMap {
  readonly files: readonly GuestmemfsFile[];
  /** Index into `files` times 2^FILE_SHIFT, and the block number within the file; -1 for none. */
  readonly place: Int32Array;
  /** First page frame number of the region. */
  readonly start: number;
}

/** What the leaves of a domain say about files. */
export interface FileWalk {
  readonly files: readonly GuestmemfsFile[];
  /** Takes the runs of a batch; the second rule that shows the same batch costs nothing. */
  take(batch: LeafBatch): void;
  /** By IOAS: byte 0 for "in no file", byte i + 1 for file i; 1 where the areas of the IOAS map it. */
  readonly reached: ReadonlyMap<Ioas, Uint8Array>;
  /**
   * Where the offset in a file does not rise with the IOVA, within one area: the first place, and how often;
   * `more` when counting was given up.
   */
  firstBreak():
    | { readonly segment: Segment; readonly iova: number; readonly count: number; readonly more: boolean }
    | undefined;
}

/** One for each domain of a validation: the rules on files use the same. */
const known = perDomain<FileWalk>();

/** @returns undefined when the blocks of the files are not all known */
export function fileWalkOf(domain: Domain, handover: Handover, facts: Facts): FileWalk | undefined {
  return known(facts, domain, () => {
    const map = fileMap(handover, facts);
    return map === undefined ? undefined : createFileWalk(map, areasOf(domain, facts));
  });
}

function fileMap({ guestmemfs }: Handover, facts: Facts): FileMap | undefined {
  const region = facts.fsMem();
  const count = facts.reachedBlocks()?.length;
  if (guestmemfs?.files === undefined || region === undefined || count === undefined) return undefined;
  if (guestmemfs.files.some(({ blocks }) => blocks === undefined)) return undefined;
  const place = new Int32Array(count).fill(-1);
  guestmemfs.files.forEach(({ blocks }, i) => {
    const numbers = blocks === undefined ? [] : blockNumbers(blocks);
    for (let position = 0; position < numbers.length; position++) {
      const number = numbers[position] as number;
      if (number < count) place[number] = (i << FILE_SHIFT) | position;
    }
  });
  return { files: guestmemfs.files, place, start: Number(region.start / PAGE) };
}

/** What the walk has seen last, and what it has found. */
interface State {
  readonly map: FileMap;
  readonly areas: DomainAreas;
  readonly reached: Map<Ioas, Uint8Array>;
  segment: Segment | undefined;
  file: number;
  /** Page within the file less IOVA page. */
  delta: number;
  breaks: number;
  first: { readonly segment: Segment; readonly iova: number } | undefined;
}

function createFileWalk(map: FileMap, areas: DomainAreas): FileWalk {
  const s: State = {
    map,
    areas,
    reached: new Map(),
    segment: undefined,
    file: -1,
    delta: 0,
    breaks: 0,
    first: undefined,
  };
  let last: LeafBatch | undefined;
  let serial = -1;
  return {
    files: map.files,
    reached: s.reached,
    take(batch) {
      if (batch === last && batch.serial === serial) return;
      last = batch;
      serial = batch.serial;
      const around = areas.segments[areas.around(batch)];
      if (around === undefined) takeRows(s, batch);
      else takeInside(s, batch, around);
    },
    firstBreak: () =>
      s.first === undefined ? undefined : { ...s.first, count: s.breaks, more: s.breaks >= MOST_BREAKS },
  };
}

/** Whether nothing more can be learnt: enough jumps, and every file is known to be mapped. */
function isDone(s: State, flags: Uint8Array): boolean {
  return s.breaks >= MOST_BREAKS && flags.indexOf(0, 1) < 0;
}

function flagsOf({ reached, map }: State, { ioas }: Segment): Uint8Array {
  const flags = reached.get(ioas) ?? new Uint8Array(map.files.length + 1);
  reached.set(ioas, flags);
  return flags;
}

/** A batch whose rows all are in one segment. */
function takeInside(s: State, batch: LeafBatch, segment: Segment): void {
  const quick = batch.small && batch.maximal && s.map.start % BLOCK_PAGES === 0;
  const flags = flagsOf(s, segment);
  if (isDone(s, flags)) return;
  for (let row = 0; row < batch.length; row++) {
    if (quick && row > 0) row = insideBlocks(s, batch, segment, flags, row);
    if (row === batch.length) return;
    takeStretch(s, segment, targetOfRow(batch, row), pagesOfRow(batch, row), iovaOfRow(batch, row));
  }
}

/** @returns the first row from `from` on that is not wholly in one block of the region */
function insideBlocks(s: State, batch: LeafBatch, segment: Segment, flags: Uint8Array, from: number): number {
  const { rows, spansAt, length, format, base } = batch;
  const { addressHi } = format;
  const { place: places, start } = s.map;
  const firstBlock = (start / BLOCK_PAGES) | 0;
  const count = places.length;
  const end = length * WORDS;
  // Within the batch IOVAs count from its base; what is out of reach of 32 bits equals none of them.
  const reachable = Math.abs(s.delta + base) < 2 ** 31;
  let lastDelta = reachable ? (s.delta + base) | 0 : NOWHERE_NEAR;
  let lastFile = s.segment === segment ? s.file : -1;
  const judged = !segment.shared && s.breaks < MOST_BREAKS;
  let firstAt = -1;
  let breaks = 0;
  let at = (from * WORDS) | 0;
  for (; at < end; at = (at + WORDS) | 0) {
    const lo = rows[at + LO] as number;
    const span = (spansAt + at) | 0;
    const begin = rows[span + START] as number;
    const block = ((((rows[at + HI] as number) & addressHi) << 11) | (lo >>> 21)) - firstBlock;
    const page = (lo >>> 12) & (BLOCK_PAGES - 1);
    if (block < 0 || block >= count || page + (rows[span + END] as number) - begin > BLOCK_PAGES) break;
    const place = places[block] as number;
    const file = place >> FILE_SHIFT;
    flags[file + 1] = 1;
    if (file < 0 || !judged) continue;
    const delta = (((place & POSITION) * BLOCK_PAGES) | page) - begin;
    if (file === lastFile) {
      if (delta === lastDelta) continue;
      if (breaks === 0) firstAt = begin;
      breaks = (breaks + 1) | 0;
    }
    lastFile = file;
    lastDelta = delta;
  }
  if (lastFile >= 0 && judged) {
    s.segment = segment;
    s.file = lastFile;
    s.delta = lastDelta - base;
  }
  if (breaks > 0) s.first ??= { segment, iova: base + firstAt };
  s.breaks += breaks;
  return at / WORDS;
}

/** A batch of which some rows may be in no segment or in several. */
function takeRows(s: State, batch: LeafBatch): void {
  const { areas } = s;
  const located = areas.located(batch);
  const iovas = iovasOf(batch);
  const targets = targetsOf(batch);
  const lengths = pagesOf(batch);
  for (let row = 0; row < batch.length; row++) {
    const at = located[row] as number;
    if (at === NOWHERE) continue;
    const iova = iovas[row] as number;
    const target = targets[row] as number;
    const pages = lengths[row] as number;
    const whole = areas.segments[at];
    if (whole !== undefined) {
      takeStretch(s, whole, target, pages, iova);
      continue;
    }
    for (const { segment, start, end } of areas.pieces(iova, iova + pages)) {
      if (segment !== undefined) takeStretch(s, segment, target + start - iova, end - start, start);
    }
  }
}

/** A stretch of leaves inside one segment: block by block as far as it is in the region. */
function takeStretch(s: State, segment: Segment, target: number, pages: number, iova: number): void {
  const { start, place: places } = s.map;
  const flags = flagsOf(s, segment);
  const from = Math.max(target, start);
  const end = Math.min(target + pages, start + places.length * BLOCK_PAGES);
  if (from >= end || end - from < pages) flags[0] = 1;
  for (let page = from; page < end; ) {
    const block = Math.floor((page - start) / BLOCK_PAGES);
    const offset = (page - start) % BLOCK_PAGES;
    const place = places[block] as number;
    const file = place >> FILE_SHIFT;
    flags[file + 1] = 1;
    if (file >= 0 && !segment.shared && s.breaks < MOST_BREAKS) {
      look(s, segment, file, (place & POSITION) * BLOCK_PAGES + offset, iova + page - target);
    }
    page += BLOCK_PAGES - offset;
  }
}

/** Whether the offset in the file goes on as the IOVA does. */
function look(s: State, segment: Segment, file: number, pageInFile: number, iova: number): void {
  const delta = pageInFile - iova;
  if (segment === s.segment && file === s.file) {
    if (delta === s.delta) return;
    s.first ??= { segment, iova };
    s.breaks++;
  }
  s.segment = segment;
  s.file = file;
  s.delta = delta;
}

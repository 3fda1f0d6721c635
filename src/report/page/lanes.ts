/** The lanes of the map: what physical memory is used for, kind by kind. */

import type { Handover } from '../../abi/model.js';
import { createFrames, type Frames } from '../../diff/kept/frames.js';
import type { User } from '../../diff/kept/user.js';
import type { PageRange } from '../../memory/page-set.js';
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import type { ReferenceSink } from '../../references/sink.js';
import { bytesToText } from '../../schema/text.js';
import { fsMemRange } from '../../structures/guestmemfs/memory.js';
import { notYetWritten } from '../../structures/map/rules-leak.js';
import { wholePlaceText } from '../place-text.js';
import { type Bars, type BarsBuilder, createBars, fewer } from './bars.js';
import { FRAME, gapsIn, type Kept } from './kept.js';
import type { PageObjects } from './objects.js';
import type { Owners } from './owners.js';
import type { Space } from './spaces.js';

/** How a lane is painted. */
export type LaneKind = 'dump' | 'free' | 'kept' | 'contents' | 'records' | 'tables' | 'mapped' | 'bad';

/** One kind of memory. */
export interface Lane {
  readonly id: string;
  /** Not escaped. */
  readonly title: string;
  readonly kind: LaneKind;
  /** What a bar of it means, in a sentence. */
  readonly about: string;
  /** Frames that it has, and runs of them. */
  readonly pages: number;
  readonly runs: number;
  /** The finest first. */
  readonly levels: readonly Bars[];
}

/** Bars of the finest level of all lanes together, of one, and how much coarser each next level is. */
const MAX_BARS = 48_000;
const MAX_OWN_BARS = 8192;
const COARSER = 4;
const FEWEST = 512;
/** Pieces of one user whose place in its file is kept. */
const MAX_PLACED = 1 << 15;
/** Sessions with a lane of their own. */
const MAX_SESSIONS = 12;
/** Pages of remapping structures that are told apart. */
const MAX_STRUCTURES = 1 << 16;
/** Frames end here. */
const END = PHYSICAL_LIMIT / FRAME;

/** A place where something is wrong. */
export interface MapFinding {
  /** Physical address, bytes. */
  readonly address: number;
  readonly owner: number;
}

interface Source {
  readonly id: string;
  readonly title: string;
  readonly kind: LaneKind;
  readonly about: string;
  readonly bars: ReturnType<typeof createBars>;
}

/** What the lanes are made from. */
export interface LaneInput {
  readonly handover: Handover;
  readonly kept: Kept | undefined;
  readonly spaces: readonly Space[];
  readonly users: readonly User[];
  /** Users whose memory the dump does not tell. */
  readonly untold: readonly string[];
  readonly findings: readonly MapFinding[];
  readonly owners: Owners;
  readonly objects: PageObjects;
  /** Has heard all references. */
  readonly told: Told;
}

/** Hears of pages that references lead to. */
export interface Told {
  readonly sink: ReferenceSink;
  put(bars: BarsBuilder, used: ReturnType<typeof createFrames>): void;
}

/** The lanes that have something in them, in the order of the page. */
export function lanesOf({
  handover,
  kept,
  spaces,
  users,
  untold,
  findings,
  owners,
  objects,
  told,
}: LaneInput): Lane[] {
  const sources: Source[] = [];
  const lane = (id: string, kind: LaneKind, title: string, about: string): Source['bars'] => {
    const bars = createBars();
    sources.push({ id, title, kind, about, bars });
    return bars;
  };
  const used = createFrames(FRAME);

  const dump = lane('dump', 'dump', 'in the dump', 'The dump holds these bytes.');
  addRanges(dump, handover.memory?.known() ?? [], owners.number('the dump'));
  const scratch = lane(
    'scratch',
    'free',
    'scratch',
    'The next kernel boots in this memory: nothing here is kept.',
  );
  for (const [i, range] of (handover.scratch ?? []).entries())
    addRanges(scratch, [range], owners.number(`scratch region ${i}`));
  const keptBars = lane('preserved', 'kept', 'preserved', 'The next kernel does not hand these pages out.');
  const preserved = owners.number('preserved memory');
  for (const { start, end } of kept?.runs() ?? []) keptBars.add(start, end, preserved);
  // LUO writes its sessions just before the kexec: until then what they have is preserved, and theirs is not told.
  const early = notYetWritten(handover);
  const nobody = lane(
    'nobody',
    early ? 'free' : 'bad',
    early ? 'no owner yet' : 'preserved, no owner',
    early
      ? 'Preserved, and nothing refers to it yet: LUO writes its sessions just before the kexec.'
      : 'Preserved, and nothing that the dump tells refers to it: the next kernel never frees it.',
  );
  const contents = contentsLanes(users, lane);
  const records = recordLanes(users, lane);
  for (const user of users) {
    if (user.kind === 'reach') continue;
    const target = contents(user) ?? records(user);
    const owner = owners.number(userText(user), objects.anchorOf(user.place));
    addUser(target, user, owner, used, owners);
  }
  const others = lane(
    'others',
    'records',
    'root and context tables',
    'Root, context and PASID tables of remapping hardware.',
  );
  told.put(others, used);
  const tables = lane(
    'tables',
    'tables',
    'page tables',
    'Pages of the translation tables, as a walk finds them.',
  );
  const mapped = lane('mapped', 'mapped', 'mapped by devices', 'Devices reach this memory.');
  const exposed = lane(
    'exposed',
    'bad',
    'mapped, not preserved',
    'Devices reach this memory, and the next kernel hands it out to others.',
  );
  for (const [i, space] of spaces.entries()) {
    const owner = owners.number(space.title, `space-${i}`);
    for (const { start, end } of space.tablePages.runs()) tables.add(start, end, owner);
    for (const { start, end } of space.mapped.runs()) {
      mapped.add(start, end, owner);
      if (kept !== undefined)
        for (const gap of gapsIn(kept, start, end)) exposed.add(gap.start, gap.end, owner);
    }
    for (const run of space.tablePages.runs()) used.add(run.start, run.end);
  }
  const region = fsMemRange(handover.guestmemfs);
  if (region !== undefined)
    used.add(Number(region.start / BigInt(FRAME)), Number(region.end / BigInt(FRAME)));
  // Of a tree that was taken over, or records that are absent, what is missing may have owners.
  const lacks = untold.length > 0 || (handover.missing ?? []).length > 0;
  const whole = handover.memory !== undefined && handover.takenOver === undefined && !lacks;
  if (kept !== undefined && whole)
    addUnused(nobody, handover, kept, used.finish(), owners.number('no owner'));
  const places = lane('findings', 'bad', 'findings', 'Something is wrong here.');
  for (const { address, owner } of findings) {
    const frame = Math.floor(address / FRAME);
    places.add(frame, frame + 1, owner);
  }
  return finished(sources);
}

type MakeLane = (id: string, kind: LaneKind, title: string, about: string) => Source['bars'];

/** The lanes of what outlives the kexec: one a session, and one each for the other kinds. */
function contentsLanes(users: readonly User[], lane: MakeLane): (user: User) => Source['bars'] | undefined {
  const sessions = new Map<string, Source['bars']>();
  let others: Source['bars'] | undefined;
  for (const { place, kind } of users) {
    if (place.part !== 'luo' || place.session === undefined || kind !== 'object') continue;
    const name = bytesToText(place.session).text;
    if (sessions.has(name)) continue;
    if (sessions.size < MAX_SESSIONS) {
      const title = `session ${JSON.stringify(name)}`;
      sessions.set(
        name,
        lane(`session-${sessions.size}`, 'contents', title, 'Pages of the files of this session.'),
      );
    } else {
      others ??= lane('sessions', 'contents', 'other sessions', 'Pages of the files of the other sessions.');
      sessions.set(name, others);
    }
  }
  const reserved = lane(
    'reserve_mem',
    'contents',
    'reserve_mem',
    'Regions of reserve_mem=, which stay where they are.',
  );
  const files = lane('guestmemfs', 'contents', 'guestmemfs', 'Blocks of the files of guestmemfs.');
  const test = lane('kho_test', 'contents', 'kho_test', 'Folios of the in-kernel test.');
  const other = lane('contents', 'contents', 'other contents', 'Memory that outlives the kexec.');
  return ({ place, kind }) => {
    if (kind !== 'object' && kind !== 'fixed') return undefined;
    if (place.part === 'luo' && place.session !== undefined)
      return sessions.get(bytesToText(place.session).text);
    if (place.part === 'memblock') return reserved;
    if (place.part === 'kho-test') return test;
    if (place.part === 'guestmemfs') return place.file === undefined ? undefined : files;
    return other;
  };
}

/** The lanes of the records, by what they are records of. */
function recordLanes(users: readonly User[], lane: MakeLane): (user: User) => Source['bars'] {
  const titles = new Map<string, Source['bars']>();
  const titleOf = ({ place }: User): string => {
    const { part, structure } = place;
    if (part === 'tree' || part === 'subtree') return 'tree and blobs';
    if (part === 'preserved') return 'preserved map';
    if (part === 'luo') return 'records of LUO';
    if (part === 'structure') return structure ?? 'other records';
    return `records of ${part === 'kho-test' ? 'kho_test' : part}`;
  };
  for (const user of users) {
    const contents = user.kind === 'fixed' || (user.kind === 'object' && user.place.part !== 'guestmemfs');
    if (user.kind === 'reach' || contents) continue;
    const title = titleOf(user);
    if (!titles.has(title))
      titles.set(
        title,
        lane(
          `records-${titles.size}`,
          'records',
          title,
          'Pages in which the handover itself is written down.',
        ),
      );
  }
  return (user) => titles.get(titleOf(user)) ?? lane('records', 'records', 'other records', 'Records.');
}

function addRanges(bars: Source['bars'], ranges: Iterable<PageRange>, owner: number): void {
  for (const { start, end } of ranges) {
    const first = Math.floor(Number(start) / FRAME);
    bars.add(first, Math.min(END, Math.ceil(Number(end) / FRAME)), owner);
  }
}

/**
 * Adds what a user has. Of a file in very many pieces, which are in the order of the file, the place in the file is not
 * kept: the pieces are told by their pages, and neighbours are one.
 */
function addUser(
  bars: Source['bars'],
  user: User,
  owner: number,
  used: ReturnType<typeof createFrames>,
  owners: Owners,
): void {
  const contents = user.what === 'contents';
  const put = (start: number, end: number, position: number): void => {
    used.add(start, end);
    bars.add(start, end, owner, position);
    if (contents) owners.count(owner, start, end);
  };
  const firsts: number[] = [];
  const ends: number[] = [];
  const places: number[] = [];
  const few = eachRun(user, (start, end, position) => {
    if (firsts.length === MAX_PLACED) return false;
    firsts.push(firstFrame(start));
    ends.push(endFrame(end));
    places.push(position / FRAME);
    return true;
  });
  if (few) {
    for (let i = 0; i < firsts.length; i++) put(firsts[i] as number, ends[i] as number, places[i] as number);
    return;
  }
  const many = createFrames(FRAME);
  if (user.frames !== undefined) user.frames((first, end) => many.add(first, Math.min(END, end)));
  else
    eachRun(user, (start, end) => {
      many.add(firstFrame(start), endFrame(end));
      return true;
    });
  for (const { start, end } of many.finish().runs()) put(start, end, Number.NaN);
}

function firstFrame(address: number): number {
  return Math.floor(address / FRAME);
}

function endFrame(address: number): number {
  return Math.min(END, Math.ceil(address / FRAME));
}

/** Tells runs one by one until a listener has enough; whether it heard all. */
function eachRun(user: User, listener: (start: number, end: number, position: number) => boolean): boolean {
  for (const { length, starts, ends, positions } of user.runs()) {
    for (let row = 0; row < length; row++)
      if (!listener(starts[row] as number, ends[row] as number, positions[row] as number)) return false;
  }
  return true;
}

/** `LUO session "vm" token 0x11: contents`. */
export function userText({ place, what }: User): string {
  return what === 'contents' ? wholePlaceText(place) : `${wholePlaceText(place)}: ${what}`;
}

/** Pages that references lead to and no user has told of: those of remapping structures above all. */
export function createTold(owners: Owners): Told {
  const told = createFrames(FRAME);
  const pages: { readonly start: number; readonly end: number; readonly owner: number }[] = [];
  const frames = (address: number | bigint, length: number): readonly [number, number] => {
    const at = Number(address);
    return [Math.floor(at / FRAME), Math.min(END, Math.ceil((at + length) / FRAME))];
  };
  const add = (address: number | bigint, length: number): void => told.add(...frames(address, length));
  const sink: ReferenceSink = {
    blob: ({ address, bytes }) => add(address, bytes.length),
    record: (record, address) => add(address, record.size ?? 1),
    array({ record, count, at }) {
      if (typeof at !== 'object') add(at, count * (record.size ?? 1));
      else for (const run of at.runs) add(run, at.runSize);
    },
    page({ address, length, chain }) {
      const [start, end] = frames(address, length);
      told.add(start, end);
      if (/^(?:structures|PASID directories) of /.test(chain) && pages.length < MAX_STRUCTURES)
        pages.push({ start, end, owner: owners.number(chain) });
    },
    radix({ pages: own }, pageSize) {
      for (const page of own) add(page, pageSize);
    },
    bitmap: ({ address, length }) => add(address, length),
    table: ({ address, words }) => add(address, words.byteLength),
    bytes: add,
  };
  return {
    sink,
    put(bars, used) {
      const seen = new Set<number>();
      for (const { start, end, owner } of pages) {
        if (seen.has(start)) continue;
        seen.add(start);
        bars.add(start, end, owner);
      }
      for (const { start, end } of told.finish().runs()) used.add(start, end);
    },
  };
}

/** A block counts as somebody's where one of its pages is: the kernel restores and frees it as a whole. */
function addUnused(
  bars: Source['bars'],
  { preserved }: Handover,
  kept: Kept,
  used: Frames,
  owner: number,
): void {
  const blocks = preserved?.pages;
  if (blocks?.pageSize !== FRAME) {
    for (const { start, end } of kept.runs())
      for (const gap of gapsIn(used, start, end)) bars.add(gap.start, gap.end, owner);
    return;
  }
  for (const { length, pfn, order, count } of blocks.blockColumns()) {
    for (let row = 0; row < length; row++) {
      const size = 2 ** (order[row] as number);
      const first = pfn[row] as number;
      const end = first + size * (count[row] as number);
      for (const gap of gapsIn(used, first, end)) {
        const from = first + Math.ceil((gap.start - first) / size) * size;
        const to = first + Math.floor((gap.end - first) / size) * size;
        bars.add(from, to, owner);
      }
    }
  }
}

function finished(sources: readonly Source[]): Lane[] {
  const filled = sources.filter(({ bars }) => bars.runs > 0);
  const each = Math.min(MAX_OWN_BARS, Math.floor(MAX_BARS / Math.max(1, filled.length)));
  return filled.map(({ id, title, kind, about, bars }) => {
    const levels: Bars[] = [bars.finish(each)];
    for (let last = levels[0]; last !== undefined && last.length > FEWEST; last = levels.at(-1))
      levels.push(fewer(last, Math.max(FEWEST, Math.floor(last.length / COARSER))));
    let pages = 0;
    for (let i = 0; i < (levels[0]?.length ?? 0); i++) pages += levels[0]?.covered[i] ?? 0;
    return { id, title, kind, about, pages, runs: bars.runs, levels };
  });
}

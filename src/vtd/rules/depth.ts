/**
 * Whether a table has as many levels as its entry or domain says. One level too few, and every leaf leads to a page
 * table; one too many, and no page of the last level is one. The pages that tell are read by themselves, a few of
 * them, before the walk: a wrong depth has hundreds of consequences, none of which says what is wrong.
 */
import { FS_PTE_BITS, SS_PTE_BITS } from '../../records/vtd.js';
import { gaps } from '../../validate/pages.js';
import { type EntryFormat, pfnOf } from '../walk/format.js';
import { readKnown, type Sink } from './sink.js';
import { formatOf } from './table-rows.js';
import { isForeign, type Target } from './target.js';

const PAGE = 4096;
/** Tables of one level that are looked at, and entries of each: evenly spread over the table. */
const MAX_TABLES = 16;
const MAX_ENTRIES = 32;
/** So many pages are enough where nothing but their absence speaks for a wrong depth. */
const MANY = 8;
/** With fewer words in it, a page that is not a table may be a damaged one. */
const FEW = 4;
const LEVELS = { second: [3, 5], first: [4, 5] } as const;

const SECOND_STAGE_CLEAR = SS_PTE_BITS.x.lo | SS_PTE_BITS.emt.lo | SS_PTE_BITS.ipat.lo;

/** What it takes to read tables of a target. */
interface Reader {
  readonly sink: Sink;
  readonly format: EntryFormat;
  readonly stage: Target['stage'];
  /** The budget ran out: what was read tells nothing. */
  spent: boolean;
}

/** How a page reads as a table of a level; `unclear`: no table, but so few words that damage may be why. */
type Reading = 'absent' | 'empty' | 'table' | 'unclear' | 'other';

interface EntryAt {
  readonly lo: number;
  readonly hi: number;
}

interface Page {
  readonly reading: Reading;
  /** Present entries. */
  readonly entries: readonly EntryAt[];
}

function isPresent({ presentLo, presentHi }: EntryFormat, lo: number, hi: number): boolean {
  return ((lo & presentLo) | (hi & presentHi)) !== 0;
}

/**
 * @param level 1 to 5
 * @param keep whether its entries are of interest; else none are told
 */
function readPage(reader: Reader, address: number, level: number, keep = true): Page {
  const { sink, format } = reader;
  if (reader.spent) return { reading: 'absent', entries: [] };
  const bytes = readKnown(sink.memory, address, PAGE);
  if (bytes.length < PAGE) return { reading: 'absent', entries: [] };
  // Looking at all entries of a page costs what walking it does.
  if (sink.memory.budget?.take('tables', PAGE) === false) {
    reader.spent = true;
    return { reading: 'absent', entries: [] };
  }
  const view = new DataView(bytes.buffer);
  const entries: EntryAt[] = [];
  let present = 0;
  let broken = 0;
  let stale = 0;
  for (let at = 0; at < PAGE; at += 8) {
    const lo = view.getInt32(at, true);
    const hi = view.getInt32(at + 4, true);
    if ((lo | hi) === 0) continue;
    if (!isPresent(format, lo, hi)) {
      stale++;
      continue;
    }
    present++;
    if (keep) entries.push({ lo, hi });
    if (isBroken(reader, lo, hi, level)) broken++;
  }
  const words = present + stale;
  if (words === 0) return { reading: 'empty', entries };
  if ((broken + stale) * 2 <= words) return { reading: 'table', entries };
  return { reading: words < FEW ? 'unclear' : 'other', entries };
}

function isLarge({ largeLo, largeLevels }: EntryFormat, lo: number, level: number): boolean {
  return (lo & largeLo) !== 0 && ((largeLevels >>> level) & 1) === 1;
}

/** Whether an entry is none that a kernel writes at this level: reserved bits, or an address where nothing is. */
function isBroken({ sink, format, stage }: Reader, lo: number, hi: number, level: number): boolean {
  const leaf = level === 1 || isLarge(format, lo, level);
  const reservedLo = (leaf ? format.leafReservedLo : format.tableReservedLo)[level] ?? 0;
  const reservedHi = (leaf ? format.leafReservedHi : format.tableReservedHi)[level] ?? 0;
  if (((lo & reservedLo) | (hi & reservedHi)) !== 0) return true;
  // Bit 7 above level 3 is reserved, or, in page tables, selects a memory type, which Linux leaves at 0.
  if ((lo & format.largeLo) !== 0 && (level === 1 || level > 3)) return true;
  // A guest's own page tables are not a second stage: Linux leaves bits 6:2 clear there.
  if (stage === 'second' && (lo & SECOND_STAGE_CLEAR) !== 0) return true;
  const target = pfnOf(format, lo, hi) * PAGE;
  return target === 0 || (!leaf && !sink.ram.canHoldTable(target));
}

function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)] as T);
}

interface Sample {
  readonly addresses: ReadonlySet<number>;
  /** Tables that were read, by level; the top table comes first. */
  readonly tables: readonly { readonly level: number; readonly page: Page }[];
  /** Where the next level down is: the entries of the last level, or those that lead to it. */
  readonly next: readonly EntryAt[];
}

/** How much of a level is looked at. */
interface Spread {
  readonly tables: number;
  readonly entries: number;
}
const SOME: Spread = { tables: MAX_TABLES, entries: MAX_ENTRIES };
/** The first of each, which is one of those too: where it settles the question the others need not be read. */
const FIRST: Spread = { tables: 1, entries: 1 };

/** Follows a few entries of each table from the top down to tables of `last`. */
function sampleDown(
  reader: Reader,
  root: number,
  levels: number,
  last: number,
  most: Spread,
): Sample | undefined {
  const { format } = reader;
  const tables: { level: number; page: Page }[] = [];
  let addresses: number[] = [root];
  const seen = new Set<number>();
  let next: EntryAt[] = [];
  for (let level = levels; level >= last; level--) {
    next = [];
    for (const address of spread(addresses, most.tables)) {
      const page = readPage(reader, address, level);
      if (page.reading === 'absent') return undefined;
      seen.add(address);
      tables.push({ level, page });
      // A superpage leads to no table, nor does what cannot be an entry of this level.
      const leading = page.entries.filter(
        ({ lo, hi }) =>
          level === 1 || !(isLarge(format, lo, level) || (level > last && isBroken(reader, lo, hi, level))),
      );
      next.push(...spread(leading, most.entries));
    }
    addresses = next.map(({ lo, hi }) => pfnOf(format, lo, hi) * PAGE);
  }
  return { addresses: seen, tables, next };
}

interface Readings extends Readonly<Record<Reading, number>> {
  readonly all: number;
  readonly isDecided: boolean;
}

/** Pages that entries lead to, as they read at a level; each page once, up to the first that `decides`. */
function readingsOf(
  reader: Reader,
  entries: readonly EntryAt[],
  level: number,
  decides: (reading: Reading) => boolean,
): Readings {
  const { format } = reader;
  const counts = { absent: 0, empty: 0, table: 0, unclear: 0, other: 0 };
  const addresses = new Set(entries.map(({ lo, hi }) => pfnOf(format, lo, hi) * PAGE));
  for (const address of addresses) {
    const { reading } = readPage(reader, address, level, false);
    counts[reading]++;
    if (decides(reading)) return { ...counts, all: addresses.size, isDecided: true };
  }
  return { ...counts, all: addresses.size, isDecided: false };
}

/** Bits that tell pointers to tables from leaves: what Linux sets in one and not in the other. */
function looksLikeLeaf({ stage }: Target, { lo }: EntryAt, software: boolean): boolean {
  if (stage === 'first') return (lo & FS_PTE_BITS.d.lo) !== 0;
  // Bit 10 is in pointers where walks are not coherent (generic_pt), never in leaves.
  return (lo & SS_PTE_BITS.snp.lo) !== 0 || (software && (lo & SS_PTE_BITS.ignored10.lo) === 0);
}

/** What was found of tables, by stage, root and levels: domains that share one are asked about once. */
export type Depths = Map<string, number | undefined>;

/**
 * The depth that explains a table better than the one that it is said to have.
 *
 * @param depths what it returned before, in one run and with one width of addresses
 * @returns levels, one more or one less than those of the target; undefined where nothing speaks against these
 */
export function betterDepth(sink: Sink, target: Target, depths: Depths): number | undefined {
  const key = `${target.stage} ${target.root} ${target.levels} ${isForeign(target)}`;
  if (!depths.has(key)) depths.set(key, sampledDepth(sink, target));
  return depths.get(key);
}

function sampledDepth(sink: Sink, target: Target): number | undefined {
  const { levels, stage } = target;
  // A process or a guest shapes its tables as it likes.
  if (isForeign(target) || target.root === 0n || target.root >= 2n ** 52n) return undefined;
  const [least, most] = LEVELS[stage];
  if (levels < 2 || levels > 5) return undefined;
  const reader: Reader = { sink, format: formatOf(target), stage, spent: false };
  const root = Number(target.root) - (Number(target.root) % PAGE);
  if (levels < most && isDeeper(reader, target, root)) return reader.spent ? undefined : levels + 1;
  if (levels > least && isShallower(reader, target, root)) return reader.spent ? undefined : levels - 1;
  return undefined;
}

/** Whether all leaves lead to page tables. */
function isDeeper(reader: Reader, target: Target, root: number): boolean {
  const { sink, format } = reader;
  const isNone = (reading: Reading) => reading === 'other' || reading === 'unclear' || reading === 'absent';
  const isSmall = ({ lo }: EntryAt) => (lo & format.largeLo) === 0;
  const first = sampleDown(reader, root, target.levels, 1, FIRST);
  if (first === undefined || readingsOf(reader, first.next.filter(isSmall), 1, isNone).isDecided)
    return false;
  const sample = sampleDown(reader, root, target.levels, 1, SOME);
  if (sample === undefined || sample.next.length === 0) return false;
  const leaves = sample.next;
  // A leaf of 2 MiB of the deeper table is where one of 4 KiB should be: its large bit is set.
  const large = leaves.filter(({ lo }) => (lo & format.largeLo) !== 0 && target.stage === 'second').length;
  const readings = readingsOf(reader, leaves.filter(isSmall), 1, isNone);
  // Memory that a device may read can look like a table by accident, but not all of it.
  if (readings.isDecided || readings.table < readings.empty) return false;
  if (readings.table === 0 && large === 0) return false;
  // A leaf that leads back to the tables, or to those of the unit, is another fault (SS-21, SS-23).
  const known = sink.pages.set();
  for (const { lo, hi } of leaves) {
    const frame = pfnOf(format, lo, hi);
    if (sample.addresses.has(frame * PAGE) || gaps(known, frame, frame + 1).next().done === true)
      return false;
  }
  return true;
}

/** Whether no page of the last level is a table, while the tables above it are whole. */
function isShallower(reader: Reader, target: Target, root: number): boolean {
  const { format } = reader;
  const isTable = (reading: Reading) => reading === 'table';
  const first = sampleDown(reader, root, target.levels, 2, FIRST);
  if (first === undefined || readingsOf(reader, first.next, 1, isTable).isDecided) return false;
  const sample = sampleDown(reader, root, target.levels, 2, SOME);
  if (sample === undefined) return false;
  // As tables of one level less they must be without fault.
  const read = sample.tables.map(({ level, page }) =>
    page.entries.filter(({ lo, hi }) => isBroken(reader, lo, hi, level - 1)),
  );
  if (read.some((broken) => broken.length > 0)) return false;
  const large = sample.tables.filter(
    ({ level, page }) =>
      level > 2 &&
      page.entries.some((entry) => (entry.lo & format.largeLo) !== 0) &&
      page.reading === 'other',
  ).length;
  const readings = readingsOf(reader, sample.next, 1, isTable);
  if (readings.isDecided || (readings.all === 0 && large === 0)) return false;
  const software = sample.tables.some(
    ({ level, page }) => level > 2 && page.entries.some(({ lo }) => (lo & SS_PTE_BITS.ignored10.lo) !== 0),
  );
  const leaves = sample.next.filter((entry) => looksLikeLeaf(target, entry, software)).length;
  if (readings.other > 0 || large > 0 || leaves * 2 > sample.next.length) return true;
  return readings.empty + readings.unclear === 0 && readings.absent >= MANY;
}

/** Lists of folios in preserved vmalloc areas: whatever the file is. */

import type { FolioColumns, FolioRun, FolioView, VmallocArea } from '../../abi/upstream/model.js';
import { tellEntries } from '../../memory/work.js';
import type { KhoVmalloc } from '../../records/vmalloc.js';
import { mayBeUnlike } from '../../schema/plausible-lists.js';
import { FOLIO_SER, FOLIO_SER_BITS, FOLIO_SER_SIZE, folioSer } from '../../structures/folios.js';
import { dataView } from '../bytes.js';
import { believedEntries } from './believed.js';
import { type Context, contextOf } from './context.js';
import type { Reporter } from './report.js';
import { clearUnlike, restOfPage } from './reused.js';
import { areaAddress, readArea, readVmalloc } from './vmalloc.js';

const { pfn: PFN, flags: FLAGS } = FOLIO_SER_BITS;

/** A record that names a list of folios. */
export interface FolioOwner {
  /** Physical address of the record. */
  readonly address: bigint;
  /** For messages. */
  readonly what: string;
  /** The kernel's name of the field that holds the number. */
  readonly field: string;
  /** Code of the diagnostic where the number does not fit. */
  readonly code: string;
}

/**
 * Reads the area that a descriptor names, and lays a view over its entries.
 *
 * @param nrFolios as the record says
 */
export function readFolioList(
  context: Context,
  descriptor: KhoVmalloc,
  nrFolios: bigint,
  { address, what, field, code }: FolioOwner,
): { readonly area: VmallocArea; readonly folios: FolioView } {
  const area = readVmalloc(contextOf(context, 'vmalloc', address), descriptor, what);
  const claim = { owner: what, code, location: { address, field } };
  const length = believedEntries(context, area, nrFolios, FOLIO_SER_SIZE, claim);
  const gap = firstAbsent(context, area, length * FOLIO_SER_SIZE);
  const { reporter } = context;
  if (gap !== undefined) reporter.of('folios', address).absent(`list of folios of ${what}`, gap);
  const folios = folioView(context, area, length, `list of folios of ${what}`);
  // Longer ones are judged as they are read.
  if (length * FOLIO_SER_SIZE <= JUDGED_AT_ONCE) folios.judge(reporter);
  else reporter.reusedMemory.unjudged.push(() => folios.judge());
  return { area, folios };
}

/** Bytes of a list that is read for that alone. */
const JUDGED_AT_ONCE = 1 << 20;

/** Physical address of the first absent byte of an area's first `length` bytes. */
function firstAbsent({ memory }: Context, area: VmallocArea, length: number): bigint | undefined {
  for (let offset = 0; offset < length; offset += area.runSize) {
    const start = areaAddress(area, offset);
    const size = Math.min(area.runSize, length - offset);
    if (start > 1n << 52n) return start;
    for (const run of memory.runs(Number(start), Number(start) + size)) {
      if (run.state === 'absent') return BigInt(run.start);
    }
  }
  return undefined;
}

/** Entries read at a time, 64 KiB: as many as a read costs little beside them. */
const WINDOW = 4096;

/** A list of folios, and how what cannot be one is found. */
interface JudgedFolios extends FolioView {
  /** @param reporter while the decoding goes on; afterwards the ranges alone take what is found */
  judge(reporter?: Pick<Reporter, 'reused'>): void;
}

function folioView(
  { memory, reporter, pageSize }: Context,
  area: VmallocArea,
  length: number,
  what: string,
): JudgedFolios {
  const late: Pick<Reporter, 'reused'> = {
    reused: (_, start, end) => void reporter.reusedMemory.ranges.push({ what, start, end }),
  };
  /** Entries before this one were judged. */
  let judged = 0;
  /** Whether there is anything among them that has to be looked at each time. */
  let odd = false;

  function* windows(told = late): Generator<Window & { view: DataView; first: number }> {
    const bytes = new Uint8Array(Math.min(WINDOW, length) * FOLIO_SER_SIZE);
    const view = dataView(bytes);
    const words = new Uint32Array(bytes.buffer);
    const signed = new Int32Array(bytes.buffer);
    for (let first = 0; first < length; first += WINDOW) {
      const wanted = Math.min(WINDOW, length - first);
      const offset = first * FOLIO_SER_SIZE;
      const known = readArea({ memory }, area, offset, wanted * FOLIO_SER_SIZE, bytes);
      const count = Math.floor(known / FOLIO_SER_SIZE);
      if ((odd || first + count > judged) && mayBeUnlike(folioSer, signed, count)) {
        odd = true;
        clear(told, bytes, first, count);
      }
      judged = Math.max(judged, first + count);
      tellEntries(wanted);
      yield { view, words, first, count };
      if (count < wanted) {
        judged = length;
        return;
      }
    }
  }

  /** Clears entries that are none, run by run, as what is told are physical addresses. */
  function clear(told: Pick<Reporter, 'reused'>, bytes: Uint8Array, first: number, count: number): void {
    const from = first * FOLIO_SER_SIZE;
    const length = count * FOLIO_SER_SIZE;
    for (let done = 0; done < length; ) {
      const inRun = area.runSize - ((from + done) % area.runSize);
      const size = Math.min(inRun, length - done);
      const piece = { bytes: bytes.subarray(done, done + size), at: Number(areaAddress(area, from + done)) };
      const around = restOfPage({ memory, pageSize }, piece.at + size);
      clearUnlike(first < judged ? NOBODY : told, folioSer, piece, 0, size, what, around);
      done += size;
    }
  }

  return {
    length,
    judge(told) {
      if (judged < length) for (const _ of windows(told));
    },
    each(visit) {
      for (const { view, first, count } of windows()) {
        for (let i = 0; i < count; i++) {
          const at = i * FOLIO_SER_SIZE;
          visit(folioPfn(view, at), folioFlags(view, at), folioIndex(view, at), first + i);
        }
      }
    },
    columns: (skip) => folioColumns(skip === undefined ? windows() : without(windows(), skip), length),
    runs: () => folioRuns(folioColumns(windows(), length)),
  };
}

const NOBODY: Pick<Reporter, 'reused'> = { reused() {} };

/** Consecutive entries of a list, as words. */
interface Window {
  readonly words: Uint32Array;
  readonly count: number;
}

/** Words of an entry, and which of them are the index. */
const ENTRY_WORDS = FOLIO_SER_SIZE / 4;
const PFN_WORD = PFN.offset / 4;
const FLAGS_WORD = FLAGS.offset / 4 + 1;
const INDEX_WORD = FOLIO_SER.index / 4;

/** Windows but those whose folios all are between page frames that can be skipped. */
function* without(
  windows: Iterable<Window>,
  skip: (low: number, high: number) => boolean,
): Generator<Window> {
  for (const window of windows) {
    const { words, count } = window;
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (let at = PFN_WORD; at < count * ENTRY_WORDS; at += ENTRY_WORDS) {
      const pfn = (words[at] as number) + ((words[at + 1] as number) & PFN.hi) * 0x1_0000_0000;
      if (pfn < low) low = pfn;
      if (pfn > high) high = pfn;
    }
    if (count > 0 && !skip(low, high)) yield window;
  }
}

/** Runs of a batch. */
const BATCH = 4096;

/** The entries of windows in columns, joined where they go on from each other. */
function* folioColumns(windows: Iterable<Window>, most: number): Generator<FolioColumns> {
  // Tens of thousands of files may have a folio each.
  const size = Math.min(BATCH, most);
  const pfns = new Float64Array(size);
  const flagsOf = new Uint16Array(size);
  const indices = new Float64Array(size);
  const indexWords = new Uint32Array(2 * size);
  const counts = new Float64Array(size);
  const steps = new Float64Array(size);
  const batch = (length: number): FolioColumns => ({
    ...{ length, pfn: pfns, flags: flagsOf, index: indices, indexWords, count: counts, step: steps },
  });
  // The run that is being joined is the last of the columns.
  let last = -1;
  for (const { words, count } of windows) {
    for (let at = 0; at < count * ENTRY_WORDS; at += ENTRY_WORDS) {
      const pfn =
        (words[at + PFN_WORD] as number) + ((words[at + PFN_WORD + 1] as number) & PFN.hi) * 0x1_0000_0000;
      const flags = ((words[at + FLAGS_WORD] as number) & FLAGS.hi) >>> (FLAGS.shift - 32);
      const indexLow = words[at + INDEX_WORD] as number;
      const indexHigh = words[at + INDEX_WORD + 1] as number;
      const index = indexLow + indexHigh * 0x1_0000_0000;
      if (last >= 0 && flags === flagsOf[last] && Number.isSafeInteger(index)) {
        const first = pfns[last] as number;
        const firstIndex = indices[last] as number;
        const joined = counts[last] as number;
        if (joined > 1) {
          const by = joined * (steps[last] as number);
          if (pfn - first === by && index - firstIndex === by) {
            counts[last] = joined + 1;
            continue;
          }
        } else if (pfn - first >= 1 && index - firstIndex === pfn - first && first !== 0) {
          // The second entry sets the step.
          counts[last] = 2;
          steps[last] = pfn - first;
          continue;
        }
      }
      if (++last === size) {
        yield batch(size);
        last = 0;
      }
      pfns[last] = pfn;
      flagsOf[last] = flags;
      indices[last] = index;
      indexWords[2 * last] = indexLow;
      indexWords[2 * last + 1] = indexHigh;
      counts[last] = 1;
      steps[last] = 1;
    }
  }
  if (last >= 0) yield batch(last + 1);
}

/** Columns as an object a run. */
export function* folioRuns(batches: Iterable<FolioColumns>): Generator<FolioRun> {
  for (const { length, pfn, flags, indexWords, count, step } of batches) {
    for (let i = 0; i < length; i++) {
      yield {
        pfn: BigInt(pfn[i] as number),
        flags: flags[i] as number,
        // An index beyond 2^53 stays exact.
        index: (BigInt(indexWords[2 * i + 1] as number) << 32n) | BigInt(indexWords[2 * i] as number),
        count: count[i] as number,
        step: step[i] as number,
      };
    }
  }
}

function folioPfn(view: DataView, at: number): number {
  const word = at + PFN.offset;
  return view.getUint32(word, true) + (view.getUint32(word + 4, true) & PFN.hi) * 0x1_0000_0000;
}

function folioFlags(view: DataView, at: number): number {
  return (view.getUint32(at + FLAGS.offset + 4, true) & FLAGS.hi) >>> (FLAGS.shift - 32);
}

function folioIndex(view: DataView, at: number): number {
  const word = at + FOLIO_SER.index;
  return view.getUint32(word, true) + view.getUint32(word + 4, true) * 0x1_0000_0000;
}

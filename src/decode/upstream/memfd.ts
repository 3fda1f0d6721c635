/** Preserved memfds (mm/memfd_luo.c): the record that `data` of a LUO file points to, and its list of folios. */
import type { FolioColumns, FolioRun, FolioView, Memfd, VmallocArea } from '../../abi/upstream/model.js';
import { readBytes } from '../../memory/read.js';
import {
  MEMFD_LUO_FOLIO_SER,
  MEMFD_LUO_FOLIO_SER_BITS,
  MEMFD_LUO_FOLIO_SER_SIZE,
  MEMFD_LUO_SER_SIZE,
  MEMFD_LUO_SER_V1_SIZE,
  readMemfdLuoSer,
  readMemfdLuoSerV1,
} from '../../records/memfd.js';
import { dataView } from '../bytes.js';
import { believedLength } from './believed.js';
import { type Context, contextOf } from './context.js';
import { areaAddress, areaLength, readArea, readVmalloc } from './vmalloc.js';

const { pfn: PFN, flags: FLAGS } = MEMFD_LUO_FOLIO_SER_BITS;

/**
 * Reads a memfd; undefined when its record is absent.
 *
 * @param version from the file's handler string
 * @param address physical address of the record
 * @param owner the file, for messages
 */
export function readMemfd(
  context: Context,
  version: Memfd['version'],
  address: bigint,
  owner: string,
): Memfd | undefined {
  const { memory, reporter } = context;
  const size = version === 'memfd-v1' ? MEMFD_LUO_SER_V1_SIZE : MEMFD_LUO_SER_SIZE;
  const bytes = readBytes(memory, address, size);
  if (bytes === undefined) {
    reporter.of('memfd', address).absent(`memfd record of ${owner}`, address);
    return undefined;
  }
  const view = dataView(bytes);
  const { folios: descriptor, ...fields } =
    version === 'memfd-v1' ? readMemfdLuoSerV1(view, 0) : readMemfdLuoSer(view, 0);
  const area = readVmalloc(contextOf(context, 'vmalloc', address), descriptor, owner);
  const room = Math.floor(areaLength(area, context.pageSize) / MEMFD_LUO_FOLIO_SER_SIZE);
  // What the descriptor leaves room for: of a list that is absent nothing else is known.
  const claimed = Math.floor((descriptor.totalPages * context.pageSize) / MEMFD_LUO_FOLIO_SER_SIZE);
  if (fields.nrFolios > BigInt(claimed)) {
    reporter.add(
      'memfd-folios',
      `${owner}: nr_folios is ${fields.nrFolios}, the list has room for ${claimed}`,
      {
        address,
        field: 'memfd_luo_ser.nr_folios',
      },
    );
  }
  const wanted = fields.nrFolios > BigInt(room) ? room : Number(fields.nrFolios);
  const believed = believedLength(context, area, wanted * MEMFD_LUO_FOLIO_SER_SIZE, owner);
  const length = Math.floor(believed / MEMFD_LUO_FOLIO_SER_SIZE);
  const gap = firstAbsent(context, area, length * MEMFD_LUO_FOLIO_SER_SIZE);
  if (gap !== undefined) reporter.of('folios', address).absent(`list of folios of ${owner}`, gap);
  return { version, ...fields, area, folios: folioView(context, area, length), origin: { address } };
}

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

/** Entries read at a time: as many as fill a 4 KiB page. */
const WINDOW = 256;

function folioView(context: Pick<Context, 'memory'>, area: VmallocArea, length: number): FolioView {
  const { memory } = context;

  function* windows(): Generator<Window & { view: DataView; first: number }> {
    const bytes = new Uint8Array(WINDOW * MEMFD_LUO_FOLIO_SER_SIZE);
    const view = dataView(bytes);
    const words = new Uint32Array(bytes.buffer);
    for (let first = 0; first < length; first += WINDOW) {
      const wanted = Math.min(WINDOW, length - first);
      const offset = first * MEMFD_LUO_FOLIO_SER_SIZE;
      const known = readArea({ memory }, area, offset, wanted * MEMFD_LUO_FOLIO_SER_SIZE, bytes);
      const count = Math.floor(known / MEMFD_LUO_FOLIO_SER_SIZE);
      yield { view, words, first, count };
      if (count < wanted) return;
    }
  }

  return {
    length,
    each(visit) {
      for (const { view, first, count } of windows()) {
        for (let i = 0; i < count; i++) {
          const at = i * MEMFD_LUO_FOLIO_SER_SIZE;
          visit(folioPfn(view, at), folioFlags(view, at), folioIndex(view, at), first + i);
        }
      }
    },
    columns: () => folioColumns(windows()),
    runs: () => folioRuns(folioColumns(windows())),
  };
}

/** Entries of a list that lie end to end, as words. */
interface Window {
  readonly words: Uint32Array;
  readonly count: number;
}

/** Words of an entry, and which of them are the index. */
const ENTRY_WORDS = MEMFD_LUO_FOLIO_SER_SIZE / 4;
const PFN_WORD = PFN.offset / 4;
const FLAGS_WORD = FLAGS.offset / 4 + 1;
const INDEX_WORD = MEMFD_LUO_FOLIO_SER.index / 4;

/** Runs of a batch. */
const BATCH = 4096;

/** The entries of windows in columns, joined where they go on from each other. */
function* folioColumns(windows: Iterable<Window>): Generator<FolioColumns> {
  const pfns = new Float64Array(BATCH);
  const flagsOf = new Uint16Array(BATCH);
  const indices = new Float64Array(BATCH);
  const indexWords = new Uint32Array(2 * BATCH);
  const counts = new Float64Array(BATCH);
  const steps = new Float64Array(BATCH);
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
      if (++last === BATCH) {
        yield batch(BATCH);
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
        // An index beyond 2^53 is told exactly.
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
  const word = at + MEMFD_LUO_FOLIO_SER.index;
  return view.getUint32(word, true) + view.getUint32(word + 4, true) * 0x1_0000_0000;
}

/** The folio list of a file: its entries in an area, and its account. */

import { hex } from '../schema/units.js';
import { FOLIO_SER, FOLIO_SER_BITS, FOLIO_SER_SIZE } from '../structures/folios.js';
import { type LaidArea, layArea } from './area.js';
import type { Json } from './document.js';
import type { GuestFile } from './guest.js';
import type { Space } from './space.js';

const { pfn: PFN, flags: FLAGS } = FOLIO_SER_BITS;
const WORD = 2 ** 32;
/** Dirty and uptodate: what the kernel sets on every folio. */
const FOLIO_FLAGS = 3;

/** Lays out the list; entries are made page by page. */
function layFolioList(
  space: Space,
  what: string,
  file: GuestFile,
  order: { readonly key: number; readonly disorder: number },
): LaidArea {
  const perPage = space.pageSize / FOLIO_SER_SIZE;
  return layArea(space, what, file.folios * FOLIO_SER_SIZE, order, (page, index) => {
    const first = index * perPage;
    // Hot: four 32-bit words an entry, no bigint.
    file.each(first, perPage, ({ pfn, index: offset }, position) => {
      const at = (position - first) * FOLIO_SER_SIZE;
      const high = Math.floor(pfn / WORD) | (FOLIO_FLAGS << (FLAGS.shift - 32));
      page.setUint32(at + PFN.offset, pfn % WORD, true);
      page.setUint32(at + PFN.offset + 4, high, true);
      page.setUint32(at + FOLIO_SER.index, offset % WORD, true);
      page.setUint32(at + FOLIO_SER.index + 4, Math.floor(offset / WORD), true);
    });
  });
}

/** A list as a document has it; what is long is made when it is read. */
export function layFolios(...list: Parameters<typeof layFolioList>): Json {
  const { descriptor, chunks, runs } = layFolioList(...list);
  const [, , file] = list;
  return {
    list: { ...descriptor, first: hex(descriptor.first), chunks, runs },
    folios: { [Symbol.iterator]: () => folioRuns(file) },
  };
}

/** A file as the writers have it: its list of folios is in its place already. */
export function withoutList(file: Json): Json {
  return Object.fromEntries(
    Object.entries(file).map(([key, value]) => {
      if (typeof value !== 'object' || value === null || !('list' in value && 'folios' in value))
        return [key, value];
      return [key, { ...value, list: { ...(value.list as Json), chunks: [], runs: [] }, folios: [] }];
    }),
  );
}

/** How many folios are drawn at a time. */
const WINDOW = 4096;

/** The list as `dump --format json` writes it: folios whose pfn and index rise by one step are one run. */
function* folioRuns(file: GuestFile): Generator<{ [key: string]: unknown }> {
  let run: { pfn: number; index: number; count: number; step: number } | undefined;
  for (let first = 0; first < file.folios; first += WINDOW) {
    const finished: (typeof run)[] = [];
    file.each(first, WINDOW, ({ pfn, index }) => {
      if (run !== undefined && continues(run, pfn, index)) {
        run.count++;
        return;
      }
      finished.push(run);
      run = { pfn, index, count: 1, step: 1 };
    });
    for (const each of finished) if (each !== undefined) yield runJson(each);
  }
  if (run !== undefined) yield runJson(run);
}

function continues(
  run: { pfn: number; index: number; count: number; step: number },
  pfn: number,
  index: number,
): boolean {
  if (run.count === 1) {
    const step = pfn - run.pfn;
    if (step < 1 || index - run.index !== step) return false;
    run.step = step;
    return true;
  }
  return pfn - run.pfn === run.count * run.step && index - run.index === run.count * run.step;
}

function runJson({ pfn, index, count, step }: { pfn: number; index: number; count: number; step: number }) {
  return {
    pfn: BigInt(pfn),
    flags: hex(FOLIO_FLAGS),
    index: BigInt(index),
    count: count === 1 ? undefined : count,
    step: step === 1 ? undefined : step,
  };
}

/** Page tables of a domain: ranges of files, in leaves as large as addresses and memory allow. */

import { firstFrom } from '../../memory/first-after.js';
import type { Guest } from '../guest.js';
import type { Random } from '../random.js';
import { pagesRegion } from '../regions.js';
import type { Space } from '../space.js';
import { planTables, type TableMapping } from '../tables.js';
import type { IommuPlan } from '../upstream-plan.js';

const PAGE = 4096;
/** Folios of a file that are looked at. */
const MOST_FOLIOS = 2048;
/** Pages of small ranges in all. */
const MOST_PAGES = 1024;
const LARGE = 512;
const GIANT = LARGE * LARGE;
/** Below it, small ranges would meet the interrupt range 0xfee00000. */
const LOW_END = 0x1000;
const HIGH_START = 0x10_0000;

/** The first pages of a file: where they are. */
interface Frames {
  /** Pages that are known. */
  readonly pages: number;
  pfn(page: number): number;
  /** Whether this many pages from one on are adjacent, and the first is aligned to them. */
  whole(page: number, count: number): boolean;
}

function framesOf(guest: Guest, file: number): Frames {
  const indices: number[] = [];
  const pfns: number[] = [];
  const source = guest.files[file];
  const count = Math.min(source?.folios ?? 0, MOST_FOLIOS);
  source?.each(0, count, ({ pfn, index }) => {
    indices.push(index);
    pfns.push(pfn);
  });
  const all = guest.plan.files[file]?.pages ?? 0;
  // Of the last folio that was looked at it is not known where it ends.
  const pages = count === source?.folios ? all : (indices.at(-1) ?? 0);
  const at = (page: number): number => {
    const found = firstFrom(indices, page);
    return indices[found] === page ? found : found - 1;
  };
  // A list covers its file, so that a folio goes on to the next one.
  const pfn = (page: number): number => (pfns[at(page)] ?? 0) + page - (indices[at(page)] ?? 0);
  return {
    pages,
    pfn,
    whole(page, length) {
      const first = pfn(page);
      if (first % length !== 0 || page + length > pages) return false;
      for (let i = at(page) + 1; i < indices.length && (indices[i] ?? 0) < page + length; i++)
        if (pfns[i] !== first + (indices[i] ?? 0) - page) return false;
      return true;
    },
  };
}

/** Lays out the tables of a domain; returns the address of the top one. */
export function layDomainTables(
  space: Space,
  plan: IommuPlan,
  guest: Guest,
  files: readonly number[],
  domain: number,
  random: Random,
): number {
  const tables = planTables({
    mappings: mappingsOf(plan, guest, files, random),
    levels: plan.levels,
    pageSizes: { size2M: plan.leaves !== '4k', size1G: plan.leaves === '1g' },
    fragmentation: 0,
    key: domain,
    stage: plan.stage === 'first' ? 'first' : 'second',
    incoherent: !plan.coherent,
  });
  const base = space.keepPages(tables.pages);
  space.regions.push(
    pagesRegion(`page tables of domain ${domain}`, base, PAGE, tables.pages, (page, number) =>
      tables.write(page, number, (each) => base + each * PAGE),
    ),
  );
  return base;
}

/** Ranges by rising IOVA: some pages at the bottom, above 4 GiB, and as far up as the tables reach. */
function mappingsOf(
  { levels, stage, leaves }: IommuPlan,
  guest: Guest,
  files: readonly number[],
  random: Random,
): TableMapping[] {
  const file = random.pick(files);
  const frames = framesOf(guest, file);
  const mappings: TableMapping[] = [];
  const add = (iova: number, offset: number, pages: number): void => {
    mappings.push({
      iova,
      pages,
      offset,
      pfn: frames.pfn,
      write: random.chance(0.7),
      whole: (page) => frames.whole(page, LARGE),
    });
  };
  const low = Math.min(frames.pages, random.between(1, 16));
  if (random.chance(0.5)) add(random.below(LOW_END), 0, low);
  let next = HIGH_START + random.between(1, 0x10000);
  const most = Math.min(frames.pages, MOST_PAGES);
  for (let offset = 0; offset < most && mappings.length < 6; ) {
    const count = Math.min(most - offset, random.between(1, 300));
    add(next, offset, count);
    next += count + random.between(1, 0x10_0000);
    offset += count + random.below(3);
  }
  const aligned = (size: number): number => Math.ceil(next / size) * size;
  for (const [wanted, size] of [
    ['2m', LARGE],
    ['1g', GIANT],
  ] as const) {
    if (leaves === '4k' || (wanted === '1g' && leaves !== '1g')) continue;
    for (let page = 0, found = 0; found < 2 && page + size <= frames.pages; page += size) {
      if (!frames.whole(page, size)) continue;
      // The pages around it are mapped one by one.
      const before = Math.min(page, random.below(8));
      const after = Math.min(frames.pages - page - size, random.below(8));
      next = aligned(size) + size;
      add(next - before, page - before, size + before + after);
      next += size + after + 1;
      found++;
    }
  }
  // The first stage has the lower half of its width, as the upper one is negative.
  const top = 2 ** (9 * levels - (stage === 'first' ? 1 : 0));
  const reach = top - random.between(1, 0x100) * LARGE;
  if (reach > next) add(reach, 0, low);
  return mappings;
}

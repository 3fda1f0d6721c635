/** Where leaves lead: to pages that are preserved, and to none that hold the tables themselves. */
import type { Handover } from '../../abi/model.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import { hex } from '../../schema/units.js';
import { ACCESS_WRITE, accessesOf, iovasOf, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { mergeBatches } from '../../vtd/walk/runs.js';
import type { WalkRequest } from '../../vtd/walk/state.js';
import { walkTable } from '../../vtd/walk/walk.js';
import { createProbe, gaps, intersections } from '../pages.js';
import type { Finding, Reached, WalkObserver } from '../rule.js';
import { GRANULE_PAGES } from '../survey.js';
import { counted, range } from '../text.js';
import type { Hit } from './row.js';
import type { Sink } from './sink.js';
import type { Target } from './target.js';

const PAGE = 4096n;
/** Stretches that are put into words; more are counted. */
const MAX_STRETCHES = 4096;

/** Stretches outside the preserved pages, as findings. */
export interface Stretches {
  readonly findings: Omit<Finding, 'rule'>[];
  dropped: number;
}

/** Why mapped pages cannot be compared with what is preserved; undefined when they can. */
export function preservedUnknown({ kind, preserved, preservedMap, pageSize }: Handover): string | undefined {
  if (kind !== 'handover') return 'there is no handover tree, so nothing says what is preserved';
  if (preserved === undefined) return 'what is preserved is not known: the memory behind the tree is missing';
  if (preservedMap?.complete === false) return 'the preserved memory map is not whole in the dump';
  return pageSize === 4096 ? undefined : 'VT-d maps pages of 4 KiB, the tree is of another page size';
}

/** Watches where a target's leaves lead, each stretch that continues in IOVA and in memory once (VTD-138). */
export function watchPreserved(out: Stretches, preserved: PageSet, target: Target): WalkObserver {
  const probe = createProbe(preserved);
  let open: { iova: number; target: number; pages: number } | undefined;
  let mapped = 0;
  let missing = 0;

  function close(): void {
    if (open === undefined) return;
    const iova = BigInt(open.iova) * PAGE;
    const at = BigInt(open.target) * PAGE;
    const length = BigInt(open.pages) * PAGE;
    missing += open.pages;
    if (out.findings.length >= MAX_STRETCHES) out.dropped++;
    else {
      out.findings.push({
        severity: 'error',
        message: `${target.name} maps IOVA ${range(iova, iova + length)} to ${hex(at)}, which is not preserved`,
        location: { ...target.place, iova, iovaEnd: iova + length, address: at },
        found: `${counted(open.pages, 'page')} at ${hex(at)}`,
      });
    }
    open = undefined;
  }

  return {
    leaves(batch) {
      mapped += batch.totalPages;
    },
    watches: (from, end) => probe(from, end) !== 'inside',
    runs(batch) {
      const iovas = iovasOf(batch);
      const targets = targetsOf(batch);
      const lengths = pagesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const at = targets[row] as number;
        const pages = lengths[row] as number;
        if (probe(at, at + pages) === 'inside') continue;
        for (const { start, end } of gaps(preserved, at, at + pages)) {
          const iova = (iovas[row] as number) + start - at;
          if (open !== undefined && open.iova + open.pages === iova && open.target + open.pages === start) {
            open.pages += end - start;
          } else {
            close();
            open = { iova, target: start, pages: end - start };
          }
        }
      }
    },
    end() {
      close();
      if (missing === 0) return;
      out.findings.push({
        severity: 'note',
        message: `of ${mapped} pages of 4 KiB that ${target.name} maps, ${missing} are not preserved`,
        location: target.place,
        found: `${mapped - missing} of ${mapped} preserved`,
        expected: 'all of them',
      });
    },
  };
}

/** Remembers where the leaves of every walk lead, to be compared with the tables of all of them. */
export interface TargetRuns {
  /** @param request what was walked: it is walked again if some leaf comes near a structure */
  watch(owner: number, request: WalkRequest): WalkObserver;
  /** Reports leaves that map pages of VT-d structures (SS-23). */
  compare(sink: Sink, targets: readonly Target[]): void;
}

export function createTargetRuns(): TargetRuns {
  const walks = new Map<number, { readonly request: WalkRequest; readonly reached: Reached }>();
  return {
    watch: (owner, request) => ({
      reached({ granules, far }) {
        walks.set(owner, { request, reached: { granules: granules.slice(), far } });
      },
    }),
    compare(sink, targets) {
      const set = pageSet(sink.pages.ranges(), Number(PAGE));
      const near = new Set<number>();
      for (const { start, end } of set.runs()) {
        const last = Math.floor((end - 1) / GRANULE_PAGES);
        for (let granule = Math.floor(start / GRANULE_PAGES); granule <= last; granule++) near.add(granule);
      }
      for (const [owner, { request, reached }] of walks) {
        const target = targets[owner];
        const meets = reached.far || reached.granules.some((granule) => near.has(granule));
        const met = target === undefined || !meets ? undefined : meetings(request, set, target);
        if (met !== undefined && target !== undefined)
          sink.tally.see('SS-23', met.hit, target.setting, met.pages);
      }
    },
  };
}

/** The leaves of a table that map pages of a set: the first one, and how many pages. */
function meetings(
  request: WalkRequest,
  set: PageSet,
  target: Target,
): { readonly hit: Hit; readonly pages: number } | undefined {
  const probe = createProbe(set);
  let hit: Hit | undefined;
  let met = 0;
  for (const batch of mergeBatches(walkTable(request).batches, request.format)) {
    const targets = targetsOf(batch);
    const lengths = pagesOf(batch);
    for (let row = 0; row < batch.length; row++) {
      const at = targets[row] as number;
      const pages = lengths[row] as number;
      if (probe(at, at + pages) === 'outside') continue;
      for (const part of intersections(set, at, at + pages)) {
        hit ??= reaches(target, part, (iovasOf(batch)[row] as number) - at, accessesOf(batch)[row] as number);
        met += part.end - part.start;
      }
    }
  }
  return hit === undefined ? undefined : { hit, pages: met };
}

/** A target's way to pages of structures; `shift` leads from their page frame numbers to input addresses. */
function reaches(
  target: Target,
  { start, end }: { readonly start: number; readonly end: number },
  shift: number,
  rights: number,
): Hit {
  const iova = BigInt(start + shift) * PAGE;
  const address = BigInt(start) * PAGE;
  const can = (rights & ACCESS_WRITE) === 0 ? 'read' : 'write';
  const text = `${target.name} can ${can} a page of the VT-d structures: IOVA ${hex(iova)} leads to ${hex(address)}`;
  const iovaEnd = BigInt(end + shift) * PAGE;
  return { text, key: target.name, location: { ...target.place, iova, iovaEnd, address } };
}

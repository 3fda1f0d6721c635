/** The areas of one iommufd as sorted, disjoint stretches of IOVA pages, met with the leaves of its domain. */

import type { Domain, Ioas, IoasArea, Iommufd } from '../../abi/model.js';
import { firstAfter } from '../../memory/first-after.js';
import type { Facts } from '../../validate/facts.js';
import type { Subject } from '../../validate/rule.js';
import { areaSubject, domainSubject } from '../../validate/subject.js';
import { endOf, iovasOf, type LeafBatch, pagesOf, startOf } from '../../vtd/walk/batch.js';
import { areaRange } from '../iommufd/rules-areas.js';

/** IOVA pages of one area; where areas overlap, of the first one. */
export interface Segment {
  /** Page frame numbers, half-open. */
  readonly start: number;
  readonly end: number;
  readonly ioas: Ioas;
  readonly area: IoasArea;
  /** True when another area of the iommufd covers part of the same IOVAs. */
  readonly shared: boolean;
}

/** An area for messages. */
export function areaName({ area, ioas }: Segment): string {
  return `area ${area.index ?? area.nodeName} of IOAS ${ioas.id ?? ioas.nodeName}`;
}

/** Whose a finding on the area of a domain is. */
export function segmentSubject(domain: Domain, { ioas, area }: Segment): Subject {
  return { ...domainSubject(domain), ...areaSubject({}, ioas, area) };
}

const PAGE = 4096n;

/** The segments, ascending. Areas that wrap or are empty have none: rules of their own report them. */
export function segmentsOf(iommufd: Iommufd | undefined): Segment[] {
  const all: { start: number; end: number; ioas: Ioas; area: IoasArea }[] = [];
  for (const ioas of iommufd?.ioases ?? []) {
    for (const area of ioas.areas) {
      const bounds = areaRange(area);
      if (bounds === undefined) continue;
      all.push({
        start: Number(bounds.start / PAGE),
        end: Number((bounds.end + PAGE - 1n) / PAGE),
        ioas,
        area,
      });
    }
  }
  all.sort((a, b) => a.start - b.start);
  const segments: Segment[] = [];
  let reach = 0;
  all.forEach((part, i) => {
    const shared = part.start < reach || (all[i + 1]?.start ?? Number.POSITIVE_INFINITY) < part.end;
    const start = Math.max(part.start, reach);
    if (start < part.end) segments.push({ ...part, start, shared });
    reach = Math.max(reach, part.end);
  });
  return segments;
}

/** A row of `located` is in no segment. */
export const NOWHERE = -1;
/** A row of `located` is in several, or in part outside: `pieces` takes it apart. */
export const APART = -2;

/** A stretch of IOVA pages inside one segment, or in none. */
export interface Piece {
  readonly segment: Segment | undefined;
  readonly start: number;
  readonly end: number;
}

/** The areas of a domain's iommufd, and where its runs are in them. */
export interface DomainAreas {
  readonly segments: readonly Segment[];
  /** Index of the segment that all rows of the batch are in, -1 when there is none. */
  around(batch: LeafBatch): number;
  /**
   * The segments [from, to) that together have all IOVAs of a batch, which has none left out; undefined where there are
   * none. With many small areas no batch is in one of them.
   */
  over(batch: LeafBatch): { readonly from: number; readonly to: number } | undefined;
  /** For each row of the batch the index of its segment, NOWHERE or APART; shared by all rules that ask. */
  located(batch: LeafBatch): Int32Array;
  /** [start, end) cut at the borders of segments. */
  pieces(start: number, end: number): Iterable<Piece>;
}

/** One per domain: every rule on areas uses the same. */
const known = new WeakMap<Domain, DomainAreas>();

/** The areas that a domain's leaves are of. */
export function areasOf(domain: Domain, facts: Facts): DomainAreas {
  let areas = known.get(domain);
  if (areas === undefined) {
    const id = domain.persistentId;
    areas = createAreas(segmentsOf(id === undefined ? undefined : facts.iommufd(id)));
    known.set(domain, areas);
  }
  return areas;
}

function createAreas(segments: readonly Segment[]): DomainAreas {
  const starts = Float64Array.from(segments, ({ start }) => start);
  const ends = Float64Array.from(segments, ({ end }) => end);
  let rows = new Int32Array(0);
  let known: LeafBatch | undefined;
  let serial = -1;
  return {
    segments,
    around(batch) {
      const start = startOf(batch);
      const at = firstAfter(ends, start);
      const inside =
        at < starts.length && start >= (starts[at] as number) && endOf(batch) <= (ends[at] as number);
      return inside ? at : -1;
    },
    over(batch) {
      const end = endOf(batch);
      let reach = startOf(batch);
      if (end - reach !== batch.totalPages) return undefined;
      const from = firstAfter(ends, reach);
      let to = from;
      while (to < starts.length && reach < end) {
        if ((starts[to] as number) > reach) return undefined;
        reach = ends[to++] as number;
      }
      return reach < end ? undefined : { from, to };
    },
    located(batch) {
      if (known === batch && serial === batch.serial) return rows;
      if (rows.length < batch.length) rows = new Int32Array(batch.level.length);
      locate(batch, starts, ends, rows);
      known = batch;
      serial = batch.serial;
      return rows;
    },
    *pieces(start, end) {
      let at = firstAfter(ends, start);
      for (let from = start; from < end; ) {
        const segment = segments[at];
        if (segment === undefined || segment.start >= end) {
          yield { segment: undefined, start: from, end };
          return;
        }
        if (segment.start > from) yield { segment: undefined, start: from, end: segment.start };
        from = Math.max(from, segment.start);
        const to = Math.min(end, segment.end);
        yield { segment, start: from, end: to };
        from = to;
        at++;
      }
    },
  };
}

function locate(batch: LeafBatch, starts: Float64Array, ends: Float64Array, rows: Int32Array): void {
  const { length } = batch;
  const iova = iovasOf(batch);
  const pages = pagesOf(batch);
  const count = starts.length;
  let at = firstAfter(ends, iova[0] ?? 0);
  for (let row = 0; row < length; row++) {
    const start = iova[row] as number;
    const end = start + (pages[row] as number);
    while (at < count && (ends[at] as number) <= start) at++;
    if (at === count || end <= (starts[at] as number)) rows[row] = NOWHERE;
    else rows[row] = start >= (starts[at] as number) && end <= (ends[at] as number) ? at : APART;
  }
}

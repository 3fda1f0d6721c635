/** Areas against leaves (rfc-2024 S3 to S5): what is mapped is what was asked for. */
import type { Ioas } from '../../abi/model.js';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  accessesOf,
  commonAccess,
  endOf,
  iovasOf,
  type LeafBatch,
  pagesOf,
  startOf,
  targetsOf,
} from '../../vtd/walk/batch.js';
import { domainName, placeOf } from '../dmar/nodes.js';
import { IOMMU_READ, IOMMU_WRITE } from '../iommufd/areas.js';
import { RFC_2024 } from '../rule.js';
import { rulesOf } from '../shapes.js';
import { areaSubject, domainSubject } from '../subject.js';
import { counted, hex, range } from '../text.js';
import { APART, areasOf, type DomainAreas, NOWHERE, type Segment } from './segments.js';

const rule = rulesOf({ generations: RFC_2024, needs: ['memory'] });

const PAGE = 4096n;
/** Unmapped stretches put into words for one domain. */
const MAX_HOLES = 4096;

function bytes(page: number): bigint {
  return BigInt(page) * PAGE;
}

/** An area for messages. */
export function areaName({ area, ioas }: Segment): string {
  return `area ${area.index ?? area.nodeName} of IOAS ${ioas.id ?? ioas.nodeName}`;
}

export const mappedIsAsked = rule({
  id: 'MAP-003',
  title: "every mapping is in an area of the domain's iommufd",
  source: 'rfc-2024 S3',
  evidence: 'drivers/iommu/iommufd/io_pagetable.c (areas are what the tables are filled from)',
  consequence:
    'nothing in the next kernel knows the mapping: it cannot be unmapped, and its page is not pinned',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  observe({ facts }, domain, report) {
    const areas = areasOf(domain, facts);
    let open: { start: number; end: number; target: number } | undefined;
    const close = (): void => {
      if (open === undefined) return;
      if (!report.room()) {
        report.more(1);
        open = undefined;
        return;
      }
      report.finding({
        subject: domainSubject(domain),
        message: `${domainName(domain)} maps IOVA ${range(bytes(open.start), bytes(open.end))} to ${hex(bytes(open.target))} without an area`,
        location: {
          ...placeOf(domain),
          iova: bytes(open.start),
          iovaEnd: bytes(open.end),
          address: bytes(open.target),
        },
      });
      open = undefined;
    };
    return {
      runs(batch) {
        if (areas.around(batch) >= 0) return;
        const located = areas.located(batch);
        const iovas = iovasOf(batch);
        const targets = targetsOf(batch);
        const lengths = pagesOf(batch);
        for (let row = 0; row < batch.length; row++) {
          const at = located[row];
          if (at !== NOWHERE && at !== APART) continue;
          const iova = iovas[row] as number;
          for (const { segment, start, end } of areas.pieces(iova, iova + (lengths[row] as number))) {
            if (segment !== undefined) continue;
            if (open?.end === start) {
              open.end = end;
            } else {
              close();
              open = { start, end, target: (targets[row] as number) + start - iova };
            }
          }
        }
      },
      end: close,
    };
  },
});

export const askedIsMapped = rule({
  id: 'MAP-004',
  title: 'every page of an area is mapped in the domain',
  source: 'rfc-2024 S4',
  evidence: 'drivers/iommu/iommufd/io_pagetable.c iopt_fill_domains_pages (areas are fully populated)',
  consequence: 'the device faults on memory that user space believes is mapped',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  observe({ facts }, domain, report) {
    const { segments, pieces } = areasOf(domain, facts);
    let mappedEnd = 0;
    const holes: { segment: Segment; start: number; end: number }[] = [];
    /** Pages without a leaf. */
    const unmapped = new Map<Ioas, number>();
    /** Looks at a stretch of IOVAs that no leaf maps. */
    const hole = (from: number, to: number): void => {
      for (const { segment, start, end } of pieces(from, to)) {
        if (segment === undefined) continue;
        unmapped.set(segment.ioas, (unmapped.get(segment.ioas) ?? 0) + end - start);
        if (report.room() && holes.length < MAX_HOLES) holes.push({ segment, start, end });
        else report.more(1);
      }
    };
    return {
      runs(batch) {
        const end = endOf(batch);
        if (startOf(batch) === mappedEnd && end - mappedEnd === batch.totalPages) {
          mappedEnd = end;
          return;
        }
        const iovas = iovasOf(batch);
        const lengths = pagesOf(batch);
        for (let row = 0; row < batch.length; row++) {
          const iova = iovas[row] as number;
          if (iova > mappedEnd) hole(mappedEnd, iova);
          mappedEnd = iova + (lengths[row] as number);
        }
      },
      end({ anomalies }) {
        hole(mappedEnd, Math.max(mappedEnd, segments.at(-1)?.end ?? 0));
        // What an absent table maps is unknown, not unmapped; the runner reports the rule as skipped then.
        const unknown = anomalies.filter(({ kind }) => kind === 'table-absent');
        const apart = unmappedAsWholes(segments, unmapped);
        for (const ioas of unknown.length > 0 ? [] : apart) {
          report.finding({
            severity: 'note',
            subject: domainSubject(domain),
            message: `${domainName(domain)} maps nothing of IOAS ${ioas.id ?? ioas.nodeName}, but something of another: it has no hardware table, or one that is not handed over`,
            location: placeOf(ioas),
          });
        }
        for (const { segment, start, end } of holes) {
          if (apart.has(segment.ioas)) continue;
          if (unknown.some(({ iova, lastIovaEnd }) => iova < bytes(end) && lastIovaEnd > bytes(start)))
            continue;
          report.finding({
            subject: { ...domainSubject(domain), ...areaSubject({}, segment.ioas, segment.area) },
            message: `${areaName(segment)} covers IOVA ${range(bytes(start), bytes(end))}, which ${domainName(domain)} does not map`,
            location: {
              ...(segment.area.origin?.fdtPath === undefined
                ? placeOf(domain)
                : { fdtPath: segment.area.origin.fdtPath }),
              iova: bytes(start),
              iovaEnd: bytes(end),
            },
          });
        }
      },
    };
  },
});

/** IOASes of which no page is mapped, where pages of another are: a domain is of one IOAS, an iommufd may have more. */
function unmappedAsWholes(
  segments: readonly Segment[],
  unmapped: ReadonlyMap<Ioas, number>,
): ReadonlySet<Ioas> {
  const pages = new Map<Ioas, number>();
  for (const { ioas, start, end } of segments) pages.set(ioas, (pages.get(ioas) ?? 0) + end - start);
  const apart = [...pages].filter(([ioas, count]) => unmapped.get(ioas) === count).map(([ioas]) => ioas);
  return new Set(apart.length < pages.size ? apart : []);
}

interface Sum {
  pages: number;
  first: number;
}

/**
 * Sums up, by segment, the pages whose leaves have rights that `wrong` finds wrong for the segment. Where
 * areas overlap (IOMMUFD-011) it is open which of them a leaf is of, so shared segments are left out.
 */
function sumRights(
  areas: DomainAreas,
  wrong: (access: number, segment: Segment) => boolean,
): { runs(batch: LeafBatch): void; sums: Map<Segment, Sum> } {
  const sums = new Map<Segment, Sum>();
  // What is wrong depends on the segment and two bits of access only: one byte for each.
  const table = Uint8Array.from(
    areas.segments.flatMap((segment) =>
      [0, 1, 2, 3].map((access) => Number(!segment.shared && wrong(access, segment))),
    ),
  );
  const add = (segment: Segment | undefined, access: number, start: number, end: number): void => {
    if (segment === undefined || segment.shared || !wrong(access, segment)) return;
    const sum = sums.get(segment);
    if (sum === undefined) sums.set(segment, { pages: end - start, first: start });
    else sum.pages += end - start;
  };
  const runs = (batch: LeafBatch): void => {
    const segment = areas.around(batch);
    const common = segment < 0 ? -1 : commonAccess(batch);
    if (common >= 0 && table[segment * 4 + common] === 0) return;
    const located = areas.located(batch);
    const accesses = accessesOf(batch);
    const iovas = iovasOf(batch);
    const lengths = pagesOf(batch);
    for (let row = 0; row < batch.length; row++) {
      const at = located[row] as number;
      const access = accesses[row] as number;
      if (at === NOWHERE || (at >= 0 && table[at * 4 + access] === 0)) continue;
      const iova = iovas[row] as number;
      const end = iova + (lengths[row] as number);
      for (const piece of areas.pieces(iova, end)) add(piece.segment, access, piece.start, piece.end);
    }
  };
  return { runs, sums };
}

export const writeRights = rule({
  id: 'MAP-005',
  title: 'leaves are writable exactly where their area is',
  source: 'rfc-2024 S5',
  evidence: 'drivers/iommu/intel/iommu.c intel_iommu_map',
  consequence: 'the device can write where it must not, or faults where it may write',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  observe({ facts }, domain, report) {
    const id = domain.persistentId;
    const { runs, sums } = sumRights(
      areasOf(domain, facts),
      (access, { area }) => ((access & ACCESS_WRITE) !== 0) !== (((area.iommuProt ?? 0) & IOMMU_WRITE) !== 0),
    );
    return {
      runs,
      end() {
        for (const [segment, { pages, first }] of sums) {
          const asked = ((segment.area.iommuProt ?? 0) & IOMMU_WRITE) !== 0;
          report.finding({
            subject: { ...domainSubject(domain), ...areaSubject({}, segment.ioas, segment.area) },
            message: `${areaName(segment)} of iommufd ${id} is ${asked ? 'writable' : 'read-only'}, but ${counted(pages, 'page')} of it are ${asked ? 'read-only' : 'writable'} in the table, the first at IOVA ${hex(bytes(first))}`,
            location: { ...placeOf(segment.area), property: 'iommu-prot', iova: bytes(first), bits: '1' },
            found: asked ? 'W = 0' : 'W = 1',
            expected: asked ? 'W = 1' : 'W = 0',
          });
        }
      },
    };
  },
});

export const readRights = rule({
  id: 'MAP-015',
  title: 'leaves of a write-only area are not readable',
  severity: 'warning',
  source: 'rfc-2024 2.2, S5',
  evidence: 'drivers/iommu/intel/iommu.c __domain_mapping (always sets bit 0, which is the read bit)',
  consequence: 'the device can read memory that it was given for writing only',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  observe({ facts }, domain, report) {
    const id = domain.persistentId;
    const { runs, sums } = sumRights(
      areasOf(domain, facts),
      (access, { area }) =>
        (access & ACCESS_READ) !== 0 && area.iommuProt !== undefined && (area.iommuProt & IOMMU_READ) === 0,
    );
    return {
      runs,
      end() {
        for (const [segment, { pages, first }] of sums) {
          report.finding({
            subject: { ...domainSubject(domain), ...areaSubject({}, segment.ioas, segment.area) },
            message: `${areaName(segment)} of iommufd ${id} is write-only, but ${counted(pages, 'page')} of it are readable in the table: __domain_mapping() sets bit 0 in every leaf`,
            location: { ...placeOf(segment.area), property: 'iommu-prot', iova: bytes(first), bits: '0' },
            found: 'R = 1',
            expected: 'R = 0',
          });
        }
      },
    };
  },
});

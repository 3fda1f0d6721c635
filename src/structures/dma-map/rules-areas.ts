/** Areas against leaves (rfc-2024 S3 to S5): what is mapped is what was asked for. */
import type { Ioas } from '../../abi/model.js';
import type { Rule } from '../../validate/rule.js';
import type { Words } from '../../validate/shapes.js';
import { domainName, placeOf } from '../../validate/subject.js';
import { counted, hex, range } from '../../validate/text.js';
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
import { walkRule } from '../intel-iommu/rules-view.js';
import { IOMMU_READ, IOMMU_WRITE } from '../iommufd/rules-areas.js';
import { APART, areaName, areasOf, NOWHERE, type Segment, segmentSubject } from './rules-segments.js';

const PAGE = 4096n;
/** Unmapped stretches put into words for one domain. */
const MAX_HOLES = 4096;

function bytes(page: number): bigint {
  return BigInt(page) * PAGE;
}

export const mappedIsAsked = walkRule({
  id: 'MAP-003',
  title: "every mapping is in an area of the domain's iommufd",
  source: 'rfc-2024 S3',
  evidence: 'drivers/iommu/iommufd/io_pagetable.c (areas are what the tables are filled from)',
  consequence:
    'nothing in the next kernel knows the mapping: it cannot be unmapped, and its page is not pinned',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  watch(domain, { facts }, fault, report) {
    const areas = areasOf(domain, facts);
    let open: { start: number; end: number; target: number } | undefined;
    const close = (): void => {
      if (open === undefined) return;
      if (!report.room()) {
        report.more(1);
        open = undefined;
        return;
      }
      fault({
        message: `${domainName(domain)} maps IOVA ${range(bytes(open.start), bytes(open.end))} to ${hex(bytes(open.target))} without an area`,
        location: {
          iova: bytes(open.start),
          iovaEnd: bytes(open.end),
          address: bytes(open.target),
        },
      });
      open = undefined;
    };
    return {
      runs(batch) {
        if (areas.over(batch) !== undefined) return;
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

export const askedIsMapped = walkRule({
  id: 'MAP-004',
  title: 'every page of an area is mapped in the domain',
  source: 'rfc-2024 S4',
  evidence: 'drivers/iommu/iommufd/io_pagetable.c iopt_fill_domains_pages (areas are fully populated)',
  consequence: 'the device faults on memory that user space believes is mapped',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  watch(domain, { facts }, fault, report) {
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
          fault({
            severity: 'note',
            message: `${domainName(domain)} maps nothing of IOAS ${ioas.id ?? ioas.nodeName}, but something of another: it has no hardware table, or one that is not handed over`,
            location: placeOf(ioas),
          });
        }
        for (const { segment, start, end } of holes) {
          if (apart.has(segment.ioas)) continue;
          if (unknown.some(({ iova, lastIovaEnd }) => iova < bytes(end) && lastIovaEnd > bytes(start)))
            continue;
          fault({
            subject: segmentSubject(domain, segment),
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

/** Pages of a segment whose leaves have rights that they should not have. */
interface Sum {
  pages: number;
  first: number;
}

/**
 * A rule on the rights of leaves against those of their area. Where areas overlap (IOMMUFD-011) it is open which of
 * them a leaf is of, so shared segments are left out.
 */
function rightsRule({
  wrong,
  says,
  ...words
}: Omit<Words, 'requires'> & {
  wrong(access: number, segment: Segment): boolean;
  /** What follows the area's name and its iommufd's, and the bit. */
  says(segment: Segment, pages: string, iova: string): { what: string; bit: string; found: number };
}): Rule {
  return walkRule({
    requires: ['DMAR-019', 'IOMMUFD-008'],
    ...words,
    watch(domain, { facts }, fault) {
      const areas = areasOf(domain, facts);
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
      /** Whether all leaves have the same rights, and no segment that they are in finds these wrong. */
      const isRight = (batch: LeafBatch): boolean => {
        const common = commonAccess(batch);
        const over = common < 0 ? undefined : areas.over(batch);
        if (over === undefined) return false;
        for (let segment = over.from; segment < over.to; segment++)
          if (table[segment * 4 + common] !== 0) return false;
        return true;
      };
      return {
        runs(batch) {
          if (isRight(batch)) return;
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
        },
        end() {
          for (const [segment, { pages, first }] of sums) {
            const { what, bit, found } = says(segment, counted(pages, 'page'), hex(bytes(first)));
            const name = bit === '1' ? 'W' : 'R';
            fault({
              subject: segmentSubject(domain, segment),
              message: `${areaName(segment)} of iommufd ${domain.persistentId} is ${what}`,
              location: { ...placeOf(segment.area), property: 'iommu-prot', iova: bytes(first), bits: bit },
              found: `${name} = ${found}`,
              expected: `${name} = ${1 - found}`,
            });
          }
        },
      };
    },
  });
}

function isWritable({ area }: Segment): boolean {
  return ((area.iommuProt ?? 0) & IOMMU_WRITE) !== 0;
}

export const writeRights = rightsRule({
  id: 'MAP-005',
  title: 'leaves are writable exactly where their area is',
  source: 'rfc-2024 S5',
  evidence: 'drivers/iommu/intel/iommu.c intel_iommu_map',
  consequence: 'the device can write where it must not, or faults where it may write',
  wrong: (access, segment) => ((access & ACCESS_WRITE) !== 0) !== isWritable(segment),
  says: (segment, pages, iova) => {
    const [asked, got] = isWritable(segment) ? ['writable', 'read-only'] : ['read-only', 'writable'];
    const what = `${asked}, but ${pages} of it are ${got} in the table, the first at IOVA ${iova}`;
    return { what, bit: '1', found: isWritable(segment) ? 0 : 1 };
  },
});

export const readRights = rightsRule({
  id: 'MAP-015',
  title: 'leaves of a write-only area are not readable',
  severity: 'warning',
  source: 'rfc-2024 2.2, S5',
  evidence: 'drivers/iommu/intel/iommu.c __domain_mapping (always sets bit 0, which is the read bit)',
  consequence: 'the device can read memory that it was given for writing only',
  wrong: (access, { area }) =>
    (access & ACCESS_READ) !== 0 && area.iommuProt !== undefined && (area.iommuProt & IOMMU_READ) === 0,
  says: (_, pages) => ({
    what: `write-only, but ${pages} of it are readable in the table: __domain_mapping() sets bit 0 in every leaf`,
    bit: '0',
    found: 1,
  }),
});

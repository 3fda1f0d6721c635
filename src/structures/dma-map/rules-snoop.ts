/** The snoop bit of leaves against areas. Which bit it is follows from the domain, not from iommu-prot: see gaps. */
import { SS_PTE_BITS } from '../../records/vtd.js';
import { placeOf } from '../../validate/subject.js';
import { counted, hex } from '../../validate/text.js';
import { iovasOf, type LeafBatch, pagesOf, ROW_LO, ROW_WORDS, startOf } from '../../vtd/walk/batch.js';
import { walkRule } from '../intel-iommu/rules-view.js';
import { areaName, areasOf, NOWHERE, type Segment, segmentSubject } from './rules-segments.js';

const PAGE = 4096n;
const SNP = SS_PTE_BITS.snp.lo;

/** Pages of an area by the snoop bit of their leaves. */
interface Snooped {
  with: number;
  without: number;
  /** First IOVA page whose bit is not that of the area's first leaf. */
  other: number;
}

export const snoopIsUniform = walkRule({
  id: 'MAP-017',
  title: 'the leaves of an area agree on the snoop bit',
  severity: 'warning',
  source: 'rfc-2024 2.2, S5; vtd SS-28',
  evidence:
    'drivers/iommu/intel/iommu.c intel_iommu_map (SNP follows set_pte_snp of the domain, which is never cleared), drivers/iommu/iommufd/pages.c (an area is mapped as a whole)',
  consequence: 'the device reads stale memory in part of the area if it sends requests without snooping',
  requires: ['DMAR-019', 'IOMMUFD-008'],
  watch(domain, { facts }, fault) {
    const id = domain.persistentId;
    const areas = areasOf(domain, facts);
    const sums = new Map<Segment, Snooped>();
    const add = (segment: Segment, lo: number, start: number, end: number): void => {
      const sum = sums.get(segment) ?? { with: 0, without: 0, other: -1 };
      sums.set(segment, sum);
      const snooped = (lo & SNP) !== 0;
      if (sum.other < 0 && (snooped ? sum.without : sum.with) > 0) sum.other = start;
      if (snooped) sum.with += end - start;
      else sum.without += end - start;
    };
    const rows = (batch: LeafBatch): void => {
      const located = areas.located(batch);
      const iovas = iovasOf(batch);
      const lengths = pagesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        if (located[row] === NOWHERE) continue;
        const lo = batch.rows[row * ROW_WORDS + ROW_LO] as number;
        const iova = iovas[row] as number;
        // Where areas overlap it is open which of them a leaf is of.
        for (const { segment, start, end } of areas.pieces(iova, iova + (lengths[row] as number)))
          if (segment?.shared === false) add(segment, lo, start, end);
      }
    };
    return {
      runs(batch) {
        const differs = ((batch.orLo ^ batch.andLo) & SNP) !== 0;
        const over = differs ? undefined : areas.over(batch);
        if (over === undefined) {
          rows(batch);
          return;
        }
        const start = startOf(batch);
        const end = start + batch.totalPages;
        for (const segment of areas.segments.slice(over.from, over.to))
          if (!segment.shared)
            add(segment, batch.orLo, Math.max(start, segment.start), Math.min(end, segment.end));
      },
      end() {
        for (const [segment, { with: yes, without, other }] of sums) {
          if (yes === 0 || without === 0) continue;
          const iova = BigInt(other) * PAGE;
          fault({
            subject: segmentSubject(domain, segment),
            message: `${areaName(segment)} of iommufd ${id} has ${counted(yes, 'page')} with SNP and ${without} without; the bit changes at IOVA ${hex(iova)}`,
            location: { ...placeOf(segment.area), iova, bits: '11' },
            found: `SNP in ${yes} of ${yes + without}`,
            expected: 'in all of them or in none',
          });
        }
      },
    };
  },
});

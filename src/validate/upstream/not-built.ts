/** Rows of the specification's section 5 for which there is no rule, and why. */

export interface NotBuilt {
  /** `upstream E7`. */
  readonly source: string;
  readonly reason: string;
}

const row = (id: string, reason: string): NotBuilt => ({ source: `upstream ${id}`, reason });

export const notBuilt: readonly NotBuilt[] = [
  row('E7', 'each defect of the body has a rule of its own, FDT-012 to FDT-032'),
  row(
    'C8',
    'whether marking a region as scratch fails is decided by the memory that the next kernel has left',
  ),
  row('M9', 'legal: the kernel takes chunks in any order'),
  row(
    'X6',
    'a handover does not show which memory the next kernel will have, nor where it has page structures',
  ),
  row('X9', 'a handover does not show where NUMA nodes begin; the effect of a block split at one is KHO-150'),
  row('X14', 'the map does not show whether a block was preserved as a folio or as a range of pages'),
  row('X17', 'the walk of the running kernel fails on faults that other rules report, or for lack of memory'),
  row('X18', 'legal: the kernel keeps empty nodes and leaf pages when memory is unpreserved'),
  row('B6', 'legal: readers honour the count of each block'),
  row('R2', 'the regions that the next kernel asks for are on its command line'),
  row('R4', 'the size and alignment that the next kernel asks for are on its command line'),
  row('R7', 'the regions that the next kernel asks for are on its command line'),
  row('L1', 'legal: there is nothing to take over'),
  row('L18', 'the state after a failed retrieval is that of the next kernel'),
  row('F7', 'legal: it is read as no FLBs'),
  row('F8', 'that the page is never freed is behaviour of the next kernel, whatever the dump holds'),
  row('H15', 'legal: entries are taken in any order'),
  row('H17', 'no kernel hands over hugetlb memfds; the handler of the draft is reported by LUO-012'),
];

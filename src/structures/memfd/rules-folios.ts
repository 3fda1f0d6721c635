/** Folios of preserved memfds (upstream H8 to H14, H16). */
import { luoFileSer } from '../../records/luo.js';
import type { Rule, Severity } from '../../validate/rule.js';
import { type Elements, eachRule, fieldPlace, uniqueRule, type Words } from '../../validate/shapes.js';
import { counted, hex } from '../../validate/text.js';
import { withMap } from '../../validate/upstream/shared.js';
import { type FolioFault, type FolioScan, type FolioTally, folioPlace, MEMFDS, SCANS } from './rules-scan.js';

const RETRIEVE = 'mm/memfd_luo.c memfd_luo_retrieve_folios';

/** A rule that reads the tallies of one fault: a list has one finding, on its first entry with the fault. */
function folioRule(
  fault: FolioFault,
  field: 'pfn' | 'flags' | 'index',
  {
    of = SCANS,
    text,
    severityOf,
    ...words
  }: Omit<Words, 'evidence'> & {
    readonly evidence?: string;
    readonly of?: Elements<FolioScan>;
    text(tally: FolioTally, scan: FolioScan): string;
    severityOf?(scan: FolioScan): Severity | undefined;
  },
): Rule {
  return eachRule(of, {
    evidence: RETRIEVE,
    ...words,
    faults(scan) {
      const tally = scan.faults[fault];
      if (tally === undefined) return undefined;
      const more = tally.count > 1 ? ` (and ${tally.count - 1} more)` : '';
      return {
        severity: severityOf?.(scan),
        message: `folio ${tally.position} of ${scan.owner.name}: ${text(tally, scan)}${more}`,
        location: folioPlace(scan.owner, tally.position, field),
      };
    },
  });
}

const folioHeads = folioRule('head', 'pfn', {
  id: 'MEMFD-008',
  title: 'every folio of a memfd is a preserved block',
  source: 'upstream H8',
  consequence: '-EIO: the file is lost, and its remaining folios are discarded',
  of: withMap(SCANS),
  text: ({ pfn }) => `no preserved block starts at pfn ${hex(pfn)}`,
});

const folioHoles = folioRule('hole', 'pfn', {
  id: 'MEMFD-009',
  title: 'no folio of a memfd has pfn 0',
  source: 'upstream H9, corrections (memfd, completeness)',
  evidence: `${RETRIEVE}, memfd_luo_preserve_folios`,
  consequence:
    'the reader skips the entry, so this part of the file reads as zeros. No kernel writes one: it allocates the holes of a file before it lists them',
  text: ({ index }, { gaps }) => {
    const lost = gaps?.hole?.pages ?? 0;
    return `pfn is 0, index ${hex(index)}${lost > 0 ? `; ${counted(lost, 'page')} of the file ${lost === 1 ? 'is' : 'are'} lost with such entries` : ''}`;
  },
  // Beyond the end of the file, or where another folio is, nothing is lost.
  severityOf: ({ gaps }) => (gaps !== undefined && gaps.hole === undefined ? 'warning' : undefined),
});

const foliosInFile = folioRule('beyond', 'index', {
  id: 'MEMFD-010',
  title: 'every folio of a memfd is within the file',
  severity: 'warning',
  source: 'upstream H10',
  consequence:
    'not checked: the folio is added beyond the end of the file, where it takes up memory and is never seen',
  text: ({ index }, { owner }) =>
    `index ${hex(index)} is beyond the end of the file (${hex(owner.memfd.size)} bytes)`,
});

const folioAlignment = folioRule('unaligned', 'index', {
  id: 'MEMFD-011',
  title: 'the index of every folio of a memfd is aligned to its order',
  source: 'upstream H11',
  evidence: 'mm/shmem.c shmem_add_to_page_cache',
  consequence: 'only a debug assertion checks it: without it the folio is added at another index',
  of: withMap(SCANS),
  text: ({ index, order }) => `index ${hex(index)} is not aligned to its order ${order}`,
});

const folioIndices = folioRule('overlap', 'index', {
  id: 'MEMFD-012',
  title: 'no two folios of a memfd are for the same part of the file',
  source: 'upstream H12',
  evidence: 'mm/shmem.c shmem_add_to_page_cache',
  consequence: '-EEXIST: the file is lost, and its remaining folios are discarded',
  of: withMap(SCANS),
  text: ({ index }) => `index ${hex(index)} already belongs to another folio`,
});

const folioFlags = folioRule('flags', 'flags', {
  id: 'MEMFD-013',
  title: 'flags of the folios of a memfd has only defined bits set',
  severity: 'warning',
  source: 'upstream H13',
  consequence: 'other bits are ignored',
  text: ({ flags }) => `flags is ${hex(flags)}`,
});

const foliosOnce = folioRule('again', 'pfn', {
  id: 'MEMFD-014',
  title: 'no folio is in the list of a memfd twice',
  source: 'upstream H14, X12',
  consequence: 'the second restore fails with -EIO: the file is lost, and its remaining folios are discarded',
  text: ({ pfn }) => `pfn ${hex(pfn)} is already in the list`,
});

const foliosOwned = folioRule('shared', 'pfn', {
  id: 'MEMFD-016',
  title: 'no two memfds share a folio',
  source: 'upstream H16, X12',
  consequence: 'the second restore fails with -EIO: the later of the two files is lost',
  text: ({ pfn }, { sharedWith }) => `pfn ${hex(pfn)} also belongs to ${sharedWith?.name ?? 'another memfd'}`,
});

const recordsOwned = uniqueRule(MEMFDS, {
  id: 'MEMFD-018',
  title: 'no two memfds share a record',
  source: 'upstream H16, X12',
  evidence: 'mm/memfd_luo.c memfd_luo_retrieve',
  consequence: "the second restore of the record's page fails: the later of the two files is lost",
  key: ({ file }, { handover }) => file.data / BigInt(handover.pageSize),
  fault: ({ name, file }, first) => ({
    message: `the records of ${first.name} and of ${name} are on the same page, at ${hex(file.data)}`,
    location: fieldPlace(luoFileSer, file.origin?.address, 'data'),
  }),
});

export const folioRules: readonly Rule[] = [
  folioHeads,
  folioHoles,
  foliosInFile,
  folioAlignment,
  folioIndices,
  folioFlags,
  foliosOnce,
  foliosOwned,
  recordsOwned,
];

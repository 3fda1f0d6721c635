/** Folios of preserved memfds (upstream H8 to H14, H16). */
import { FOLIOS } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext, Severity } from '../../validate/rule.js';
import { counted, hex } from '../../validate/text.js';
import { at, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';
import { type FolioFault, type FolioScan, type FolioTally, memfdsOf, scanFolios } from './rules-scan.js';

const RETRIEVE = 'mm/memfd_luo.c memfd_luo_retrieve_folios';

/** One finding a list: the first entry with the fault, and how many more there are. */
function reportFault(
  context: RuleContext,
  report: Reporter,
  fault: FolioFault,
  field: string,
  text: (tally: FolioTally, scan: FolioScan) => string,
  severityOf: (scan: FolioScan) => Severity | undefined = () => undefined,
): void {
  if (memfdsOf(context, report).length === 0) return;
  const page = BigInt(context.handover.pageSize);
  for (const scan of scanFolios(context.handover).scans) {
    const { owner, faults, absent } = scan;
    if (absent) report.absent(`the folio list of ${owner.name}`, owner.memfd.area.descriptor.first);
    const tally = faults[fault];
    if (tally === undefined) continue;
    const more = tally.count > 1 ? ` (and ${tally.count - 1} more)` : '';
    const severity = severityOf(scan);
    report.finding({
      ...(severity === undefined ? {} : { severity }),
      message: `folio ${tally.position} of ${owner.name}: ${text(tally, scan)}${more}`,
      subject: owner.subject,
      location: {
        ...at(BigInt(tally.pfn) * page),
        field: `memfd_luo_folio_ser.${field}`,
      },
    });
  }
}

/** A rule that reads the tallies of one fault. */
function folioRule(
  rule: Pick<Rule, 'id' | 'title' | 'source' | 'consequence'> & {
    evidence?: string;
    severity?: Severity;
  },
  fault: FolioFault,
  field: string,
  needsMap: boolean,
  text: (tally: FolioTally, scan: FolioScan) => string,
  severityOf?: (scan: FolioScan) => Severity | undefined,
): Rule {
  return {
    severity: 'error',
    evidence: RETRIEVE,
    ...rule,
    generations: UPSTREAM,
    needs: ['memory'],
    reads: FOLIOS,
    check(context, report) {
      if (needsMap && wholeMap(context, report) === undefined) return;
      reportFault(context, report, fault, field, text, severityOf);
    },
  };
}

const folioHeads = folioRule(
  {
    id: 'MEMFD-008',
    title: 'every folio of a memfd is a preserved block',
    source: 'upstream H8',
    consequence: '-EIO: the file is lost, and its remaining folios are discarded',
  },
  'head',
  'pfn',
  true,
  ({ pfn }) => `no preserved block starts at pfn ${hex(pfn)}`,
);

const folioHoles = folioRule(
  {
    id: 'MEMFD-009',
    title: 'no folio of a memfd has pfn 0',
    source: 'upstream H9, corrections (memfd, completeness)',
    evidence: `${RETRIEVE}, memfd_luo_preserve_folios`,
    consequence:
      'the reader skips the entry, so this part of the file reads as zeros. No kernel writes one: it allocates the holes of a file before it lists them',
  },
  'hole',
  'pfn',
  false,
  ({ index }, { gaps }) => {
    const lost = gaps?.hole?.pages ?? 0;
    return `pfn is 0, index ${hex(index)}${lost > 0 ? `; ${counted(lost, 'page')} of the file ${lost === 1 ? 'is' : 'are'} lost with such entries` : ''}`;
  },
  // Beyond the end of the file, or where another folio is, nothing is lost.
  ({ gaps }) => (gaps !== undefined && gaps.hole === undefined ? 'warning' : undefined),
);

const foliosInFile = folioRule(
  {
    id: 'MEMFD-010',
    title: 'every folio of a memfd is within the file',
    severity: 'warning',
    source: 'upstream H10',
    consequence:
      'not checked: the folio is added beyond the end of the file, where it takes up memory and is never seen',
  },
  'beyond',
  'index',
  false,
  ({ index }, { owner }) =>
    `index ${hex(index)} is beyond the end of the file (${hex(owner.memfd.size)} bytes)`,
);

const folioAlignment = folioRule(
  {
    id: 'MEMFD-011',
    title: 'the index of every folio of a memfd is aligned to its order',
    source: 'upstream H11',
    evidence: 'mm/shmem.c shmem_add_to_page_cache',
    consequence: 'only a debug assertion checks it: without it the folio is added at another index',
  },
  'unaligned',
  'index',
  true,
  ({ index, order }) => `index ${hex(index)} is not aligned to its order ${order}`,
);

const folioIndices = folioRule(
  {
    id: 'MEMFD-012',
    title: 'no two folios of a memfd are for the same part of the file',
    source: 'upstream H12',
    evidence: 'mm/shmem.c shmem_add_to_page_cache',
    consequence: '-EEXIST: the file is lost, and its remaining folios are discarded',
  },
  'overlap',
  'index',
  true,
  ({ index }) => `index ${hex(index)} already belongs to another folio`,
);

const folioFlags = folioRule(
  {
    id: 'MEMFD-013',
    title: 'flags of the folios of a memfd has only defined bits set',
    severity: 'warning',
    source: 'upstream H13',
    consequence: 'other bits are ignored',
  },
  'flags',
  'flags',
  false,
  ({ flags }) => `flags is ${hex(flags)}`,
);

const foliosOnce = folioRule(
  {
    id: 'MEMFD-014',
    title: 'no folio is in the list of a memfd twice',
    source: 'upstream H14, X12',
    consequence:
      'the second restore fails with -EIO: the file is lost, and its remaining folios are discarded',
  },
  'again',
  'pfn',
  false,
  ({ pfn }) => `pfn ${hex(pfn)} is already in the list`,
);

const foliosOwned = folioRule(
  {
    id: 'MEMFD-016',
    title: 'no two memfds share a folio',
    source: 'upstream H16, X12',
    consequence: 'the second restore fails with -EIO: the later of the two files is lost',
  },
  'shared',
  'pfn',
  false,
  ({ pfn }, { sharedWith }) => `pfn ${hex(pfn)} also belongs to ${sharedWith?.name ?? 'another memfd'}`,
);

const recordsOwned: Rule = {
  id: 'MEMFD-018',
  title: 'no two memfds share a record',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream H16, X12',
  evidence: 'mm/memfd_luo.c memfd_luo_retrieve',
  consequence: "the second restore of the record's page fails: the later of the two files is lost",
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    const page = BigInt(context.handover.pageSize);
    const seen = new Map<bigint, string>();
    for (const { name, subject, file } of memfdsOf(context, report)) {
      const other = seen.get(file.data / page);
      if (other === undefined) seen.set(file.data / page, name);
      else {
        report.finding({
          subject,
          message: `the records of ${other} and of ${name} are on the same page, at ${hex(file.data)}`,
          location: at(file.data, 'luo_file_ser.data'),
        });
      }
    }
  },
};

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

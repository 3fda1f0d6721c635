/** Whether the folios of preserved memfds are all that is in the file (corrections of upstream H7 and Q8). */
import { FOLIOS } from '../../validate/reads.js';
import type { Reporter, Rule, RuleContext } from '../../validate/rule.js';
import { counted, hex, size as sizeText } from '../../validate/text.js';
import { at, UPSTREAM, wholeMap } from '../../validate/upstream/shared.js';
import type { GapCause, GapTally } from './rules-coverage.js';
import { type FolioScan, type FolioTally, memfdsOf, place, scanFolios } from './rules-scan.js';

const PRESERVE = 'mm/memfd_luo.c memfd_luo_preserve_folios';

const folioContent: Rule = {
  id: 'MEMFD-020',
  title: 'every folio of a memfd is dirty and up to date',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream Q8, corrections (memfd, folio flags)',
  evidence: `${PRESERVE}, memfd_luo_retrieve_folios; CVE-2026-43389`,
  consequence:
    'without MEMFD_LUO_FOLIO_DIRTY reclaim may free the folio in the next kernel as if nothing had been written to it; without MEMFD_LUO_FOLIO_UPTODATE its first fault zeroes it. From 7.1 on the kernel sets both on every folio; 6.19 and 7.0 write the state that the folio had when it was preserved, and lose later changes: a warning there',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    if (memfdsOf(context, report).length === 0) return;
    const page = BigInt(context.handover.pageSize);
    for (const { owner, faults, absent } of scanFolios(context.handover).scans) {
      if (absent) report.absent(`the folio list of ${owner.name}`, owner.memfd.area.descriptor.first);
      const finding = (tally: FolioTally | undefined, flag: string): void => {
        if (tally === undefined) return;
        const more = tally.count > 1 ? ` (and ${tally.count - 1} more)` : '';
        report.finding({
          severity: owner.memfd.seals === undefined ? 'warning' : 'error',
          message: `folio ${tally.position} of ${owner.name}, index ${hex(tally.index)}, lacks ${flag}${more}`,
          subject: owner.subject,
          location: { ...at(BigInt(tally.pfn) * page), field: 'memfd_luo_folio_ser.flags' },
          found: hex(tally.flags),
          expected: '0x3',
        });
      };
      finding(faults.clean, 'MEMFD_LUO_FOLIO_DIRTY');
      finding(faults.stale, 'MEMFD_LUO_FOLIO_UPTODATE');
    }
  },
};

/** Reports the gaps of one cause, one finding a list. */
function reportGaps(
  context: RuleContext,
  report: Reporter,
  cause: GapCause,
  tell: (tally: GapTally, scan: FolioScan) => Parameters<Reporter['finding']>[0],
): void {
  if (memfdsOf(context, report).length === 0) return;
  // A gap before the first folio is seen without the map; after one its order has to be known.
  wholeMap(context, report);
  for (const scan of scanFolios(context.handover).scans) {
    const { owner, absent, gaps } = scan;
    if (absent) report.absent(`the folio list of ${owner.name}`, owner.memfd.area.descriptor.first);
    const tally = gaps?.[cause];
    if (tally !== undefined) report.finding({ ...tell(tally, scan), subject: owner.subject });
  }
}

/** `8 MiB from index 0x1000 on (and 3 more stretches, 9 MiB in all)`. */
function inAll({ count, pages, start, end }: GapTally, pageSize: number): string {
  const stretch = `${sizeText(BigInt(end - start) * BigInt(pageSize))} from index ${hex(start)} on`;
  if (count === 1) return stretch;
  return `${stretch} (and ${counted(count - 1, 'more stretch', 'more stretches')}, ${sizeText(BigInt(pages) * BigInt(pageSize))} in all)`;
}

const wholeFile: Rule = {
  id: 'MEMFD-021',
  title: 'the folio list of a memfd covers the file',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream H7, corrections (memfd, completeness)',
  evidence: `${PRESERVE} (memfd_pin_folios allocates what the file lacks)`,
  consequence:
    'parts without a listed folio read as zeros in the next kernel. No kernel leaves any out: it allocates the holes of a file and lists them too',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    const { pageSize } = context.handover;
    reportGaps(context, report, 'missing', (tally, { owner }) => {
      const { memfd, name } = owner;
      return {
        message: `${name}, has ${sizeText(memfd.size)}; its list of ${counted(memfd.nrFolios, 'folio')} leaves out ${inAll(tally, pageSize)}`,
        location: place(owner, 'nrFolios', 'nr_folios'),
        found: counted(memfd.nrFolios, 'folio'),
        expected: `folios for ${counted((memfd.size + BigInt(pageSize) - 1n) / BigInt(pageSize), 'page')}`,
      };
    });
  },
};

const folioOrders: Rule = {
  id: 'MEMFD-022',
  title: 'the block of every folio of a memfd extends to the next index',
  severity: 'error',
  generations: UPSTREAM,
  source: 'corrections (memfd, folio order)',
  evidence: 'mm/memfd_luo.c memfd_luo_retrieve_folios; kernel/liveupdate/kexec_handover.c kho_restore_page',
  consequence:
    'the folio gets the order that the map has for its first page: the rest of it is free memory to the next kernel, is handed out and overwritten, and reads as zeros in the file',
  needs: ['memory'],
  reads: FOLIOS,
  check(context, report) {
    const { pageSize } = context.handover;
    reportGaps(context, report, 'lost', (tally, { owner }) => {
      const { position, pfn, index, order, start, end } = tally;
      const next =
        end === Math.ceil(Number(owner.memfd.size) / pageSize) ? 'the file ends' : 'the next one starts';
      return {
        message: `folio ${position} of ${owner.name}, index ${hex(index)}, is a block of order ${order} in the map, but ${next} at index ${hex(end)}: missing ${inAll(tally, pageSize)}`,
        location: { ...at(BigInt(pfn) * BigInt(pageSize)), field: 'memfd_luo_folio_ser.index' },
        found: `order ${order}, ${counted(start - index, 'page')}`,
        expected: counted(end - index, 'page'),
      };
    });
  },
};

export const contentRules: readonly Rule[] = [folioContent, wholeFile, folioOrders];

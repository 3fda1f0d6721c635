/** Whether the folios of preserved memfds are all that is in the file (corrections of upstream H7 and Q8). */
import type { Rule } from '../../validate/rule.js';
import { eachRule, type Fault, placeIn, type Words } from '../../validate/shapes.js';
import { counted, hex, size as sizeText } from '../../validate/text.js';
import { wholeMap } from '../../validate/upstream/shared.js';
import type { GapCause, GapTally } from './rules-coverage.js';
import { findMemfds, folioPlace, MEMFDS, type PlacedMemfd, SCANS } from './rules-scan.js';

const PRESERVE = 'mm/memfd_luo.c memfd_luo_preserve_folios';

const folioContent = eachRule(SCANS, {
  id: 'MEMFD-020',
  title: 'every folio of a memfd is dirty and up to date',
  source: 'upstream Q8, corrections (memfd, folio flags)',
  evidence: `${PRESERVE}, memfd_luo_retrieve_folios; CVE-2026-43389`,
  consequence:
    'without MEMFD_LUO_FOLIO_DIRTY reclaim may free the folio in the next kernel as if nothing had been written to it; without MEMFD_LUO_FOLIO_UPTODATE its first fault zeroes it. From 7.1 on the kernel sets both on every folio; 6.19 and 7.0 write the state that the folio had when it was preserved, and lose later changes: a warning there',
  *faults({ owner, faults }) {
    for (const [tally, flag] of [
      [faults.clean, 'MEMFD_LUO_FOLIO_DIRTY'],
      [faults.stale, 'MEMFD_LUO_FOLIO_UPTODATE'],
    ] as const) {
      if (tally === undefined) continue;
      const more = tally.count > 1 ? ` (and ${tally.count - 1} more)` : '';
      yield {
        severity: owner.memfd.seals === undefined ? 'warning' : 'error',
        message: `folio ${tally.position} of ${owner.name}, index ${hex(tally.index)}, lacks ${flag}${more}`,
        location: folioPlace(owner, tally.position, 'flags'),
        found: hex(tally.flags),
        expected: '0x3',
      };
    }
  },
});

/** A rule on lists with pages of one cause that no folio covers. */
function gapRule(
  cause: GapCause,
  { tell, ...words }: Words & { tell(tally: GapTally, owner: PlacedMemfd, pageSize: number): Fault },
): Rule {
  return eachRule(LISTS, {
    ...words,
    faults({ owner, gaps }, { handover }) {
      const tally = gaps?.[cause];
      return tally === undefined ? undefined : tell(tally, owner, handover.pageSize);
    },
  });
}

/** A gap before the first folio is seen without the map; after one its order has to be known. */
const LISTS: typeof SCANS = {
  ...SCANS,
  *each(context, report) {
    if (findMemfds(context.handover).length > 0) wholeMap(context, report);
    yield* SCANS.each(context, report);
  },
};

/** `8 MiB from index 0x1000 on (and 3 more stretches, 9 MiB in all)`. */
function inAll({ count, pages, start, end }: GapTally, pageSize: number): string {
  const stretch = `${sizeText(BigInt(end - start) * BigInt(pageSize))} from index ${hex(start)} on`;
  if (count === 1) return stretch;
  return `${stretch} (and ${counted(count - 1, 'more stretch', 'more stretches')}, ${sizeText(BigInt(pages) * BigInt(pageSize))} in all)`;
}

const wholeFile = gapRule('missing', {
  id: 'MEMFD-021',
  title: 'the folio list of a memfd covers the file',
  source: 'upstream H7, corrections (memfd, completeness)',
  evidence: `${PRESERVE} (memfd_pin_folios allocates what the file lacks)`,
  consequence:
    'parts without a listed folio read as zeros in the next kernel. No kernel leaves any out: it allocates the holes of a file and lists them too',
  tell(tally, owner, pageSize) {
    const { memfd, name } = owner;
    return {
      message: `${name}, has ${sizeText(memfd.size)}; its list of ${counted(memfd.nrFolios, 'folio')} leaves out ${inAll(tally, pageSize)}`,
      location: placeIn(MEMFDS, owner, 'nrFolios'),
      found: counted(memfd.nrFolios, 'folio'),
      expected: `folios for ${counted((memfd.size + BigInt(pageSize) - 1n) / BigInt(pageSize), 'page')}`,
    };
  },
});

const folioOrders = gapRule('lost', {
  id: 'MEMFD-022',
  title: 'the block of every folio of a memfd extends to the next index',
  source: 'corrections (memfd, folio order)',
  evidence: 'mm/memfd_luo.c memfd_luo_retrieve_folios; kernel/liveupdate/kexec_handover.c kho_restore_page',
  consequence:
    'the folio gets the order that the map has for its first page: the rest of it is free memory to the next kernel, is handed out and overwritten, and reads as zeros in the file',
  tell(tally, owner, pageSize) {
    const { position, index, order, start, end } = tally;
    const next =
      end === Math.ceil(Number(owner.memfd.size) / pageSize) ? 'the file ends' : 'the next one starts';
    return {
      message: `folio ${position} of ${owner.name}, index ${hex(index)}, is a block of order ${order} in the map, but ${next} at index ${hex(end)}: missing ${inAll(tally, pageSize)}`,
      location: folioPlace(owner, position, 'index'),
      found: `order ${order}, ${counted(start - index, 'page')}`,
      expected: counted(end - index, 'page'),
    };
  },
});

export const contentRules: readonly Rule[] = [folioContent, wholeFile, folioOrders];

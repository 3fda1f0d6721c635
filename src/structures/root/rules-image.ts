/** What the loader puts into memory is in scratch, and in nothing that is preserved. */

import { type AddressRange, GENERATIONS, type Handover, type ImagePart } from '../../abi/model.js';
import type { PageSet } from '../../memory/page-set.js';
import { physicalAddress } from '../../memory/read.js';
import { SCRATCH_AND_MAP } from '../../validate/reads.js';
import type { Rule, RuleContext } from '../../validate/rule.js';
import { range } from '../../validate/text.js';
import { isRfc } from '../../versions/generations.js';

type Kept = Pick<PageSet, 'uncovered'>;

export const imageInScratch: Rule = {
  id: 'KHO-171',
  title: 'everything the loader placed for the next kernel is in scratch, and not in preserved memory',
  severity: 'error',
  generations: GENERATIONS,
  source: 'upstream 2.1.1, 2.1.4; rfc-2024 1.1',
  evidence:
    'kernel/kexec_file.c kexec_locate_mem_hole, kernel/liveupdate/kexec_handover.c kho_locate_mem_hole (kernel/kexec_kho_out.c in the 2024 series)',
  consequence:
    'segments are copied to their places after everything is preserved: memory preserved there is overwritten before the next kernel starts',
  needs: ['memory'],
  reads: SCRATCH_AND_MAP,
  check(context, report) {
    const { image, generation } = context.handover;
    if (image === undefined) {
      report.skip('neither setup_data nor /chosen names the tree');
      return;
    }
    const kept = keptPages(context);
    if (kept === undefined) report.skip('the preserved memory is not known');
    const scratch = scratchOf(context.handover);
    for (const part of image) {
      // In scratch it is where it belongs: what is preserved there is a fault of the map (KHO-126, KHO-006).
      if (scratch.some(({ start, end }) => part.start >= start && part.end <= end)) continue;
      const inside = kept === undefined ? undefined : overlap(kept, part);
      const location = {
        address: inside?.start ?? part.start,
        ...(part.field === undefined ? {} : { field: part.field }),
      };
      if (inside !== undefined) {
        report.finding({
          message: `${part.what}, ${range(part.start, part.end)}, is in preserved memory${inside.start === part.start && inside.end === part.end ? '' : `: ${range(inside.start, inside.end)}`}`,
          location,
          found: range(part.start, part.end),
          expected: 'a place in scratch',
        });
        continue;
      }
      // A kernel's own copy is where that kernel's data do. Dumps of the 2024 series place boot_params themselves.
      if (part.copied === true || isRfc(generation) || scratch.length === 0) continue;
      report.finding({
        severity: 'warning',
        message: `${part.what}, ${range(part.start, part.end)}, is not in scratch, where the loader puts all segments`,
        location,
        found: range(part.start, part.end),
        expected: 'a place in scratch',
      });
    }
  },
};

/** What is known to be preserved; of a map that is not whole the blocks that were read. */
function keptPages({ handover, facts }: RuleContext): Kept | undefined {
  const { preserved, generation } = handover;
  if (isRfc(generation)) return facts.preserved();
  return preserved?.pages;
}

/** The first stretch of a part that is preserved. */
function overlap(kept: Kept, { start, end }: ImagePart): AddressRange | undefined {
  const last = physicalAddress(end - 1n);
  if (end <= start || last === undefined) return undefined;
  let from = start;
  for (const gap of kept.uncovered(start, end)) {
    if (gap.start > from) return { start: from, end: gap.start };
    from = gap.end;
  }
  return from < end ? { start: from, end } : undefined;
}

function scratchOf({ scratch = [] }: Handover): AddressRange[] {
  return scratch.filter(({ start, end }) => end > start);
}

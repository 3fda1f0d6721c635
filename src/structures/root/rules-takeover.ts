/** What the release that is named as the next kernel does with the handover as a whole. */

import { GENERATIONS } from '../../abi/model.js';
import { handoverReleases } from '../../decode/upstream/releases.js';
import { MAP_AND_OWNERS, OWNERS } from '../../validate/reads.js';
import type { Rule, Severity } from '../../validate/rule.js';
import { UPSTREAM } from '../../versions/generations.js';
import type { Takeover } from '../../versions/releases.js';
import { RELEASES } from '../../versions/table.js';
import type { Trait } from '../../versions/writer.js';

const VERDICTS: Readonly<Record<Exclude<Takeover, 'yes'>, { severity: Severity; words: string }>> = {
  unsure: { severity: 'warning', words: 'takes it over, but may read bytes other than those written' },
  loses: { severity: 'error', words: 'takes it over, but loses part of it' },
  misreads: { severity: 'error', words: 'accepts it, but reads bytes other than those written' },
  refuses: { severity: 'error', words: 'refuses it and boots without it' },
  panics: { severity: 'error', words: 'panics at boot' },
};

export const oneWriter: Rule = {
  id: 'KHO-192',
  title: 'at least one release writes every part of the handover',
  severity: 'warning',
  generations: GENERATIONS.filter((generation) => RELEASES.some(({ kho }) => kho === generation)),
  source: 'upstream 1.1, 1.3',
  evidence: 'the version table (kho explain abi)',
  consequence:
    'no released kernel has written it in this form: it was damaged or edited, or comes from a kernel between two releases or with local changes; a kernel that takes over one part may refuse another',
  reads: MAP_AND_OWNERS,
  check({ handover }, report) {
    const { luo, generation } = handover;
    const fits = RELEASES.some((abi) => abi.kho === generation && abi.luo === luo?.compatible);
    if (luo !== undefined && !fits) {
      report.skip('LUO is of another generation than the tree (LUO-002, LUO-003)', 'prerequisite');
      return;
    }
    const found = handoverReleases(handover)?.contradiction;
    if (found === undefined) return;
    const [one, other] = found;
    const releases = ({ releases }: Trait): string => {
      const newest = releases[0]?.release;
      const oldest = releases.at(-1)?.release;
      return newest === oldest ? `${newest}` : `${oldest} to ${newest}`;
    };
    report.finding({
      message: `no release writes both of these: ${one.what} (${releases(one)}), ${other.what} (${releases(other)})`,
      location: { fdtPath: '/', property: 'compatible' },
      found: releases(other),
      expected: releases(one),
    });
  },
};

export const takenOver: Rule = {
  id: 'KHO-160',
  title: 'the release named by --to takes over the handover in this form',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream 1.1, 1.3, 1.4',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_populate, luo_core.c; the version table (kho explain abi)',
  consequence: 'the check of versions is an exact match: there is no range and no fallback',
  reads: OWNERS,
  check({ handover, to }, report) {
    if (to === undefined) {
      report.skip('no release is named (--to)', 'not-given');
      return;
    }
    const target = handoverReleases(handover)?.to.find(({ abi }) => abi.release === to);
    if (target === undefined || target.takeover === 'yes') return;
    const { severity, words } = VERDICTS[target.takeover];
    report.finding({
      severity,
      message: `Linux ${to} ${words}: ${target.why.join('; ')}`,
      location: { fdtPath: '/', property: 'compatible' },
    });
  },
};

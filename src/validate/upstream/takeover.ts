/** What the release that is named as the next kernel does with the handover as a whole. */
import { GENERATIONS } from '../../abi/model.js';
import { handoverReleases } from '../../decode/upstream/releases.js';
import type { Takeover } from '../../versions/releases.js';
import type { Rule, Severity } from '../rule.js';

const VERDICTS: Readonly<Record<Exclude<Takeover, 'yes'>, { severity: Severity; words: string }>> = {
  loses: { severity: 'error', words: 'takes it over and loses a part of it' },
  misreads: { severity: 'error', words: 'accepts it and reads other bytes than were written' },
  refuses: { severity: 'error', words: 'refuses it and boots without it' },
  panics: { severity: 'error', words: 'panics at boot' },
};

export const takenOver: Rule = {
  id: 'KHO-160',
  title: 'the release named by --to takes the handover over as it is',
  severity: 'error',
  generations: GENERATIONS.filter((generation) => generation !== 'rfc-2024'),
  source: 'upstream 1.1, 1.3, 1.4',
  evidence:
    'kernel/liveupdate/kexec_handover.c kho_populate, luo_core.c; the version table (kho explain abi)',
  consequence: 'the check of versions is an exact match: there is no range and no fallback',
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

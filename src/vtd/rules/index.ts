/** The VT-d rules: one for each row of section 3 of vtd.md that a dump can decide, in the order of the rows. */
import { GENERATIONS } from '../../abi/model.js';
import type { Rule } from '../../validate/rule.js';
import { notBuilt } from './not-built.js';
import type { Row } from './row.js';
import { contextEntryRows, contextRows } from './rows/context-entry.js';
import { crossRows } from './rows/cross.js';
import { firstStageRows } from './rows/first-stage.js';
import { directoryRows, directoryTableRows } from './rows/pasid-directory.js';
import { pasidEntryRows, pasidTableRows } from './rows/pasid-entry.js';
import { pointerRows } from './rows/pointers.js';
import { registerRows } from './rows/registers.js';
import { legacyRootRows, rootRows, scalableRootRows } from './rows/root-entry.js';
import { scalableContextRows, scalableContextTableRows } from './rows/scalable-context.js';
import { secondStageRows } from './rows/second-stage.js';

export { notBuilt };

/** Every row that is a rule, by number. */
export const vtdRows: readonly Row[] = [
  ...registerRows,
  ...legacyRootRows,
  ...scalableRootRows,
  ...rootRows,
  ...contextEntryRows,
  ...contextRows,
  ...scalableContextRows,
  ...scalableContextTableRows,
  ...directoryRows,
  ...directoryTableRows,
  ...pasidEntryRows,
  ...pasidTableRows,
  ...secondStageRows,
  ...firstStageRows,
  ...crossRows,
  ...pointerRows,
].sort((a, b) => (a.id < b.id ? -1 : 1));

function ruleOf(row: Row): Rule {
  const { id, title, severity, evidence, consequence } = row;
  return {
    id,
    title,
    severity,
    generations: GENERATIONS,
    source: `vtd ${row.row}`,
    evidence,
    consequence,
    needs: ['memory'],
    vtd: true,
    finish({ inspection }, report) {
      if (inspection === undefined) return;
      const { findings, dropped, skipped, kind, missing, blocked, unjudged } = inspection.of(id);
      if (skipped !== undefined) {
        if (blocked !== undefined) report.skip(blocked, 'prerequisite');
        else if (missing !== undefined) report.absent(missing.what, missing.address);
        else report.skip(skipped, kind);
        return;
      }
      for (const finding of findings) report.finding(finding);
      report.more(dropped);
      if (missing !== undefined) report.absent(missing.what, missing.address);
      if (blocked !== undefined) report.skip(blocked, 'prerequisite');
      if (unjudged !== undefined) report.skip(unjudged, 'not-given');
    },
  };
}

export const vtdRules: readonly Rule[] = vtdRows.map(ruleOf);

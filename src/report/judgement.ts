/** What a run accepts, so that every format agrees with the exit status. */
import type { Severity } from '../validate/rule.js';
import type { ValidationResult } from '../validate/run.js';
import type { RuleOutcome } from './rule-outcomes.js';

/** Which results fail a run. */
export interface Judgement {
  /** Severities that fail a run (`--fail-on`). */
  readonly fail: ReadonlySet<Severity>;
  /** An incomplete verdict passes (`--allow-incomplete`). */
  readonly allowIncomplete: boolean;
}

/**
 * `--fail-on error`, and what is incomplete does not pass.
 *
 * @example
 * ```ts
 * import { DEFAULT_JUDGEMENT } from 'kho-toolkit';
 *
 * console.log([...DEFAULT_JUDGEMENT.fail].join(), DEFAULT_JUDGEMENT.allowIncomplete); //=> error false
 * ```
 */
export const DEFAULT_JUDGEMENT: Judgement = { fail: new Set(['error']), allowIncomplete: false };

/**
 * How a rule is shown: failed with a finding that fails the run; a rule that has only others has passed, unless it could
 * not look at everything.
 */
export function shownState({ state, why, findings }: RuleOutcome, { fail }: Judgement): RuleOutcome['state'] {
  if (state !== 'failed') return state;
  if (findings.some(({ severity }) => fail.has(severity))) return 'failed';
  return why === undefined ? 'passed' : 'skipped';
}

/** Whether the dump lacks what a verdict needs, and that is not accepted. */
export function failsAsIncomplete({ missing }: ValidationResult, { allowIncomplete }: Judgement): boolean {
  return missing.length > 0 && !allowIncomplete;
}

/**
 * Exit status of one dump: findings at the fail level beat what is missing.
 *
 * @example
 * ```ts
 * import { catalogue, DEFAULT_JUDGEMENT, decodeHandover, statusOf, validate } from 'kho-toolkit';
 *
 * console.log(statusOf(validate(decodeHandover(new Uint8Array(64)), catalogue), DEFAULT_JUDGEMENT));
 * //=> 1
 * ```
 */
export function statusOf(result: ValidationResult | undefined, judgement: Judgement): 0 | 1 | 2 {
  if (result === undefined) return 2;
  if (result.findings.some(({ severity }) => judgement.fail.has(severity))) return 1;
  return failsAsIncomplete(result, judgement) ? 2 : 0;
}

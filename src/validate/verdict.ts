/** What a validation amounts to. */
import type { ValidationResult } from './run.js';

export type Verdict = 'valid' | 'invalid' | 'incomplete';

/** Errors first: what is broken is broken, whatever else could not be looked at. */
export function verdictOf({ findings, missing }: Pick<ValidationResult, 'findings' | 'missing'>): Verdict {
  if (findings.some(({ severity }) => severity === 'error')) return 'invalid';
  return missing.length > 0 ? 'incomplete' : 'valid';
}

/** Reasons that are put into words; the others are counted. */
const SHOWN = 3;

/** What is missing, in one line. */
export function shortfallText({ missing }: Pick<ValidationResult, 'missing'>): string {
  const shown = missing.slice(0, SHOWN).map(({ what }) => what);
  const more = missing.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

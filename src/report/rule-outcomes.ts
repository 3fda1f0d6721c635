/** A validation's result rule by rule, for the outputs that list every rule. */

import { grouped } from '../schema/grouped.js';
import type { Finding, Rule } from '../validate/rule.js';
import type { ValidationResult } from '../validate/run.js';

/** What became of one rule. */
export interface RuleOutcome {
  readonly id: string;
  /** From the catalogue; empty for a rule that it does not have. */
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or could not look at everything. */
  readonly why?: string;
  /** All findings of the rule; a rule that passed or was skipped may have notes. */
  readonly findings: readonly Finding[];
}

/** Every rule of the result, in the catalogue's order. */
export function ruleOutcomes(result: ValidationResult, catalogue: readonly Rule[]): RuleOutcome[] {
  const findings = grouped(result.findings, ({ rule }) => rule);
  const titles = new Map(catalogue.map(({ id, title }) => [id, title]));
  const outcomes = new Map<string, RuleOutcome>();
  const add = (id: string, state: RuleOutcome['state'], why?: string): void => {
    outcomes.set(id, {
      id,
      title: titles.get(id) ?? '',
      state,
      findings: findings.get(id) ?? [],
      ...(why === undefined ? {} : { why }),
    });
  };
  for (const id of result.passed) add(id, 'passed');
  const partial = new Map(result.partial.map(({ rule, why }) => [rule, why]));
  for (const id of result.failed) add(id, 'failed', partial.get(id));
  for (const { rule, why } of result.skipped) add(rule, 'skipped', why);
  const order = new Map(catalogue.map(({ id }, index) => [id, index]));
  const place = (id: string): number => order.get(id) ?? order.size;
  return [...outcomes.values()].sort((a, b) => place(a.id) - place(b.id));
}

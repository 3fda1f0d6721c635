/** How far a validation is: which of its rules is being checked. */
import { tellStep } from '../memory/node/telling.js';
import type { Rule } from '../validate/rule.js';

/** The same rules; each tells its place among them when it is its turn. */
export function toldRules(rules: readonly Rule[]): readonly Rule[] {
  return rules.map((rule, index) => {
    if (rule.check === undefined) return rule;
    return {
      ...rule,
      check(context, report) {
        tellStep(index + 1, rules.length, 'rule');
        rule.check?.(context, report);
      },
    };
  });
}

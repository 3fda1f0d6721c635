/** An instance of each rule, made from the fault that proves it (examples.json, written by proof.test.ts). */
import { EXAMPLES } from './examples.js';

/** What bytes that break a rule look like. */
export interface RuleExample {
  /** What was changed, and in which valid dump. */
  readonly fault: string;
  /** What the rule says. */
  readonly message: string;
  readonly at?: string;
  /** The bytes around it, the wrong ones in brackets. */
  readonly bytes?: string;
  readonly found?: string;
  readonly expected?: string;
}

let examples: { readonly [rule: string]: RuleExample } | undefined;

/** The example of a rule; undefined for a rule that has none. */
export function exampleOf(rule: string): RuleExample | undefined {
  examples ??= JSON.parse(EXAMPLES) as { readonly [rule: string]: RuleExample };
  return Object.hasOwn(examples, rule) ? examples[rule] : undefined;
}

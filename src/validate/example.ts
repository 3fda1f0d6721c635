/** An instance of each rule, made from the fault that proves it. */

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

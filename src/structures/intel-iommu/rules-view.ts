/** Domains of the 2024 series as rules see them, and the shape of rules on what the walks of their tables meet. */
import type { Domain } from '../../abi/model.js';
import {
  type Reporter,
  RFC_2024,
  type Rule,
  type RuleContext,
  type WalkObserver,
} from '../../validate/rule.js';
import { type Elements, type Fault, tell, type Words } from '../../validate/shapes.js';
import { domainSubject, placeOf } from '../../validate/subject.js';

export const DOMAINS: Elements<Domain> = {
  shared: { generations: RFC_2024 },
  each: ({ handover: { domains = [] } }) => domains,
  subject: domainSubject,
  place: placeOf,
};

/** A rule that watches the walk of each domain's tables. */
export function walkRule({
  watch,
  ...words
}: Words & {
  /** @param fault tells what is wrong with the domain */
  watch(
    domain: Domain,
    context: RuleContext,
    fault: (fault: Fault) => void,
    report: Reporter,
  ): WalkObserver | undefined;
}): Rule {
  return {
    severity: 'error',
    ...DOMAINS.shared,
    needs: ['memory'],
    ...words,
    observe: (context, domain, report) =>
      watch(domain, context, (fault) => tell(report, DOMAINS, domain, fault), report),
  };
}

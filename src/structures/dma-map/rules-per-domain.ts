/** What several rules ask of the walk of a domain, made for the first that asks. */
import type { Domain } from '../../abi/model.js';
import type { Facts } from '../../validate/facts.js';

/** @returns gives what `make` made for this domain of this validation; it is asked again while it made nothing */
export function perDomain<T>(): (facts: Facts, domain: Domain, make: () => T | undefined) => T | undefined {
  const known = new WeakMap<Facts, Map<Domain, T>>();
  return (facts, domain, make) => {
    const made = known.get(facts) ?? new Map<Domain, T>();
    known.set(facts, made);
    const found = made.get(domain) ?? make();
    if (found !== undefined) made.set(domain, found);
    return found;
  };
}

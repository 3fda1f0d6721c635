/** What several rules need of a handover is computed once, and lives as long as the handover does. */
import type { Handover } from './model.js';

/** Keeps what a function makes of each handover. */
export function perHandover<T extends object>(compute: (handover: Handover) => T): (handover: Handover) => T {
  const known = new WeakMap<Handover, T>();
  return (handover) => {
    const made = known.get(handover) ?? compute(handover);
    known.set(handover, made);
    return made;
  };
}

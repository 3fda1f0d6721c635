/** What was met while the tables were looked at, by rule and cause: one finding each, with a count. */
import type { Finding, Subject } from '../../validate/rule.js';
import type { Fault, Hit, Row, VtdRule } from './row.js';
import type { Given } from './unit.js';

/** Causes of one rule that are kept apart; later ones are folded together. */
const MAX_CAUSES = 64;

/** How a hit was met: what decides its words. */
export interface Setting {
  /** Mode of the unit; undefined for tables that no unit is known for. */
  readonly mode?: 'legacy' | 'scalable';
  readonly given: Given;
  /** Hits that depend on a register which is not given are left out, and their rule is not judged. */
  readonly quiet?: true;
  /** Whose it is, where it is not a whole unit's. */
  readonly subject?: Subject;
}

interface Cause {
  readonly hit: Hit;
  readonly setting: Setting;
  readonly folded: boolean;
  count: number;
}

export interface Tally {
  /** Notes a hit; `count` when it stands for several entries. */
  see(rule: VtdRule, hit: Hit, setting: Setting, count?: number): void;
  /** What was met of a row, as findings. */
  findings(row: Row): Omit<Finding, 'rule'>[];
  /** The register without which a row was not judged. */
  unjudged(row: Row): 'cap' | 'ecap' | undefined;
}

export function createTally(): Tally {
  const rules = new Map<VtdRule, Map<string, Cause>>();
  const left = new Map<VtdRule, 'cap' | 'ecap'>();
  return {
    unjudged: ({ id }) => left.get(id),
    see(rule, hit, setting, count = 1) {
      if (setting.quiet === true && hit.depends !== undefined && !setting.given[hit.depends]) {
        left.set(rule, hit.depends);
        return;
      }
      let causes = rules.get(rule);
      if (causes === undefined) {
        causes = new Map();
        rules.set(rule, causes);
      }
      const key = hit.key ?? '';
      const known = causes.get(key) ?? (causes.size >= MAX_CAUSES ? causes.get('folded') : undefined);
      if (known !== undefined) {
        known.count += count;
        return;
      }
      const folded = causes.size >= MAX_CAUSES;
      causes.set(folded ? 'folded' : key, { hit, setting, folded, count });
    },
    findings: (row) => [...(rules.get(row.id)?.values() ?? [])].map((cause) => findingOf(row, cause)),
  };
}

function faultText([reason, condition]: Fault): string {
  return `0x${reason.toString(16)} (${condition})`;
}

/** `fault reason 0xc (LSS.2)`; both numbers where the mode is not known. Empty for rows without a fault. */
export function faultsText({ legacy, scalable, onAccess }: Row, mode?: 'legacy' | 'scalable'): string {
  const one = mode === 'legacy' ? (legacy ?? scalable) : (scalable ?? legacy);
  if (one === undefined) return '';
  const both = mode === undefined && legacy !== undefined && scalable !== undefined;
  const text = both ? `${faultText(legacy)}, in scalable mode ${faultText(scalable)}` : faultText(one);
  return `fault reason ${text}${onAccess ? ' on access' : ''}`;
}

function findingOf(row: Row, { hit, setting, folded, count }: Cause): Omit<Finding, 'rule'> {
  const { text, depends, location = {}, found, expected, subject = setting.subject } = hit;
  const unknown = depends !== undefined && !setting.given[depends];
  const times = count > 1 ? ` (${folded ? `and ${count - 1} like it` : `${count} times`})` : '';
  const fault = faultsText(row, setting.mode);
  const parts = [`${text}${times}`];
  if (fault !== '') parts.push(fault);
  if (unknown) parts.push(`${depends.toUpperCase()}_REG is not given (--regset, --${depends})`);
  return {
    severity: unknown ? 'note' : (hit.severity ?? row.severity),
    message: parts.join('; '),
    ...(subject === undefined || Object.keys(subject).length === 0 ? {} : { subject }),
    location,
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
  };
}

/** Findings by place, for people: most severe first, and of each rule only the first few. */

import { addTo } from '../schema/grouped.js';
import { hex } from '../schema/units.js';
import type { Finding, Severity } from '../validate/rule.js';

/** Findings of one rule at one place. */
export interface RuleGroup {
  readonly id: string;
  /** The most severe one's. */
  readonly severity: Severity;
  readonly findings: readonly Finding[];
  /** Findings of this rule, here and at later places, that are not listed. */
  readonly more: number;
}

/** A node, a kind of record, or the dump as a whole. */
export interface Place {
  readonly name: string;
  readonly rules: readonly RuleGroup[];
}

const ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

interface Group {
  readonly name: string;
  readonly byRule: Map<string, Finding[]>;
  worst: number;
}

/**
 * Places in the order of their most severe finding, then as found; in each the rules likewise.
 *
 * @param findings most severe first, as a validation gives them
 * @param shown of each rule, over all places
 */
export function placesOf(findings: readonly Finding[], shown: number): Place[] {
  const groups = new Map<string, Group>();
  const left = new Map<string, number>();
  for (const finding of findings) {
    const name = placeName(finding);
    const group: Group = groups.get(name) ?? { name, byRule: new Map(), worst: ORDER.note };
    groups.set(name, group);
    group.worst = Math.min(group.worst, ORDER[finding.severity]);
    addTo(group.byRule, finding.rule, finding);
    left.set(finding.rule, (left.get(finding.rule) ?? 0) + 1);
  }
  const room = new Map([...left.keys()].map((rule) => [rule, shown]));
  const places: Place[] = [];
  for (const { name, byRule } of [...groups.values()].sort((a, b) => a.worst - b.worst)) {
    const rules: RuleGroup[] = [];
    for (const [id, own] of byRule) {
      const listed = own.slice(0, room.get(id) ?? 0);
      if (listed.length === 0) continue;
      const rest = (left.get(id) ?? 0) - listed.length;
      const space = (room.get(id) ?? 0) - listed.length;
      room.set(id, space);
      left.set(id, rest);
      rules.push({
        id,
        severity: own[0]?.severity ?? 'error',
        findings: listed,
        more: space === 0 ? rest : 0,
      });
    }
    if (rules.length > 0) places.push({ name, rules });
  }
  return places;
}

/**
 * The most general part of a location: the node; the device or domain of tables; else the kind of record, else that it
 * is about memory or the dump.
 */
function placeName({ location, subject }: Finding): string {
  const { fdtPath, field, address, iova, fileOffset } = location;
  if (fdtPath !== undefined) return fdtPath;
  if (subject?.device !== undefined) return `device ${subject.device}`;
  if (subject?.domain !== undefined) return `domain ${hex(subject.domain)}`;
  if (field !== undefined) return field.split(/[.[]/)[0] ?? field;
  if (iova !== undefined) return `IOVA ${hex(iova)}`;
  if (address !== undefined) return 'memory';
  return fileOffset === undefined ? 'the dump as a whole' : 'the blob';
}

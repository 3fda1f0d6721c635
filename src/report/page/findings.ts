/** The findings of the page, rule by rule: some in full, the others in a line. */
import type { Handover } from '../../abi/model.js';
import { grouped } from '../../schema/grouped.js';
import type { Finding, Rule, Severity } from '../../validate/rule.js';
import type { ValidationResult } from '../../validate/run.js';
import { areaOf } from '../areas.js';
import { type FindingBytes, findingBytes } from '../finding-bytes.js';
import { findingPlaces } from '../finding-places.js';

/** A finding that is shown with its bytes. */
export interface ShownFinding {
  readonly anchor: string;
  readonly finding: Finding;
  readonly bytes?: FindingBytes;
  /** Physical address, where it is one that memory can have. */
  readonly address?: number;
}

/** All findings of one rule. */
export interface FindingGroup {
  readonly id: string;
  readonly anchor: string;
  readonly area: string;
  /** The most severe one's. */
  readonly severity: Severity;
  readonly rule?: Rule;
  readonly total: number;
  readonly shown: readonly ShownFinding[];
  /** Those without bytes, and their addresses. */
  readonly more: readonly { readonly finding: Finding; readonly address?: number }[];
  /** Addresses of all that have one. */
  readonly places: readonly number[];
}

/** Findings of one rule in full, of all rules together, and characters of those that are a line. */
const MAX_OWN = 40;
const MAX_SHOWN = 700;
const MAX_MORE_TEXT = 900_000;
const LEAST_OWN = 3;

/** Groups in the order in which the validation gives their findings: most severe first. */
export function findingGroups(
  handover: Handover,
  { findings }: Pick<ValidationResult, 'findings'>,
  catalogue: readonly Rule[],
): FindingGroup[] {
  const rules = new Map(catalogue.map((rule) => [rule.id, rule]));
  const addresses = findingPlaces(handover, findings, 'other').map(({ address }) => addressOf(address));
  const byRule = grouped(findings.keys(), (i) => findings[i]?.rule ?? '');
  const own = Math.max(LEAST_OWN, Math.min(MAX_OWN, Math.floor(MAX_SHOWN / Math.max(1, byRule.size))));
  let text = MAX_MORE_TEXT;
  return [...byRule].map(([id, indices]) => {
    const rule = rules.get(id);
    const more: { finding: Finding; address?: number }[] = [];
    for (const i of indices.slice(own)) {
      const finding = findings[i] as Finding;
      text -= finding.message.length + 60;
      if (text < 0) break;
      more.push({ finding, ...place(addresses[i]) });
    }
    return {
      id,
      anchor: `rule-${id}`,
      area: areaOf(id),
      severity: findings[indices[0] ?? 0]?.severity ?? 'error',
      ...(rule === undefined ? {} : { rule }),
      total: indices.length,
      shown: indices.slice(0, own).map((i, nth) => {
        const finding = findings[i] as Finding;
        const bytes = findingBytes(finding.location, handover);
        return {
          anchor: `finding-${id}-${nth + 1}`,
          finding,
          ...(bytes === undefined ? {} : { bytes }),
          ...place(addresses[i]),
        };
      }),
      more,
      places: indices.flatMap((i) => addresses[i] ?? []),
    };
  });
}

function place(address: number | undefined): { readonly address?: number } {
  return address === undefined ? {} : { address };
}

function addressOf(address: bigint | undefined): number | undefined {
  return address === undefined || address < 0n || address >= 1n << 52n ? undefined : Number(address);
}

/** How the tables of a domain are walked, and what they map. */
import type { PhysicalMemory } from '../../memory/physical.js';
import { DEFAULT_SETTINGS, sameSettings, type VtdSettings } from '../../schema/settings.js';
import type { Stage } from '../../structures/iommu/attachments.js';
import { pathRoots } from '../../structures/iommu/units.js';
import { settingsFor } from '../../vtd/context/stages.js';
import { firstStageFormat } from '../../vtd/first-stage.js';
import { inputWidthOf } from '../../vtd/registers.js';
import { secondStageFormat } from '../../vtd/second-stage.js';
import type { WalkRequest } from '../../vtd/walk/state.js';
import { walkTable } from '../../vtd/walk/walk.js';
import type { HandedDomain } from './domains.js';

/** Why a domain cannot be walked. */
export type NoWalk =
  /** `top_table` can be no table. */
  | 'no-root'
  /** `top_level` is of no depth that a table has. */
  | 'no-levels'
  /** Nothing tells the stage. */
  | 'no-stage';

export type DomainRequest = WalkRequest & { readonly stage: Stage };

/** Settings of the unit with what the PASID entry of a device says of its tables. */
export function domainSettings({ attachments, root }: HandedDomain, settings: VtdSettings): VtdSettings {
  for (const { unit, path } of attachments) {
    if (unit === undefined || path === undefined) continue;
    if (!pathRoots(path).some((address) => BigInt(address) === root)) continue;
    return settingsFor(path, sameSettings({ ...settings, mode: unit.mode }));
  }
  return settings;
}

/**
 * What to walk for a domain: the top table and depth of its record.
 *
 * @param stage instead of what the evidence tells
 */
export function domainRequest(
  domain: HandedDomain,
  memory: PhysicalMemory,
  settings: VtdSettings = DEFAULT_SETTINGS,
  stage: Stage | undefined = domain.stage?.stage,
): DomainRequest | NoWalk {
  const { root, levels } = domain;
  if (root === undefined) return 'no-root';
  if (levels === undefined) return 'no-levels';
  if (stage === undefined) return 'no-stage';
  const own = domainSettings(domain, settings);
  return stage === 'first'
    ? { stage, memory, root, levels, format: firstStageFormat(own) }
    : {
        stage,
        memory,
        root,
        levels,
        format: secondStageFormat(own),
        inputWidth: inputWidthOf(own, levels),
      };
}

/** What a domain maps. */
export interface Mappings {
  /** Leaves of its tables. */
  readonly leaves: number;
  /** In pages of 4 KiB. */
  readonly pages: number;
  /** False where tables are not in the dump, or lead to themselves. */
  readonly complete: boolean;
}

/** Counts what a domain maps: one walk. Undefined where it cannot be walked. */
export function countMappings(domain: HandedDomain, memory: PhysicalMemory): Mappings | undefined {
  const request = domainRequest(domain, memory);
  if (typeof request === 'string') return undefined;
  const walk = walkTable(request);
  let pages = 0;
  for (const batch of walk.batches) pages += batch.totalPages;
  const report = walk.report();
  return { leaves: report.leaves, pages, complete: report.anomalies.length === 0 };
}

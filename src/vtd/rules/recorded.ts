/** Units and domains that LUO hands over (upstream 4.5), for the inspection of their tables without --root or --regset. */
import type { Handover } from '../../abi/model.js';
import { type HandedDomain, type HandedIommu, handedIommu } from '../../decode/iommu/domains.js';
import type { VtdSettings } from '../../schema/settings.js';
import { pathRoots } from '../../structures/iommu/units.js';
import { hex } from '../../validate/text.js';
import { rootPointer, rootSettings } from '../registers.js';
import type { VtdOptions, VtdUnit } from './unit.js';

/** The units that options name, and those that the handover records and no option names. */
export function withRecorded(handover: Handover, options: VtdOptions, settings: VtdSettings): VtdOptions {
  const handed = handedIommu(handover);
  if (handed === undefined) return options;
  const recorded = new Map(handed.units.map((unit) => [rootPointer(unit.rtaddr).address, unit]));
  const named = options.units.map((unit): VtdUnit => {
    const address = rootPointer(unit.rtaddr).address;
    if (!recorded.delete(address)) return unit;
    return { ...unit, recorded: true };
  });
  const others = [...recorded.values()].map(
    ({ name, rtaddr }): VtdUnit => ({
      name,
      rtaddr,
      settings: { ...settings, ...rootSettings(rtaddr) },
      given: options.given,
      recorded: true,
      byRecord: true,
    }),
  );
  return { ...options, units: [...named, ...others] };
}

/** What the inspection asks about a handed-over state. */
export interface Recorded {
  readonly domains: readonly HandedDomain[];
  /** The live domain with this top table. */
  ofRoot(root: bigint): HandedDomain | undefined;
  /**
   * Why a table below a root table is not walked: the entry of a device leads there, and the record of its domain
   * elsewhere, which is a finding of its own.
   */
  disputedRoot(root: bigint): string | undefined;
  /** The same for a domain that none of its devices is led to. */
  disputedDomain(domain: HandedDomain): string | undefined;
  /** Pages of PASID directories and tables on the way of devices that are handed over. */
  readonly pasidPages: ReadonlySet<number>;
}

const DISPUTED = 'the entry of its device and its record lead to different tables (IOMMU-052)';

export function recordedOf(handover: Handover): Recorded | undefined {
  const handed = handedIommu(handover);
  return handed === undefined ? undefined : createRecorded(handed);
}

function createRecorded({ domains }: HandedIommu): Recorded {
  const roots = new Map<bigint, HandedDomain>();
  for (const domain of domains)
    if (domain.root !== undefined && !roots.has(domain.root)) roots.set(domain.root, domain);
  const disputed = new Map<bigint, string>();
  const pasidPages = new Set<number>();
  for (const domain of domains) {
    for (const { path } of domain.attachments) {
      if (path === undefined) continue;
      for (const { kind, address } of path.steps)
        if (kind === 'pasid-directory-entry' || kind === 'pasid-entry')
          pasidPages.add(address - (address % 4096));
      for (const root of pathRoots(path).map(BigInt))
        if (!roots.has(root)) disputed.set(root, `the table ${hex(root)} is not walked: ${DISPUTED}`);
    }
  }
  return {
    domains,
    ofRoot: (root) => roots.get(root),
    disputedRoot: (root) => disputed.get(root),
    disputedDomain({ name, root, attachments }) {
      const led = attachments.flatMap(({ path }) => (path === undefined ? [] : pathRoots(path)));
      if (led.length === 0 || led.some((address) => BigInt(address) === root)) return undefined;
      return `${name} is not walked: ${DISPUTED}`;
    },
    pasidPages,
  };
}

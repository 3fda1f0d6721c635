/** A table to walk: of a domain of the 2024 series, or of devices below a root table. */
import type { Domain, Location } from '../../abi/model.js';
import type { HandedDomain } from '../../decode/iommu/domains.js';
import { domainSettings } from '../../decode/iommu/walks.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import type { VtdSettings } from '../../schema/settings.js';
import { pciText } from '../../structures/values.js';
import type { Severity, Subject } from '../../validate/rule.js';
import { domainName, domainSubject, placeOf } from '../../validate/subject.js';
import { functionText } from '../device-id.js';
import type { Place } from './row.js';
import type { Setting } from './tally.js';
import type { Capabilities } from './unit.js';

export interface Target {
  readonly memory: PhysicalMemory;
  /** Physical byte address of the top table (guest-physical for the first stage of a nested translation). */
  readonly root: bigint;
  readonly levels: number;
  readonly stage: 'first' | 'second';
  /** Settings of the unit with those of the PASID entry. */
  readonly settings: VtdSettings;
  readonly caps: Capabilities;
  readonly setting: Setting;
  /** Name of the remapping unit; none for domains. */
  readonly unit?: string;
  /** For messages: `domain 1`, `00:03.0 and 2 more`. */
  readonly name: string;
  /** Where findings on the whole table are. */
  readonly place: Location;
  /** Set for tables of the 2024 series, which have rules of their own. */
  readonly domain?: Domain;
  /** The domain that LUO hands over and whose top table it is. */
  readonly handed?: HandedDomain;
  /** The unit is handed over. */
  readonly recorded?: true;
  /** The second stage of a nested translation. */
  readonly nestingParent: boolean;
  /** A first stage whose addresses are guest-physical. */
  readonly nested: boolean;
  /** Width of the second stage under a nested first stage: addresses end there. */
  readonly addressBits?: number;
  /** Whether the second stage under a nested first stage refuses to read a page; false where the dump does not tell. */
  readonly isRefused?: (address: number) => boolean;
  /** Whether hardware snoops the walks (vtd.md 2.4): bit 10 or 9 of tables stays clear then. */
  readonly coherent: boolean | undefined;
  /** PWSNP of the PASID entry; undefined in legacy mode. */
  readonly walksSnooped?: boolean;
  /** Entry that points to the root, as physical byte address. */
  readonly entryAddress?: number;
  /** A PASID that requests name; requests without one have 0 or none. */
  readonly pasid?: number;
  /** The kernel's own domain, not a table shared with a CPU (domain id 1). */
  readonly kernelDomain: boolean;
  /** Supervisor requests reach a first stage (SRE): its entries without U/S count too. */
  readonly supervisor?: boolean;
  /** Requests without PASID use it (RID_PASID); true when they are user requests (RID_PRIV is 0). */
  readonly userOnly?: boolean;
}

/**
 * What an entry without U/S is (FS-7). VT-d 3.6.1: requests without PASID are user requests unless RID_PRIV is set,
 * those with one unless the device asks for privilege, which SRE has to allow.
 */
export function supervisorOnly(target: Target): Severity {
  if (isForeign(target)) return 'note';
  if (target.supervisor !== true || target.userOnly === true) return 'error';
  return target.userOnly === false ? 'note' : 'warning';
}

/**
 * Whether the tables are another's than the kernel's IOMMU code: a process' (mm->pgd, with the kernel's half in it),
 * or a guest's. Both may share tables as they like: arch/x86/kernel/espfix_64.c does, and so do recursive mappings.
 */
export function isForeign({ stage, kernelDomain, nested }: Target): boolean {
  return stage === 'first' && (nested || !kernelDomain);
}

/** `00:03.0`, in scalable mode with its PASID. */
export function placeName({ bus, devfn, pasid }: Place): string {
  const name = devfn === undefined ? `bus ${bus.toString(16).padStart(2, '0')}` : functionText(bus, devfn);
  return pasid === undefined || pasid === 0 ? name : `${name} PASID 0x${pasid.toString(16)}`;
}

/** Whose an entry is: the function, and the PASID where requests name one. */
export function placeSubject({ bus, devfn, pasid }: Place): Subject {
  return {
    ...(devfn === undefined ? {} : { device: functionText(bus, devfn) }),
    ...(pasid === undefined || pasid === 0 ? {} : { pasid }),
  };
}

/**
 * The table of a domain that LUO hands over and that no device below a root table leads to.
 *
 * @returns undefined where its record names no table that can be walked
 */
export function handedTarget(
  handed: HandedDomain,
  memory: PhysicalMemory,
  caps: Capabilities,
  mode: 'legacy' | 'scalable' | undefined,
): Target | undefined {
  const { root, levels, stage, name, domain } = handed;
  if (root === undefined || levels === undefined || stage === undefined) return undefined;
  return {
    memory,
    root,
    levels,
    stage: stage.stage,
    settings: domainSettings(handed, caps.settings),
    caps,
    setting: {
      given: caps.given,
      subject: handedSubject(handed),
      ...(mode === undefined ? {} : { mode }),
    },
    name,
    place: { address: domain.address },
    handed,
    recorded: true,
    nestingParent: false,
    nested: false,
    coherent: undefined,
    kernelDomain: true,
  };
}

/** Whose a domain is: by its attachment id, or the first of its devices. */
export function handedSubject({ attachments }: HandedDomain): Subject {
  const [first] = attachments;
  if (first === undefined) return {};
  const { segment, bdf, attachmentId } = first.device;
  return { domain: attachmentId, device: pciText(segment, bdf) };
}

/** The table of a domain of the 2024 series. */
export function domainTarget(
  domain: Domain,
  root: { readonly pgd: bigint; readonly levels: number },
  memory: PhysicalMemory,
  caps: Capabilities,
  mode: 'legacy' | 'scalable' | undefined,
): Target {
  return {
    memory,
    root: root.pgd,
    levels: root.levels,
    stage: 'second',
    settings: caps.settings,
    caps,
    setting: {
      given: caps.given,
      subject: domainSubject(domain),
      ...(mode === undefined ? {} : { mode }),
    },
    name: domainName(domain),
    place: placeOf(domain),
    domain,
    nestingParent: false,
    nested: false,
    coherent: undefined,
    kernelDomain: true,
  };
}

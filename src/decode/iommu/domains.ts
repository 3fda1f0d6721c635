/** The domains that an IOMMU state hands over, as page tables that can be walked. */

import type { Handover } from '../../abi/model.js';
import { filesOf } from '../../abi/upstream/holders.js';
import type { LuoFile, LuoSession } from '../../abi/upstream/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { addTo } from '../../schema/grouped.js';
import { hex } from '../../schema/units.js';
import {
  type Attachment,
  attachmentsOf,
  isForeign,
  type Stage,
  stageOf,
} from '../../structures/iommu/attachments.js';
import type { IommuDomain, IommuState } from '../../structures/iommu/model.js';
import { type RecordedUnit, recordedUnits } from '../../structures/iommu/units.js';
import { bdfText, pciText } from '../../structures/values.js';

/** A file of iommufd that has a domain, and its session. */
export interface DomainOwner {
  readonly session: LuoSession;
  readonly file: LuoFile;
}

/** A domain that is in use. */
export interface HandedDomain {
  readonly domain: IommuDomain;
  /** For messages: `domain 0x2228010 (00:03.0)`. */
  readonly name: string;
  readonly attachments: readonly Attachment[];
  /** Which kind of tables it has, and what tells; undefined where nothing does. */
  readonly stage?: { readonly stage: Stage; readonly why: string };
  /** Levels of its tables by `top_level`; undefined for a number that no walk has. */
  readonly levels?: number;
  /** Physical address of the top table, where one can be. */
  readonly root?: bigint;
  /** Files that list it among their page tables; without any, those that own the DMA of its devices. */
  readonly owners: readonly DomainOwner[];
}

/** All that is in use, worked out together. */
export interface HandedIommu {
  readonly state: IommuState;
  readonly units: readonly RecordedUnit[];
  readonly domains: readonly HandedDomain[];
}

const known = new WeakMap<Handover, HandedIommu>();

/** The IOMMU state of a handover, ready to be walked; undefined where none is handed over. Worked out once. */
export function handedIommu(handover: Handover): HandedIommu | undefined {
  const { iommu } = handover;
  if (iommu === undefined) return undefined;
  const found = known.get(handover) ?? workOut(handover, iommu);
  known.set(handover, found);
  return found;
}

function workOut(handover: Handover, state: IommuState): HandedIommu {
  const { memory } = handover;
  const units = recordedUnits(state, memory);
  const owners = ownersByDomain(handover);
  const domains = state.domains.items
    .filter(({ deleted }) => !deleted)
    .map((domain) => handedDomain(state, units, owners, domain, memory));
  return { state, units, domains };
}

function handedDomain(
  state: IommuState,
  units: readonly RecordedUnit[],
  owners: Owners,
  domain: IommuDomain,
  memory: PhysicalMemory | undefined,
): HandedDomain {
  const attachments = attachmentsOf(state, units, domain, memory);
  const stage = isForeign(state, attachments, units) ? undefined : stageOf(domain, attachments, units);
  const { topTable, topLevel } = domain;
  const isRoot = topTable !== 0n && topTable % 4096n === 0n && topTable < 1n << 52n;
  return {
    domain,
    name: nameOf(domain, attachments),
    attachments,
    ...(stage === undefined ? {} : { stage }),
    ...(topLevel >= 1n && topLevel <= 4n ? { levels: Number(topLevel) + 1 } : {}),
    ...(isRoot ? { root: topTable } : {}),
    owners: ownersOf(owners, domain, attachments),
  };
}

function nameOf({ address }: IommuDomain, attachments: readonly Attachment[]): string {
  const [first, ...more] = attachments;
  if (first === undefined) return `domain ${hex(address)}`;
  const { segment, bdf } = first.device;
  const device = segment === 0 ? (bdfText(bdf) ?? pciText(segment, bdf)) : pciText(segment, bdf);
  return `domain ${hex(address)} (${device}${more.length > 0 ? ` and ${more.length} more` : ''})`;
}

function* iommufds(handover: Handover): Generator<DomainOwner> {
  for (const { session, file } of filesOf(handover)) if (file.iommufd !== undefined) yield { session, file };
}

interface Owners {
  readonly all: readonly DomainOwner[];
  /** By the address of a domain that they list. */
  readonly listing: ReadonlyMap<bigint, readonly DomainOwner[]>;
}

function ownersByDomain(handover: Handover): Owners {
  const all = [...iommufds(handover)];
  const listing = new Map<bigint, DomainOwner[]>();
  for (const owner of all) {
    for (const address of new Set(owner.file.iommufd?.hwpts.items.map(({ domain }) => domain)))
      addTo(listing, address, owner);
  }
  return { all, listing };
}

function ownersOf(
  { all, listing }: Owners,
  { address }: IommuDomain,
  attachments: readonly Attachment[],
): readonly DomainOwner[] {
  const own = listing.get(address);
  if (own !== undefined) return own;
  const tokens = new Set(attachments.map(({ device }) => device.dmaOwnerToken));
  const owning = all.filter(({ file }) => tokens.has(file.token));
  // A token is unique in its session only.
  return owning.length === 1 ? owning : [];
}

/** Attachment ids of a domain, each once. */
export function attachmentIdsOf({ attachments }: HandedDomain): bigint[] {
  return [...new Set(attachments.map(({ device }) => device.attachmentId))];
}

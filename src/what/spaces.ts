/** The I/O address spaces of a dump: the top tables that domains and devices have, and how they are walked. */
import type { Domain, Handover } from '../abi/model.js';
import { attachmentIdsOf, handedIommu } from '../decode/iommu/domains.js';
import { domainRequest } from '../decode/iommu/walks.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { DEFAULT_SETTINGS, sameSettings, type VtdSettings } from '../schema/settings.js';
import { hex } from '../schema/units.js';
import { pciText } from '../structures/values.js';
import { listDevices } from '../vtd/context/list.js';
import { devicePath, type UnitTables } from '../vtd/context/path.js';
import { stageRequests } from '../vtd/context/stages.js';
import { type DeviceId, deviceText, functionText } from '../vtd/device-id.js';
import { rootSettings } from '../vtd/registers.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import type { WalkRequest } from '../vtd/walk/state.js';
import { follow, type Landing, noDevice, noDomain } from './landing.js';
import type { SpaceName } from './query.js';

/** A remapping unit: as registers give it, or as the handover records it. */
export interface SpaceUnit {
  readonly name: string;
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
}

/** Who uses a tree of page tables. */
export interface SpaceUser {
  /** persistent_id of the 2024 series, or the address of the domain's record. */
  readonly domain?: bigint;
  /** As the kernel prints it; without a segment where none is recorded. */
  readonly device?: string;
}

/** An I/O address space: a top table, and who uses it. */
export interface Space {
  /** Physical address of the top table. */
  readonly root: bigint;
  readonly stage: 'first' | 'second';
  readonly request: WalkRequest;
  readonly users: readonly SpaceUser[];
}

/** PASIDs that are listed of all units together. */
const PASID_BUDGET = 2 ** 16;

/**
 * All of them, each top table once.
 *
 * @param units besides those that the handover records
 *
 * @example
 * ```ts
 * import { decodeHandover, planFromSeed, spacesOf, synthesise, translate } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'rfc-2024', domains: 1, devices: 1 }));
 * for (const { stage, request, users } of spacesOf(decodeHandover(blob, { memory }), []))
 *   console.log(stage, users.length, translate(request, 0n).steps.length > 0); //=> second 1 true
 * ```
 */
export function spacesOf(handover: Handover, units: readonly SpaceUnit[]): Space[] {
  const { memory, domains = [] } = handover;
  if (memory === undefined) return [];
  const found = new Map<
    bigint,
    { root: bigint; stage: Space['stage']; request: WalkRequest; users: SpaceUser[]; told: Set<string> }
  >();
  const add = (stage: Space['stage'], request: WalkRequest, user: SpaceUser): void => {
    const root = BigInt(request.root);
    // An entry that leads to where no memory is has no space; rules tell of it.
    if (physicalAddress(root) === undefined) return;
    const space = found.get(root) ?? { root, stage, request, users: [], told: new Set() };
    found.set(root, space);
    const { users, told } = space;
    const { domain = '', device = '' } = user;
    if (told.has(`${domain} ${device}`)) return;
    users.push(user);
    // A device without a domain is one that a domain has, too.
    told.add(`${domain} ${device}`).add(` ${device}`);
  };
  for (const domain of domains) {
    const request = rfcRequest(domain, memory);
    if (request === undefined) continue;
    for (const user of rfcUsers(domain)) add('second', request, user);
  }
  const handed = handedIommu(handover);
  for (const each of handed?.domains ?? []) {
    const request = domainRequest(each, memory);
    if (typeof request === 'string') continue;
    const { address: domain } = each.domain;
    const devices = each.attachments.map(({ device }) => pciText(device.segment, device.bdf));
    if (devices.length === 0) add(request.stage, request, { domain });
    for (const device of devices) add(request.stage, request, { domain, device });
  }
  for (const unit of [...recordedUnits(handover), ...units]) {
    const tables: UnitTables = { ...unit, memory };
    for (const path of listDevices(tables, { pasidBudget: PASID_BUDGET })) {
      const device = deviceText({ segment: 0, bus: path.bus, devfn: path.devfn });
      // The first stage of a nested translation is in the guest's memory.
      for (const { stage, request } of stageRequests(path, tables))
        if (request.memory === memory) add(stage, request, { device });
    }
  }
  return [...found.values()].map(({ told: _told, ...space }) => space);
}

/** Units that the handover records. */
export function recordedUnits(handover: Handover): SpaceUnit[] {
  return (handedIommu(handover)?.units ?? []).map(({ name, rtaddr }) => ({
    name,
    rtaddr,
    settings: sameSettings({ ...DEFAULT_SETTINGS, ...rootSettings(rtaddr) }),
  }));
}

function rfcRequest({ pgd, agaw }: Domain, memory: PhysicalMemory): WalkRequest | undefined {
  if (pgd === undefined || agaw === undefined || physicalAddress(pgd) === undefined) return undefined;
  return { memory, root: pgd, levels: agaw + 2, format: secondStageFormat() };
}

function rfcUsers({ persistentId, devices = [] }: Domain): SpaceUser[] {
  const domain = persistentId === undefined ? {} : { domain: persistentId };
  const users = devices.flatMap(({ bus, devfn }): SpaceUser[] =>
    bus === undefined || devfn === undefined ? [] : [{ ...domain, device: functionText(bus, devfn) }],
  );
  return users.length > 0 ? users : [domain];
}

/** Translates an address of a space. */
export function landing(
  handover: Handover,
  units: readonly SpaceUnit[],
  space: SpaceName,
  iova: bigint,
): Landing {
  const { memory } = handover;
  if (memory === undefined) return { why: 'the dump has no memory', unknown: true };
  const requests =
    'domain' in space
      ? domainRequests(handover, memory, space.domain)
      : deviceRequests(handover, memory, units, space.device);
  return Array.isArray(requests) ? follow(requests, iova) : requests;
}

/** An I/O address space by one of its names, and how it is translated. */
export interface NamedSpace {
  readonly name: SpaceName;
  /** A device of tables that store no segment goes by any. */
  readonly anySegment?: true;
  readonly way: readonly WalkRequest[] | Landing;
}

/** All names that {@link landing} knows, each once, and what it says of others. */
export function namedSpaces(
  handover: Handover,
  units: readonly SpaceUnit[],
): { readonly named: readonly NamedSpace[]; readonly domainsThere: string; readonly unitsThere: string } {
  const { memory, domains = [] } = handover;
  const handed = handedIommu(handover);
  const known = units.length > 0 ? units : recordedUnits(handover);
  const there = { domainsThere: domainsThere(handover), unitsThere: unitNames(known) };
  if (memory === undefined) return { named: [], ...there };
  const ids = new Set([
    ...domains.flatMap(({ persistentId }) => (persistentId === undefined ? [] : [persistentId])),
    ...(handed?.domains ?? []).flatMap((each) => [each.domain.address, ...attachmentIdsOf(each)]),
  ]);
  const named: NamedSpace[] = [...ids].map((domain) => ({
    name: { domain },
    way: domainRequests(handover, memory, domain),
  }));
  const seen = new Set<string>();
  const add = (device: DeviceId, anySegment: boolean): void => {
    const key = `${anySegment ? '' : device.segment} ${device.bus} ${device.devfn}`;
    if (seen.has(key)) return;
    seen.add(key);
    const way = deviceRequests(handover, memory, units, device);
    if (Array.isArray(way) || way.unknown !== true)
      named.push({ name: { device }, ...(anySegment ? { anySegment } : {}), way });
  };
  for (const { attachments } of handed?.domains ?? [])
    for (const { device } of attachments)
      add({ segment: device.segment, bus: device.bdf >> 8, devfn: device.bdf & 0xff }, false);
  for (const { devices = [] } of domains)
    for (const { bus, devfn } of devices)
      if (bus !== undefined && devfn !== undefined) add({ segment: 0, bus, devfn }, true);
  for (const unit of known)
    for (const { bus, devfn } of listDevices({ ...unit, memory }, { pasidBudget: PASID_BUDGET }))
      add({ segment: 0, bus, devfn }, true);
  return { named, ...there };
}

function domainsThere(handover: Handover): string {
  const there = [
    ...(handover.domains ?? []).flatMap(({ persistentId }) =>
      persistentId === undefined ? [] : [`${persistentId}`],
    ),
    ...(handedIommu(handover)?.domains ?? []).map(({ domain }) => hex(domain.address)),
  ];
  return there.length === 0 ? '' : `; there are ${there.slice(0, 8).join(', ')}`;
}

function unitNames(units: readonly SpaceUnit[]): string {
  return units.map(({ name }) => name).join(', ');
}

function domainRequests(handover: Handover, memory: PhysicalMemory, id: bigint): WalkRequest[] | Landing {
  const { domains = [] } = handover;
  const handed = handedIommu(handover);
  const own = domains.find(({ persistentId }) => persistentId === id);
  if (own !== undefined) {
    const request = rfcRequest(own, memory);
    return request === undefined
      ? { why: `domain ${id} has no pgd and agaw that could be walked` }
      : [request];
  }
  const all = handed?.domains ?? [];
  const exact = all.filter(({ domain }) => domain.address === id);
  const named = exact.length > 0 ? exact : all.filter((each) => attachmentIdsOf(each).includes(id));
  const [first, second] = named;
  if (first === undefined) {
    return noDomain(id, domainsThere(handover));
  }
  if (second !== undefined)
    return {
      why: `attachment id ${hex(id)} is of ${named.length} domains: ${named.map(({ domain }) => hex(domain.address)).join(', ')}; name one by its address`,
      unknown: true,
    };
  const request = domainRequest(first, memory);
  return typeof request === 'string' ? { why: `${first.name} cannot be walked` } : [request];
}

function deviceRequests(
  handover: Handover,
  memory: PhysicalMemory,
  units: readonly SpaceUnit[],
  device: DeviceId,
): WalkRequest[] | Landing {
  const { segment, bus, devfn } = device;
  const rfc = (handover.domains ?? []).find(({ devices = [] }) =>
    devices.some((each) => each.bus === bus && each.devfn === devfn),
  );
  if (units.length === 0 && rfc !== undefined) {
    const request = rfcRequest(rfc, memory);
    if (request !== undefined) return [request];
  }
  const handed = handedIommu(handover);
  const attached = handed?.domains.find(({ attachments }) =>
    attachments.some((each) => each.device.segment === segment && each.device.bdf === ((bus << 8) | devfn)),
  );
  if (units.length === 0 && attached !== undefined) {
    const request = domainRequest(attached, memory);
    if (typeof request !== 'string') return [request];
  }
  const known = units.length > 0 ? units : recordedUnits(handover);
  for (const unit of known) {
    const tables: UnitTables = { ...unit, memory };
    const path = devicePath(tables, bus, devfn);
    const stages = stageRequests(path, tables);
    if (stages.length > 0) return stages.map(({ request }) => request);
    if (path.translation?.kind === 'pass-through') return [];
  }
  return noDevice(device, unitNames(known));
}

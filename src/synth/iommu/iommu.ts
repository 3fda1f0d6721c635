/** An IOMMU state that LUO hands over: units, domains with their tables, devices, iommufds and VFIO files. */

import { iommuArrayHdrSer } from '../../records/draft_iommu.js';
import { hex } from '../../schema/units.js';
import type { ListBinding, StructureForm } from '../../structures/structure.js';
import { bdfText } from '../../structures/values.js';
import type { UpstreamGeneration } from '../../versions/generations.js';
import { draftOf, fieldOf, type Json, structureDocument } from '../document.js';
import type { Guest } from '../guest.js';
import type { LaidMore } from '../more.js';
import type { Random } from '../random.js';
import { layBlocks, type Space } from '../space.js';
import type { IommuPlan, LuoPlan } from '../upstream-plan.js';
import { layUnit, pasidsOf } from './entries.js';
import { layFiles } from './files.js';
import { type IommuForms, iommuForms, listOf } from './forms.js';
import type { LaidDevice, LaidDomain, Owner } from './laid.js';
import { layPci } from './pci.js';
import { layDomainTables } from './tables.js';
import { type Endpoint, layTopology, type Topology } from './topology.js';

const PAGE = 4096;
/** Bytes of the head of a page of objects. */
const PAGE_HEAD = iommuArrayHdrSer.size ?? 0;
const FIRST_DID = 2;
const FIRST_UNIT = 0xfed9_0000;
/** Deleted devices that are not there any more: a bus that no other device is on. */
const GONE_BUS = 0xff;
const WIDTHS: Readonly<Record<number, number>> = { 3: 39, 4: 48, 5: 57 };

/** Objects of a list, those in use in their order, and their places. */
interface LaidList<T> {
  readonly items: readonly { readonly address: bigint; readonly live?: T; readonly deleted: number }[];
  readonly first: string;
  readonly pages: readonly Json[];
}

/** Lays out what a plan says; sessions without a file have no domain. */
export function layIommu(
  space: Space,
  plan: IommuPlan & { readonly abi: UpstreamGeneration },
  luo: LuoPlan,
  guest: Guest,
  random: Random,
): LaidMore {
  const forms = iommuForms(plan.abi);
  const domains = planDomains(space, plan, luo, guest, forms, random);
  const attached = domains.filter((domain) => domain.attached);
  const topology = layTopology(attached.length * plan.devices, plan.units, random);
  const devices = placeDevices(space, plan, topology, attached, random);
  const parts = layState(space, { ...plan, form: forms.iommu }, topology, domains, devices, random);
  const pci = devices.length === 0 ? undefined : layPci(space, forms.pci, devices);
  const files = layFiles(space, forms, luo.sessions.length, domains, devices, random);
  const iommufds = files.flat().filter(({ iommufd }) => iommufd !== undefined).length;
  return {
    files,
    flbs: [
      flbJson(forms.iommu, parts, iommufds),
      ...(pci === undefined ? [] : [flbJson(forms.pci, pci, devices.length)]),
    ],
    parts: { iommu: parts, ...(pci === undefined ? {} : { pci }) },
  };
}

function flbJson(form: StructureForm, { address }: Json, count: number): Json {
  return { name: form.names[0], data: address, count: hex(count), ...draftOf(form) };
}

/** Domains as iommufds preserve them: one session after another, each with its tables. */
function planDomains(
  space: Space,
  plan: IommuPlan,
  luo: LuoPlan,
  guest: Guest,
  forms: IommuForms,
  random: Random,
): LaidDomain[] {
  const holding = luo.sessions.flatMap(({ files }, i) => (files.length > 0 ? [i] : []));
  // Tokens of the first postings have 32 bits.
  const fields = [
    fieldOf(listOf(forms.iommufd, 'hwpts').element, 'token'),
    fieldOf(forms.vfioPci.root, 'token'),
  ];
  const width = Math.min(...fields.map((field) => field?.bitWidth ?? 64));
  let left = plan.domains;
  let alone = plan.unattached;
  let number = 0;
  return holding.flatMap((session, i) => {
    const files = luo.sessions[session]?.files ?? [];
    const first = luo.sessions.slice(0, session).reduce((sum, each) => sum + each.files.length, 0);
    const count = Math.ceil(left / (holding.length - i));
    const idle = Math.min(count, Math.ceil(alone / (holding.length - i)));
    left -= count;
    alone -= idle;
    const taken = new Set(files.map(({ token }) => token));
    const owners = Array.from({ length: count > 1 && random.chance(0.3) ? 2 : 1 }, (): Owner => {
      let token = random.bits(width);
      while (taken.has(token)) token = BigInt.asUintN(width, token + 1n);
      taken.add(token);
      return { session, token };
    });
    return Array.from({ length: count }, (_, j): LaidDomain => {
      const root = layDomainTables(
        space,
        plan,
        guest,
        files.map((_, k) => first + k),
        number++,
        random,
      );
      const owner = owners[j * owners.length < count ? 0 : owners.length - 1] as Owner;
      return { owner, root, attached: j < count - idle, address: 0n };
    });
  });
}

function placeDevices(
  space: Space,
  { stage, devices }: IommuPlan,
  { endpoints }: Topology,
  domains: readonly LaidDomain[],
  random: Random,
): LaidDevice[] {
  const ids = new Map<string, number>();
  const next = new Map<number, number>();
  const didOf = (unit: number, domain: number): number => {
    const key = `${unit} ${domain}`;
    const known = ids.get(key);
    if (known !== undefined) return known;
    const did = next.get(unit) ?? FIRST_DID + random.below(8);
    next.set(unit, did + 1);
    ids.set(key, did);
    return did;
  };
  // Endpoints are dealt to domains so that those of one may be below several units.
  const place = (i: number): Endpoint => endpoints[(i * 7919) % endpoints.length] as Endpoint;
  const coprime = endpoints.length % 7919 !== 0;
  return domains.flatMap((domain, d) =>
    Array.from({ length: devices }, (_, j): LaidDevice => {
      const i = d * devices + j;
      const endpoint = coprime ? place(i) : (endpoints[i] as Endpoint);
      const scalable = stage !== 'legacy';
      const pasid = scalable && random.chance(0.3);
      const order = pasid ? random.pick([0, 1, 5]) : 0;
      return {
        ...endpoint,
        domain,
        did: didOf(endpoint.unit, d),
        directory: scalable ? space.keep(order) : 0,
        table: scalable ? space.keep(0) : 0,
        order,
        ats: random.chance(0.3),
        pasid,
      };
    }),
  );
}

interface StatePlan extends IommuPlan {
  readonly form: StructureForm;
}

function layState(
  space: Space,
  plan: StatePlan,
  topology: Topology,
  domains: readonly LaidDomain[],
  devices: readonly LaidDevice[],
  random: Random,
): Json {
  const { form, stage, levels } = plan;
  const list = <T>(live: readonly T[], deleted: number, key: string): LaidList<T> =>
    layList(space, live, deleted, listOf(form, key), random);
  const domainList = list(domains, plan.deleted, 'domains');
  for (const { live, address } of domainList.items) if (live !== undefined) live.address = address;
  const units = topology.units.flatMap(({ segment, buses }, unit) => {
    const own = devices.filter((device) => device.unit === unit);
    if (own.length === 0) return [];
    const entries = own.map((device) => ({ ...device, root: device.domain.root }));
    return [
      {
        unit,
        segment,
        count: own.length,
        token: FIRST_UNIT + unit * PAGE,
        ...layUnit(space, plan, buses, entries),
      },
    ];
  });
  // A unit is deleted with its last device, and preserved anew.
  const again = Math.min(units.length, plan.deleted);
  const unitList = list(units, again, 'units');
  const deviceList = list(devices, plan.deleted, 'devices');
  const unitAt = (unit: number): bigint =>
    unitList.items.find(({ live }) => live?.unit === unit)?.address ?? 0n;
  const goneUnit = unitList.items.find(({ deleted }) => deleted >= 0)?.address ?? 0n;
  const goneDomains = domainList.items.filter(({ deleted }) => deleted >= 0);
  const attachCounts = new Map<LaidDomain, number>();
  for (const { domain } of devices) attachCounts.set(domain, (attachCounts.get(domain) ?? 0) + 1);
  // What a form does not have of these, the document leaves out.
  const head = (idx: number, refCount: number, deleted: boolean): Json => ({ idx, refCount, deleted });
  const unitJson = ({ address, live, deleted }: (typeof unitList.items)[number], i: number): Json => {
    const unit = live ?? (units[deleted] as (typeof units)[number]);
    const bitmap = Array.from({ length: 8 }, () => 0n);
    if (live !== undefined)
      for (const bit of live.bits) bitmap[bit >> 6] = (bitmap[bit >> 6] ?? 0n) | (1n << BigInt(bit & 63));
    return {
      address: hex(address),
      ...head(i, live?.count ?? 0, live === undefined),
      token: unit.token,
      type: 1,
      regBase: unit.token,
      rootTable: unit.rootTable,
      contextTables: bitmap,
    };
  };
  const domainJson = ({ address, live, deleted }: (typeof domainList.items)[number], i: number): Json => {
    // Preserved again in another object, or freed.
    const root =
      live?.root ?? (deleted % 2 === 0 ? domains[deleted % domains.length]?.root : space.take(1)) ?? 0;
    return {
      address: hex(address),
      ...head(i, 1, live === undefined),
      topTable: root,
      topLevel: levels - 1,
      vasz: WIDTHS[levels],
      signExtend: stage === 'first' ? 1 : 0,
      attachCount: (live === undefined ? undefined : attachCounts.get(live)) ?? 0,
    };
  };
  const deviceJson = ({ address, live, deleted }: (typeof deviceList.items)[number], i: number): Json => {
    const model = live ?? devices[deleted % Math.max(1, devices.length)];
    const gone = live === undefined && (deleted % 2 === 1 || model === undefined);
    const { segment, bus, devfn } =
      gone || model === undefined ? { segment: 0, bus: GONE_BUS, devfn: deleted & 0xff } : model;
    const domain = live?.domain.address ?? goneDomains[deleted % goneDomains.length]?.address ?? 0n;
    const scalable = stage !== 'legacy';
    return {
      address: hex(address),
      ...head(i, 1, live === undefined),
      token: 0x60 + i,
      bdf: bdfText((bus << 8) | devfn),
      segment,
      dmaOwnerToken: model?.domain.owner.token ?? 0n,
      attachmentId: model?.did ?? FIRST_DID,
      domain,
      unit: live === undefined ? goneUnit : unitAt(live.unit),
      type: 1,
      ...(live !== undefined || units.length > 0
        ? {
            pasidTable: model?.directory ?? 0,
            maxPasid: scalable && model !== undefined ? pasidsOf(model.order) : 0,
          }
        : {}),
    };
  };
  return structureDocument(form, {
    address: hex(space.keep(0)),
    unitsAddress: unitList.first,
    unitsPages: unitList.pages,
    units: unitList.items.map(unitJson),
    domainsAddress: domainList.first,
    domainsPages: domainList.pages,
    domains: domainList.items.map(domainJson),
    devicesAddress: deviceList.first,
    devicesPages: deviceList.pages,
    devices: deviceList.items.map(deviceJson),
  });
}

/** Objects in their pages: those in use in order, deleted ones anywhere among them. */
function layList<T>(
  space: Space,
  live: readonly T[],
  deleted: number,
  { element }: ListBinding,
  random: Random,
): LaidList<T> {
  const size = element.record.size ?? 0;
  const order: { live?: T; deleted: number }[] = live.map((each) => ({ live: each, deleted: -1 }));
  for (let i = 0; i < deleted; i++) order.splice(random.below(order.length + 1), 0, { deleted: i });
  const capacity = Math.floor((space.pageSize - PAGE_HEAD) / size);
  const count = order.length;
  const pages = layBlocks(space, count, capacity);
  return {
    items: order.map((each, i) => ({
      ...each,
      address:
        BigInt(pages[Math.floor(i / capacity)]?.address ?? 0) + BigInt(PAGE_HEAD + (i % capacity) * size),
    })),
    first: pages[0]?.address ?? '0x0',
    pages,
  };
}

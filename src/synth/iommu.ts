/** An IOMMU state that LUO hands over: units, domains with their tables, devices, iommufds and VFIO files. */
import {
  CONTEXT_ENTRY_SIZE,
  PASID_DIR_ENTRY_SIZE,
  PASID_ENTRY_SIZE,
  PasidTranslationType,
  ROOT_ENTRY_SIZE,
  readContextEntry,
  readPasidDirEntry,
  readPasidEntry,
  readRootEntry,
  readScalableContextEntry,
  readScalableRootEntry,
  SCALABLE_CONTEXT_ENTRY_SIZE,
  writeContextEntry,
  writePasidDirEntry,
  writePasidEntry,
  writeRootEntry,
  writeScalableContextEntry,
  writeScalableRootEntry,
} from '../records/vtd.js';
import { hex } from '../schema/units.js';
import { functionText } from '../vtd/device-id.js';
import type { Guest } from './guest.js';
import type { Random } from './random.js';
import { pagesRegion } from './regions.js';
import type { Space } from './space.js';
import { planTables, type TableMapping } from './tables.js';
import type { IommuPlan, LuoPlan } from './upstream-plan.js';

type Json = { readonly [key: string]: unknown };

const PAGE = 4096;
/** Objects of a page (upstream 4.5, form D), and PCI devices of a block. */
const UNITS = 36;
const DOMAINS = 102;
const DEVICES = 56;
const PCI = 510;
/** Devices of a bus: one function each. */
const BUS_DEVICES = 32;
const FIRST_DID = 2;
const LEVELS = 4;
/** PASIDs that Linux makes room for, and PDTS of such a directory. */
const MAX_PASID = 0x8000;
const PDTS = 2;
/** Most pages that a domain maps. */
const MOST_PAGES = 1024;
const TOKEN = 0xfed9_0000;

export interface LaidIommu {
  /** Files that follow those of guest memory in each session. */
  readonly files: readonly (readonly Json[])[];
  readonly flbs: readonly Json[];
  /** Parts at the top of a document. */
  readonly parts: { readonly iommu: Json; readonly pci: Json };
}

interface Device {
  readonly bus: number;
  readonly devfn: number;
  readonly domain: number;
  /** Physical addresses of its PASID directory and table; 0 in legacy mode. */
  readonly directory: number;
  readonly table: number;
}

interface Domain {
  readonly session: number;
  readonly root: number;
  readonly address: bigint;
}

/** Devices that a plan has room for: a bus behind each function of bus 0, the last one left out. */
export const MOST_DEVICES = 255 * BUS_DEVICES;

/** Lays out what a plan says; sessions without a file have no domain. */
export function layIommu(
  space: Space,
  plan: IommuPlan,
  luo: LuoPlan,
  guest: Guest,
  random: Random,
): LaidIommu {
  const sessions = luo.sessions.flatMap(({ files }, i) => (files.length > 0 ? [i] : []));
  const legacy = plan.stage === 'legacy';
  const list = <T>(count: number, capacity: number, size: number, make: (i: number, at: bigint) => T) => {
    const pages = Array.from({ length: Math.max(1, Math.ceil(count / capacity)) }, () => space.keep(0));
    const items = Array.from({ length: count }, (_, i) =>
      make(i, BigInt((pages[Math.floor(i / capacity)] ?? 0) + 16 + (i % capacity) * size)),
    );
    const counts = pages.map((address, i) => ({
      address: hex(address),
      count: hex(Math.min(capacity, count - i * capacity)),
    }));
    return { items, pages: counts, first: hex(pages[0] ?? 0) };
  };
  const starts = luo.sessions.map((_, i) =>
    luo.sessions.slice(0, i).reduce((sum, { files }) => sum + files.length, 0),
  );
  const domains = list(plan.domains + plan.deleted, DOMAINS, 40, (i, address): Domain => {
    const session = sessions[i % sessions.length] ?? 0;
    const files = luo.sessions[session]?.files.length ?? 0;
    const file = (starts[session] ?? 0) + random.below(files);
    // What was deleted points to what is no table any more.
    const root = i < plan.domains ? layTables(space, plan, guest, file, i, random) : space.take(1);
    return { session, root, address };
  });
  const live = Array.from({ length: plan.domains * plan.devices }, (_, i): Device => {
    const own = legacy ? 0 : space.keepPages(2);
    return {
      bus: 1 + Math.floor(i / BUS_DEVICES),
      devfn: (i % BUS_DEVICES) << 3,
      domain: i % plan.domains,
      directory: own,
      table: legacy ? 0 : own + PAGE,
    };
  });
  const buses = [...new Set(live.map(({ bus }) => bus))];
  const halves = (bus: number): boolean[] =>
    (legacy ? [false] : [false, true]).filter((upper) =>
      live.some((each) => each.bus === bus && (legacy || each.devfn >= 0x80 === upper)),
    );
  const tables = [0, ...buses].flatMap((bus) =>
    (bus === 0 ? [false] : halves(bus)).map((upper) => ({ bus, upper, address: space.keep(0) })),
  );
  const rootTable = space.keep(0);
  layRoot(space, rootTable, tables, legacy);
  layContexts(space, plan, tables, live, domains.items);
  if (!legacy) layPasids(space, plan, live, domains.items);

  const bitmap = Array.from({ length: 8 }, () => 0n);
  for (const { bus, upper } of tables) {
    const bit = bus * 2 + (upper ? 1 : 0);
    bitmap[bit >> 6] = (bitmap[bit >> 6] ?? 0n) | (1n << BigInt(bit & 63));
  }
  const units = list(1, UNITS, 112, (_, address) => address);
  const unit = units.items[0] ?? 0n;
  const tokens = luo.sessions.map(({ files }) => {
    let token = BigInt(random.next());
    while (files.some((file) => file.token === token || file.token === token + 1n)) token++;
    return token;
  });
  const devices = list(live.length + plan.deleted, DEVICES, 72, (i, address): Json => {
    const deleted = i >= live.length;
    const each = live[deleted ? 0 : i] as Device;
    const domain = domains.items[deleted ? plan.domains + i - live.length : each.domain] as Domain;
    return {
      address: hex(address),
      refCount: 1,
      ...(deleted ? { deleted } : {}),
      bdf: functionText(each.bus, each.devfn),
      segment: 0,
      dmaOwnerToken: hex(tokens[domain.session] ?? 0n),
      attachmentId: hex(FIRST_DID + (deleted ? plan.domains + i : each.domain)),
      domain: hex(domain.address),
      unit: hex(unit),
      pasidTable: hex(each.directory),
      maxPasid: hex(legacy ? 0 : MAX_PASID),
    };
  });
  const iommuAddress = space.keep(0);
  const iommu: Json = {
    form: 'iommu-liveupdate',
    address: hex(iommuAddress),
    version: '0x1',
    unitsAddress: units.first,
    unitsPages: units.pages,
    units: [
      {
        address: hex(unit),
        refCount: live.length,
        token: hex(TOKEN),
        type: '0x1',
        regBase: hex(TOKEN),
        rootTable: hex(rootTable),
        contextTables: bitmap.map(hex),
      },
    ],
    domainsAddress: domains.first,
    domainsPages: domains.pages,
    domains: domains.items.map(({ address, root }, i) => ({
      address: hex(address),
      refCount: 1,
      ...(i >= plan.domains ? { deleted: true } : {}),
      topTable: hex(root),
      topLevel: hex(LEVELS - 1),
      vasz: 48,
      signExtend: plan.stage === 'first' ? 1 : 0,
    })),
    devicesAddress: devices.first,
    devicesPages: devices.pages,
    devices: devices.items,
  };
  // A device, and the first time its bus is met the bridge above it (upstream 4.3, version 2).
  const entries = live.flatMap(({ bus, devfn }, i): Json[] => {
    const own = { segment: 0, bdf: functionText(bus, devfn), refcount: 1 };
    if (live[i - 1]?.bus === bus) return [own];
    const below = live.filter((each) => each.bus === bus).length;
    return [own, { segment: 0, bdf: functionText(0, bus), refcount: below }];
  });
  const blocks = Array.from({ length: Math.max(1, Math.ceil(entries.length / PCI)) }, (_, i) => ({
    address: hex(space.keep(0)),
    count: hex(Math.min(PCI, entries.length - i * PCI)),
  }));
  const pciAddress = space.keep(0);
  const pci: Json = {
    form: 'pci-version-2',
    address: hex(pciAddress),
    version: 2,
    nrDevices: entries.length,
    devicesAddress: blocks[0]?.address,
    devicesPages: blocks,
    devices: entries,
  };
  const files = luo.sessions.map((_, session) =>
    filesOf(space, session, tokens[session] ?? 0n, domains.items.slice(0, plan.domains), live),
  );
  return {
    files,
    flbs: [
      {
        name: 'iommu-liveupdate',
        data: hex(iommuAddress),
        count: hex(files.filter(({ length }) => length > 0).length),
      },
      { name: 'pci', data: hex(pciAddress), count: hex(live.length) },
    ],
    parts: { iommu, pci },
  };
}

/** The iommufd of a session, and a VFIO file for each device whose domain it has. */
function filesOf(
  space: Space,
  session: number,
  token: bigint,
  domains: readonly Domain[],
  devices: readonly Device[],
): Json[] {
  const own = domains.flatMap((domain, i) => (domain.session === session ? [i] : []));
  if (own.length === 0) return [];
  const order = Math.max(0, Math.ceil(Math.log2((8 + 24 * own.length) / PAGE)));
  const address = hex(space.keep(order));
  const hwpts = own.map((i) => ({
    domain: hex(domains[i]?.address ?? 0n),
    token: hex(i),
    reclaimed: 0,
  }));
  const iommufd = {
    compatible: 'iommufd-v1',
    token: hex(token),
    data: address,
    iommufd: { form: 'iommufd-v1', address, hwpts },
  };
  const mine = devices.filter(({ domain }) => domains[domain]?.session === session);
  return [
    iommufd,
    ...mine.map(({ bus, devfn }, i) => {
      const data = hex(space.keep(0));
      return {
        compatible: 'vfio-pci-v2',
        token: hex((token + 0x1_0000_0000n * BigInt(i + 1)) & 0xffff_ffff_ffff_ffffn),
        data,
        vfioPci: {
          form: 'vfio-pci-v2',
          address: data,
          segment: 0,
          bdf: functionText(bus, devfn),
          resetWorks: 1,
        },
      };
    }),
  ];
}

/** A few ranges of a file, page by page; returns the top table's address. */
function layTables(
  space: Space,
  plan: IommuPlan,
  guest: Guest,
  file: number,
  domain: number,
  random: Random,
): number {
  const frames: number[] = [];
  const source = guest.files[file];
  const pages = guest.plan.files[file]?.pages ?? 0;
  const most = Math.min(pages, MOST_PAGES);
  source?.each(0, Math.min(source.folios, most), ({ pfn, index }) => {
    frames[index] = pfn;
  });
  // Pages of a larger folio follow its first one.
  for (let i = 1; i < most; i++) frames[i] ??= (frames[i - 1] ?? 0) + 1;
  const mappings: TableMapping[] = [];
  // Above 4 GiB, and so above the interrupt range.
  let iova = 0x10_0000 + random.between(1, 0x10000);
  for (let offset = 0; offset < most && mappings.length < 8; ) {
    const count = Math.min(most - offset, random.between(1, 300));
    mappings.push({
      iova,
      pages: count,
      offset,
      pfn: (page) => frames[page] ?? 0,
      write: random.chance(0.7),
    });
    iova += count + random.between(1, 0x100000);
    offset += count + random.below(3);
  }
  const tables = planTables({
    mappings,
    levels: LEVELS,
    pageSizes: { size2M: false, size1G: false },
    fragmentation: 0,
    key: domain,
    stage: plan.stage === 'first' ? 'first' : 'second',
  });
  const base = space.keepPages(tables.pages);
  space.regions.push(
    pagesRegion(`page tables of domain ${domain}`, base, PAGE, tables.pages, (page, number) =>
      tables.write(page, number, (each) => base + each * PAGE),
    ),
  );
  return base;
}

interface ContextTable {
  readonly bus: number;
  readonly upper: boolean;
  readonly address: number;
}

const ZERO = new DataView(new ArrayBuffer(64));

function layRoot(space: Space, address: number, tables: readonly ContextTable[], legacy: boolean): void {
  space.regions.push(
    pagesRegion('root table', address, PAGE, 1, (page) => {
      for (const bus of new Set(tables.map((table) => table.bus))) {
        const at = bus * ROOT_ENTRY_SIZE;
        const own = (upper: boolean) => tables.find((table) => table.bus === bus && table.upper === upper);
        const pfn = (upper: boolean) => BigInt(own(upper)?.address ?? 0) >> 12n;
        if (legacy) writeRootEntry(page, at, { ...readRootEntry(ZERO, 0), p: 1, ctp: pfn(false) });
        else
          writeScalableRootEntry(page, at, {
            ...readScalableRootEntry(ZERO, 0),
            lp: own(false) === undefined ? 0 : 1,
            lctp: pfn(false),
            up: own(true) === undefined ? 0 : 1,
            uctp: pfn(true),
          });
      }
    }),
  );
}

function layContexts(
  space: Space,
  { stage }: IommuPlan,
  tables: readonly ContextTable[],
  devices: readonly Device[],
  domains: readonly Domain[],
): void {
  for (const { bus, upper, address } of tables) {
    const own = devices.filter(
      (device) => device.bus === bus && (stage === 'legacy' || device.devfn >= 0x80 === upper),
    );
    space.regions.push(
      pagesRegion(`context table of bus ${bus}`, address, PAGE, 1, (page) => {
        for (const { devfn, domain, directory } of own) {
          if (stage === 'legacy')
            writeContextEntry(page, devfn * CONTEXT_ENTRY_SIZE, {
              ...readContextEntry(ZERO, 0),
              p: 1,
              ssptptr: BigInt(domains[domain]?.root ?? 0) >> 12n,
              aw: LEVELS - 2,
              did: FIRST_DID + domain,
            });
          else
            writeScalableContextEntry(page, (devfn & 0x7f) * SCALABLE_CONTEXT_ENTRY_SIZE, {
              ...readScalableContextEntry(ZERO, 0),
              p: 1,
              pdts: PDTS,
              pasiddirptr: BigInt(directory) >> 12n,
            });
        }
      }),
    );
  }
}

function layPasids(
  space: Space,
  { stage }: IommuPlan,
  devices: readonly Device[],
  domains: readonly Domain[],
): void {
  for (const { directory, table, domain } of devices) {
    const root = BigInt(domains[domain]?.root ?? 0) >> 12n;
    space.regions.push(
      pagesRegion('a PASID directory and table', directory, PAGE, 2, (page, index) => {
        if (index === 0) {
          writePasidDirEntry(page, 0 * PASID_DIR_ENTRY_SIZE, {
            ...readPasidDirEntry(ZERO, 0),
            p: 1,
            smptblptr: BigInt(table) >> 12n,
          });
          return;
        }
        writePasidEntry(page, 0 * PASID_ENTRY_SIZE, {
          ...readPasidEntry(ZERO, 0),
          p: 1,
          aw: LEVELS - 2,
          did: FIRST_DID + domain,
          pwsnp: 1,
          ...(stage === 'first'
            ? { pgtt: PasidTranslationType.firstStage, fsptptr: root }
            : { pgtt: PasidTranslationType.secondStage, ssptptr: root }),
        });
      }),
    );
  }
}

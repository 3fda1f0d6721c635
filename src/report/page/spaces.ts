/** The IO address spaces of a dump: whose they are, what they map, and whether that is kept. */
import type { Handover } from '../../abi/model.js';
import { handedIommu } from '../../decode/iommu/domains.js';
import { domainRequest } from '../../decode/iommu/walks.js';
import { createFrames, type Frames } from '../../diff/kept/frames.js';
import { physicalAddress } from '../../memory/read.js';
import { DEFAULT_SETTINGS, type VtdSettings } from '../../schema/settings.js';
import { bytesToText } from '../../schema/text.js';
import { hex, pciAddress } from '../../schema/units.js';
import { pciText } from '../../structures/values.js';
import { rootOf } from '../../validate/run.js';
import { listDevices } from '../../vtd/context/list.js';
import type { UnitTables } from '../../vtd/context/path.js';
import { stageRequests } from '../../vtd/context/stages.js';
import { functionText } from '../../vtd/device-id.js';
import { rootSettings } from '../../vtd/registers.js';
import { secondStageFormat } from '../../vtd/second-stage.js';
import { accessesOf, iovasOf, pagesOf, targetsOf } from '../../vtd/walk/batch.js';
import { mergeBatches } from '../../vtd/walk/runs.js';
import type { WalkRequest } from '../../vtd/walk/state.js';
import { walkTable } from '../../vtd/walk/walk.js';
import { type Bars, createBars } from './bars.js';
import { FRAME, gapsIn, type Kept } from './kept.js';

/** A remapping unit that was named on the command line. */
export interface GivenUnit {
  readonly name: string;
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
}

/** A stretch of IOVAs, in frames, and where it leads. */
export interface MappedRow {
  readonly iova: number;
  readonly target: number;
  readonly pages: number;
  /** ACCESS_READ, ACCESS_WRITE. */
  readonly access: number;
  /** Frames of the target that are kept; undefined where the dump does not tell. */
  readonly kept?: number;
}

/** One IO address space. */
export interface Space {
  /** For people, e.g. `domain 0x2228010`. */
  readonly title: string;
  /** As the command line and people name it: the number of the domain, else its top table. */
  readonly name: string;
  readonly devices: readonly string[];
  /** Files that own it, e.g. `"vm" token 0x22`. */
  readonly owners: readonly string[];
  readonly stage?: 'first' | 'second';
  readonly levels?: number;
  /** Physical address of the top table. */
  readonly root?: bigint;
  /** Why it was not walked. */
  readonly unread?: string;
  readonly leaves: number;
  readonly tables: number;
  /** Stretches, frames that they map, and those that are not kept. */
  readonly runs: number;
  readonly pages: number;
  readonly lost?: number;
  /** The first stretches, and those of the first that are not kept. */
  readonly rows: readonly MappedRow[];
  /** IOVA frames, with the frame that each leads to as position; owner 1 is not kept, 0 kept. */
  readonly links: Bars;
  /** Frames that are mapped, and those of the tables. */
  readonly mapped: Frames;
  readonly tablePages: Frames;
}

/** Rows of all spaces together, and of one at most. */
const MAX_ROWS = 3000;
const MAX_OWN_ROWS = 250;
/** Lines that are drawn of one. */
const MAX_LINKS = 1024;
/** Spaces that are shown. */
export const MAX_SPACES = 256;

interface Source extends Pick<Space, 'title' | 'name' | 'devices' | 'owners'> {
  readonly request?: WalkRequest & { readonly stage: 'first' | 'second' };
  readonly unread?: string;
  readonly root?: bigint;
}

/**
 * Every IO address space that the dump hands over or that a given unit leads to, each walked once.
 *
 * @param kept what the handover keeps; undefined where it does not say
 * @returns the first {@link MAX_SPACES} of them, and how many there are
 */
export function spacesOf(
  handover: Handover,
  given: readonly GivenUnit[],
  kept: Kept | undefined,
): { readonly spaces: readonly Space[]; readonly total: number } {
  const sources = [...rfcSources(handover), ...handedSources(handover), ...givenSources(handover, given)];
  const seen = new Set<bigint>();
  const own = sources.filter(({ root }) => root === undefined || (!seen.has(root) && seen.add(root)));
  const shown = own.slice(0, MAX_SPACES);
  const rows = Math.max(8, Math.min(MAX_OWN_ROWS, Math.floor(MAX_ROWS / Math.max(1, shown.length))));
  return { spaces: shown.map((source) => spaceOf(source, kept, rows)), total: own.length };
}

function* rfcSources({ domains = [], memory }: Handover): Generator<Source> {
  for (const domain of domains) {
    const { persistentId, nodeName = '', devices = [] } = domain;
    const name = persistentId?.toString() ?? nodeName;
    const root = rootOf(domain);
    const base = {
      title: `domain ${name}`,
      name,
      devices: devices.flatMap(({ bus, devfn }) =>
        bus === undefined || devfn === undefined ? [] : [pciAddress(bus, devfn)],
      ),
      owners: [],
    };
    if (root === undefined) yield { ...base, unread: 'pgd and agaw do not allow a walk' };
    else if (memory === undefined) yield { ...base, root: root.pgd, unread: 'the dump has no memory' };
    else {
      const format = secondStageFormat();
      const request = { memory, root: root.pgd, levels: root.levels, format, stage: 'second' } as const;
      yield { ...base, root: root.pgd, request };
    }
  }
}

const UNREAD = {
  'no-root': 'its top table cannot be the address of a page',
  'no-levels': 'its depth is one that no table has',
  'no-stage': 'nothing tells whether its tables are first-stage or second-stage',
} as const;

function* handedSources(handover: Handover): Generator<Source> {
  const handed = handedIommu(handover);
  const { memory } = handover;
  if (handed === undefined) return;
  for (const domain of handed.domains) {
    const name = hex(domain.domain.address);
    const base = {
      title: `domain ${name}`,
      name,
      devices: domain.attachments.map(({ device }) => pciText(device.segment, device.bdf)),
      owners: domain.owners.map(
        ({ session, file }) => `${JSON.stringify(bytesToText(session.name).text)} token ${hex(file.token)}`,
      ),
      ...(domain.root === undefined ? {} : { root: domain.root }),
    };
    if (memory === undefined) {
      yield { ...base, unread: 'the dump has no memory' };
      continue;
    }
    const request = domainRequest(domain, memory);
    if (typeof request === 'string') yield { ...base, unread: UNREAD[request] };
    else yield { ...base, request };
  }
  if (memory === undefined) return;
  // Tables that entries of a recorded unit lead to, though no domain has them.
  const units = handed.units.map(({ name, rtaddr }) => ({
    name,
    rtaddr,
    settings: { ...DEFAULT_SETTINGS, ...rootSettings(rtaddr) },
  }));
  yield* givenSources(handover, units);
}

function* givenSources({ memory }: Handover, given: readonly GivenUnit[]): Generator<Source> {
  if (memory === undefined) return;
  const roots = new Map<
    string,
    { readonly told: Set<string>; readonly devices: string[]; readonly source: Source }
  >();
  for (const { name, rtaddr, settings } of given) {
    const unit: UnitTables = { memory, rtaddr, settings };
    for (const path of listDevices(unit)) {
      const { bus, devfn, pasid } = path;
      const device = `${functionText(bus, devfn)}${pasid === undefined || pasid === 0 ? '' : ` PASID ${hex(pasid)}`}`;
      for (const { stage, request } of stageRequests(path, unit)) {
        // The first stage of a nested translation is in the guest's memory.
        if (request.memory !== memory) continue;
        const root = BigInt(request.root);
        if (physicalAddress(root) === undefined) continue;
        const known = roots.get(`${stage} ${root}`);
        if (known !== undefined) {
          if (!known.told.has(device)) known.devices.push(device);
          known.told.add(device);
          continue;
        }
        const devices = [device];
        const title = `tables at ${hex(root)} of ${name}`;
        const source = { title, name: hex(root), devices, owners: [], root, request: { ...request, stage } };
        roots.set(`${stage} ${root}`, { told: new Set(devices), devices, source });
      }
    }
  }
  for (const { source } of roots.values()) yield source;
}

function spaceOf(
  { request, root, unread, ...named }: Source,
  kept: Kept | undefined,
  maxRows: number,
): Space {
  const links = createBars();
  const mapped = createFrames(FRAME);
  const tablePages = createFrames(FRAME);
  const rows: MappedRow[] = [];
  const lostRows: MappedRow[] = [];
  const base = { ...named, ...(root === undefined ? {} : { root }) };
  let [runs, pages, lost, leaves, tables] = [0, 0, 0, 0, 0];
  if (request !== undefined) {
    const walk = walkTable({
      ...request,
      onTable({ address }) {
        tablePages.add(Math.floor(address / FRAME), Math.floor(address / FRAME) + 1);
      },
    });
    for (const batch of mergeBatches(walk.batches, request.format)) {
      const iovas = iovasOf(batch);
      const targets = targetsOf(batch);
      const counts = pagesOf(batch);
      const accesses = accessesOf(batch);
      for (let row = 0; row < batch.length; row++) {
        const iova = iovas[row] as number;
        const target = targets[row] as number;
        const count = counts[row] as number;
        const inside = kept === undefined ? undefined : keptPages(kept, target, target + count);
        runs++;
        pages += count;
        mapped.add(target, target + count);
        const missing = inside === undefined ? 0 : count - inside;
        lost += missing;
        links.add(iova, iova + count, missing > 0 ? 1 : 0, target);
        if (rows.length >= maxRows && (missing === 0 || lostRows.length >= maxRows)) continue;
        const entry = {
          iova,
          target,
          pages: count,
          access: accesses[row] as number,
          ...(inside === undefined ? {} : { kept: inside }),
        };
        if (rows.length < maxRows) rows.push(entry);
        else lostRows.push(entry);
      }
    }
    const report = walk.report();
    leaves = report.leaves;
    tables = report.tables;
  }
  return {
    ...base,
    ...(request === undefined ? {} : { stage: request.stage, levels: request.levels }),
    ...(unread === undefined ? {} : { unread }),
    ...(kept === undefined ? {} : { lost }),
    leaves,
    tables,
    runs,
    pages,
    rows: [...rows, ...lostRows],
    links: links.finish(MAX_LINKS),
    mapped: mapped.finish(),
    tablePages: tablePages.finish(),
  };
}

function keptPages(kept: Kept, start: number, end: number): number {
  const until = kept.coveredUntil(start, end);
  if (until === end) return end - start;
  let missing = 0;
  for (const gap of gapsIn(kept, start, end)) missing += gap.end - gap.start;
  return end - start - missing;
}

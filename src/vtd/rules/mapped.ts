/** Where leaves lead: to pages that are preserved, and to none that hold the tables themselves. */

import type { Handover } from '../../abi/model.js';
import type { PageSet } from '../../memory/page-set.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { type Stretch, watchOutside } from '../../validate/outside.js';
import { createProbe, intersections } from '../../validate/pages.js';
import type { Finding, Reached, WalkObserver } from '../../validate/rule.js';
import { GRANULE_PAGES } from '../../validate/survey.js';
import { counted, range } from '../../validate/text.js';
import { isRfc } from '../../versions/generations.js';
import {
  ACCESS_WRITE,
  accessesOf,
  iovasOf,
  type LeafBatch,
  pagesOf,
  ROW_LO,
  ROW_WORDS,
  targetsOf,
} from '../walk/batch.js';
import { mergeBatches } from '../walk/runs.js';
import type { WalkRequest } from '../walk/state.js';
import { walkTable } from '../walk/walk.js';
import type { RamMap } from './ram.js';
import type { Hit } from './row.js';
import type { Sink } from './sink.js';
import type { Target } from './target.js';

const PAGE = 4096n;
/** Stretches that are put into words; more are counted. */
const MAX_STRETCHES = 4096;
/** Runs of one walk, and of all, that are kept for the comparison with the tables, which are known only at the end. */
const MAX_RUNS = 2 ** 14;
const MAX_ALL_RUNS = 2 ** 20;

/** Stretches outside the preserved pages, as findings. */
export interface Stretches {
  readonly findings: Omit<Finding, 'rule'>[];
  dropped: number;
  /** Pages by unit, where devices are stopped before the kexec: nothing of it is a fault. */
  readonly stopped: Map<string, { mapped: number; missing: number }>;
}

export function createStretches(): Stretches {
  return { findings: [], dropped: 0, stopped: new Map() };
}

const IOMMU_FLB = /iommu/;

/**
 * Whether devices continue DMA while the next kernel boots: the 2024 series hands domains over, later series by
 * an FLB of LUO. Released kernels stop devices before a kexec: drivers/pci/pci-driver.c pci_device_shutdown clears
 * bus mastering, drivers/iommu/intel/iommu.c intel_iommu_shutdown turns translation off.
 */
export function dmaContinues({ generation, luo }: Handover, asked: boolean): boolean {
  const flbs = luo?.flbs ?? [];
  return asked || isRfc(generation) || flbs.some(({ name }) => IOMMU_FLB.test(bytesToText(name).text));
}

const STOPPED =
  'devices are stopped before the kexec, and no IOMMU state is handed over, so nothing keeps using them (--dma-continues checks them)';

/** The notes on what would be lost if devices continued, one per unit. */
export function stoppedNotes({ stopped }: Stretches): Omit<Finding, 'rule'>[] {
  return [...stopped]
    .filter(([, { missing }]) => missing > 0)
    .map(([unit, { mapped, missing }]) => ({
      severity: 'note',
      message: `of ${mapped} pages of 4 KiB that devices of ${unit} can reach, ${missing} are not preserved: ${STOPPED}`,
      location: {},
      found: `${mapped - missing} of ${mapped} preserved`,
    }));
}

export const STOPPED_TABLES = STOPPED;

/** Why mapped pages cannot be compared with what is preserved; undefined when they can. */
export function preservedUnknown({ kind, preserved, preservedMap, pageSize }: Handover): string | undefined {
  if (kind !== 'handover') return 'there is no handover tree, so the preserved memory is not known';
  if (preserved === undefined) return 'the preserved memory is not known: no memory is given for the tree';
  if (preservedMap?.complete === false) return 'the preserved memory map is incomplete in the dump';
  return pageSize === 4096 ? undefined : 'VT-d maps pages of 4 KiB, but the tree has another page size';
}

/** Below here Linux maps memory to the same addresses for an ISA bridge (intel-iommu iommu_get_resv_regions), 16 MiB. */
const ISA_END = 0x1000000 / Number(PAGE);

/**
 * Whether pages are mapped as the kernel does it for what the platform asks for, to the same addresses
 * (iommu_create_device_direct_mappings): the first 16 MiB, or what firmware reserves (RMRR), which is not memory of
 * the kernel's and so in no dump. Guest memory may be mapped to the same addresses as well: that is not intended.
 *
 * @param start first page frame, `end` the one after the last
 */
function isDirect(memory: PhysicalMemory, iova: number, start: number, end: number): boolean {
  if (iova !== start) return false;
  if (end <= ISA_END) return true;
  for (const { state } of memory.runs(start * Number(PAGE), end * Number(PAGE)))
    if (state !== 'absent') return false;
  return true;
}

const DIRECT =
  ': as the kernel maps a region that firmware reserves (RMRR), or the first 16 MiB for an ISA bridge';

const UNSURE =
  ', and is outside all RAM that the dump shows: a BAR, unless the dump was cut (check with --iomem)';

/** From so many pages on a stretch at its own address is not a coincidence: a domain that maps all memory. */
const IDENTITY_PAGES = 512;
const IDENTITY = ': as kernels map all memory for devices that are to reach it untranslated';

/** Whether the dump holds some of page frames [start, end). */
function isHeld(memory: PhysicalMemory, start: number, end: number): boolean {
  for (const { state } of memory.runs(start * Number(PAGE), end * Number(PAGE)))
    if (state !== 'absent') return true;
  return false;
}

/**
 * Watches where a target's leaves lead, each stretch that continues in IOVA and in memory once (VTD-138). What is not
 * RAM is passed over: nothing hands it out.
 *
 * @param continues false where devices are stopped before the kexec: the pages are only counted, by unit
 */
export function watchPreserved(
  out: Stretches,
  preserved: PageSet,
  target: Target,
  ram: RamMap,
  continues: boolean,
): WalkObserver {
  let mapped = 0;
  let missing = 0;
  const files = mapsFiles(target);
  function tell(stretch: Stretch): void {
    for (const { start, end, state } of ram.parts(stretch.target, stretch.target + stretch.pages)) {
      if (state === 'none' && !files) continue;
      const unsure = !files && state === 'maybe' && !isHeld(target.memory, start, end);
      if (!unsure) missing += end - start;
      if (!continues) continue;
      const part = { iova: stretch.iova + start - stretch.target, target: start, pages: end - start };
      if (out.findings.length >= MAX_STRETCHES) out.dropped++;
      else out.findings.push(unpreserved(target, part, unsure));
    }
  }
  const { end, ...watched } = watchOutside(preserved, tell);
  return {
    ...watched,
    leaves(batch) {
      mapped += batch.totalPages;
    },
    end(report) {
      end(report);
      if (!continues) {
        const unit = target.unit ?? target.name;
        const sum = out.stopped.get(unit) ?? { mapped: 0, missing: 0 };
        out.stopped.set(unit, { mapped: sum.mapped + mapped, missing: sum.missing + missing });
        return;
      }
      if (missing === 0) return;
      out.findings.push({
        severity: 'note',
        ...(target.setting.subject === undefined ? {} : { subject: target.setting.subject }),
        message: `of ${mapped} pages of 4 KiB that ${target.name} maps, ${missing} are not preserved`,
        location: target.place,
        found: `${mapped - missing} of ${mapped} preserved`,
        expected: 'all of them',
      });
    },
  };
}

/**
 * Whether only pages of memfds can be mapped: the series preserves no page table of an iommufd that maps anything else
 * (upstream 4.6; drivers/iommu/iommufd/liveupdate.c), so that neither a BAR nor a region that firmware reserves is an
 * explanation.
 */
function mapsFiles({ handed }: Target): boolean {
  return (handed?.owners ?? []).length > 0;
}

/** @param unsure the dump has nothing there, and it may not be RAM */
function unpreserved(
  target: Target,
  { iova: first, target: to, pages }: Stretch,
  unsure: boolean,
): Omit<Finding, 'rule'> {
  const iova = BigInt(first) * PAGE;
  const at = BigInt(to) * PAGE;
  const iovaEnd = iova + BigInt(pages) * PAGE;
  const direct = !mapsFiles(target) && isDirect(target.memory, first, to, to + pages);
  const where = mapsFiles(target)
    ? `${hex(at)}, which is not preserved: the page table of an iommufd maps preserved memfds and nothing else`
    : direct
      ? `the same addresses, which are not preserved${DIRECT}`
      : `${hex(at)}, which is not preserved${unsure ? UNSURE : ''}`;
  return {
    severity: direct || unsure ? 'note' : 'error',
    ...(target.setting.subject === undefined ? {} : { subject: target.setting.subject }),
    message: `${target.name} maps IOVA ${range(iova, iovaEnd)} to ${where}`,
    location: { ...target.place, iova, iovaEnd, address: at },
    found: `${counted(pages, 'page')} at ${hex(at)}`,
  };
}

/** Remembers where the leaves of every walk lead, to be compared with the tables of all of them. */
export interface TargetRuns {
  /**
   * @param request what was walked: it is walked again if some leaf comes near a structure
   * @param user bits of the low half that a leaf needs to be reached by requests; 0 for none
   */
  watch(owner: number, request: WalkRequest, user: number): WalkObserver;
  /** Reports leaves that map pages of VT-d structures (SS-23). */
  compare(sink: Sink, targets: readonly Target[]): void;
}

/** Runs in columns: page frame numbers, lengths in pages, rights (none where no request is let through). */
interface Runs {
  count: number;
  iova: Float64Array;
  target: Float64Array;
  pages: Float64Array;
  access: Uint8Array;
}

/** One walk: what it was, where its leaves lead, and its runs unless they were too many. */
interface Walked {
  readonly request: WalkRequest;
  readonly user: number;
  reached: Reached;
  kept: Runs | undefined;
}

export function createTargetRuns(): TargetRuns {
  const walks = new Map<number, Walked>();
  let total = 0;

  function keep(walked: Walked, batch: LeafBatch): void {
    const { kept } = walked;
    if (kept === undefined) return;
    if (kept.count + batch.length > MAX_RUNS || total + batch.length > MAX_ALL_RUNS) {
      total -= kept.count;
      walked.kept = undefined;
      return;
    }
    append(kept, runsOf(batch, walked.user));
    total += batch.length;
  }

  return {
    watch(owner, request, user) {
      const walked: Walked = {
        request,
        user,
        reached: { granules: new Float64Array(0), far: false },
        kept: emptyRuns(),
      };
      walks.set(owner, walked);
      return {
        runs: (batch) => keep(walked, batch),
        reached(reached) {
          walked.reached = reached;
        },
      };
    },
    compare(sink, targets) {
      const set = sink.pages.set();
      const near = new Set<number>();
      for (const { start, end } of set.runs()) {
        const last = Math.floor((end - 1) / GRANULE_PAGES);
        for (let granule = Math.floor(start / GRANULE_PAGES); granule <= last; granule++) near.add(granule);
      }
      for (const [owner, { request, user, reached, kept }] of walks) {
        const target = targets[owner];
        if (target === undefined || !(reached.far || meets(reached.granules, near))) continue;
        // Too many to remember: walked once more.
        const all = meetings(kept === undefined ? walkedAgain(request, user) : [kept], set, target);
        for (const { hit, pages } of all) sink.tally.see('VTD-104', hit, target.setting, pages);
      }
    },
  };
}

/** Whether one of them is in a set, which is about few places: most are above or below all of it. */
function meets(granules: Float64Array, near: ReadonlySet<number>): boolean {
  let low = Number.POSITIVE_INFINITY;
  let high = -1;
  for (const granule of near) {
    low = Math.min(low, granule);
    high = Math.max(high, granule);
  }
  for (let i = 0; i < granules.length; i++) {
    const granule = granules[i] as number;
    if (granule >= low && granule <= high && near.has(granule)) return true;
  }
  return false;
}

function emptyRuns(): Runs {
  return {
    count: 0,
    iova: new Float64Array(64),
    target: new Float64Array(64),
    pages: new Float64Array(64),
    access: new Uint8Array(64),
  };
}

function runsOf(batch: LeafBatch, user: number): Runs {
  return {
    count: batch.length,
    iova: iovasOf(batch),
    target: targetsOf(batch),
    pages: pagesOf(batch),
    access: user === 0 ? accessesOf(batch) : reachable(batch, user),
  };
}

/** The rights of leaves that have the bits; leaves of one run agree in them. */
function reachable(batch: LeafBatch, user: number): Uint8Array {
  const lows = batch.rows;
  return accessesOf(batch).map((access, row) =>
    ((lows[row * ROW_WORDS + ROW_LO] ?? 0) & user) === 0 ? 0 : access,
  );
}

function append(to: Runs, from: Runs): void {
  const count = to.count + from.count;
  if (count > to.iova.length) {
    to.iova = grown(to.iova, new Float64Array(2 * count));
    to.target = grown(to.target, new Float64Array(2 * count));
    to.pages = grown(to.pages, new Float64Array(2 * count));
    to.access = grown(to.access, new Uint8Array(2 * count));
  }
  to.iova.set(from.iova.subarray(0, from.count), to.count);
  to.target.set(from.target.subarray(0, from.count), to.count);
  to.pages.set(from.pages.subarray(0, from.count), to.count);
  to.access.set(from.access.subarray(0, from.count), to.count);
  to.count = count;
}

function grown<T extends Float64Array | Uint8Array>(column: T, larger: T): T {
  larger.set(column);
  return larger;
}

function* walkedAgain(request: WalkRequest, user: number): Generator<Runs> {
  for (const batch of mergeBatches(walkTable(request).batches, request.format)) yield runsOf(batch, user);
}

interface Meeting {
  readonly hit: Hit;
  pages: number;
}

/** The runs that map pages of a set: the first one and how many pages, those that the platform asks for apart. */
function meetings(batches: Iterable<Runs>, set: PageSet, target: Target): Meeting[] {
  const probe = createProbe(set);
  let own: Meeting | undefined;
  let direct: Meeting | undefined;
  for (const { count, iova, target: targets, pages: lengths, access } of batches) {
    for (let row = 0; row < count; row++) {
      const at = targets[row] as number;
      const pages = lengths[row] as number;
      if (access[row] === 0 || probe(at, at + pages) === 'outside') continue;
      const shift = (iova[row] as number) - at;
      for (const part of intersections(set, at, at + pages)) {
        const identity = shift === 0 && pages >= IDENTITY_PAGES;
        const asked = identity || isDirect(target.memory, part.start + shift, part.start, part.end);
        const why = identity ? IDENTITY : asked ? DIRECT : undefined;
        let meeting = asked ? direct : own;
        if (meeting === undefined) {
          meeting = { hit: reaches(target, part, shift, access[row] as number, why), pages: 0 };
          if (asked) direct = meeting;
          else own = meeting;
        }
        meeting.pages += part.end - part.start;
      }
    }
  }
  return [own, direct].filter((meeting) => meeting !== undefined);
}

/** A target's way to pages of structures; `shift` leads from their page frame numbers to input addresses. */
function reaches(
  target: Target,
  { start, end }: { readonly start: number; readonly end: number },
  shift: number,
  rights: number,
  why: string | undefined,
): Hit {
  const iova = BigInt(start + shift) * PAGE;
  const address = BigInt(start) * PAGE;
  const can = (rights & ACCESS_WRITE) === 0 ? 'read' : 'write';
  const text = `${target.name} can ${can} a page of the VT-d structures: IOVA ${hex(iova)} leads to ${hex(address)}${why ?? ''}`;
  const location = { ...target.place, iova, iovaEnd: BigInt(end + shift) * PAGE, address };
  return why !== undefined
    ? { text, key: `${target.name} direct`, location, severity: 'note' }
    : { text, key: target.name, location };
}

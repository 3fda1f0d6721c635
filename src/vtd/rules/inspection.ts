/** Everything that the VT-d rules need, found in one pass over the structures and one over each table. */
import type { Domain, Handover } from '../../abi/model.js';
import type { HandedDomain } from '../../decode/iommu/domains.js';
import type { PageSet } from '../../memory/page-set.js';
import { contextEntry, FS_PTE_BITS, pasidEntry } from '../../records/vtd.js';
import { hex } from '../../schema/units.js';
import type { Facts } from '../../validate/facts.js';
import { gaps } from '../../validate/pages.js';
import type { Inspected, InspectedRule, WalkObserver } from '../../validate/rule.js';
import { domainSubject } from '../../validate/subject.js';
import { counted, listed } from '../../validate/text.js';
import { devicePath } from '../context/path.js';
import { inputWidthOf } from '../registers.js';
import type { WalkRequest } from '../walk/state.js';
import type { WalkReport } from '../walk/walk.js';
import { seeAnomalies } from './anomalies.js';
import { betterDepth, type Depths } from './depth.js';
import { watchLeaves } from './leaf-rows.js';
import {
  createStretches,
  createTargetRuns,
  dmaContinues,
  preservedUnknown,
  STOPPED_TABLES,
  stoppedNotes,
  watchPreserved,
} from './mapped.js';
import { createPageLog, kindText, PASID_DIRECTORY, PASID_TABLE } from './page-log.js';
import { createRamMap } from './ram.js';
import { type Recorded, recordedOf, withRecorded } from './recorded.js';
import { bitsOf, type Row, type Scope } from './row.js';
import type { Sink } from './sink.js';
import { inspectUnit } from './structures.js';
import { formatOf, type Narrowed, watchTables } from './table-rows.js';
import { createTally } from './tally.js';
import { domainTarget, handedTarget, isForeign, placeName, placeSubject, type Target } from './target.js';
import { capabilitiesOf, translationEnabled, type VtdOptions } from './unit.js';

const PAGE = 4096;
/** Pages with two uses that are put into words. */
const MAX_REPEATED = 64;
/** Tables walked for each page of memory in the dump, over all walks together; healthy tables are walked once. */
const WALKS_PER_PAGE = 2;
const LEAST_BUDGET = 8192;
/** Walks of tables that were walked before: what is odd in them is known, only their input addresses differ. */
const SHARED_BUDGET = 1024;

/** An inspection as the runner drives it. */
export interface Inspection extends Inspected {
  /** A table to walk, and what watches the walk. */
  domain(domain: Domain, root: { readonly pgd: bigint; readonly levels: number }): Watched;
  /** The tables of units that are not those of domains, and of domains that LUO hands over; after the domains. */
  unitTables(): Iterable<Watched>;
  /** After all walks. */
  finish(): void;
}

export interface Watched {
  readonly request: Omit<WalkRequest, 'onTable'>;
  readonly observers: readonly WalkObserver[];
  /** The domain of LUO whose top table it is. */
  readonly handed?: HandedDomain;
}

/** The rule whose findings are stretches of addresses, not causes. */
const MAPPED = 'VTD-138';
const NO_UNIT = 'no remapping unit is given (--root or --regset)';
const ABSENT: Readonly<Record<Scope, string>> = {
  registers: NO_UNIT,
  'root-entry': 'no root table was read',
  'legacy-root-entry': 'there is no root table of legacy mode',
  'scalable-root-entry': 'there is no root table of scalable mode',
  'context-entry': 'there is no context table of legacy mode',
  'scalable-context-entry': 'there is no context table of scalable mode',
  'pasid-directory-entry': 'there is no PASID directory',
  'pasid-entry': 'there is no PASID table',
  'second-stage': 'there is no second-stage table to walk',
  'first-stage': 'there is no first-stage table to walk',
  table: 'there is no table to walk',
  'unit-table': 'there is no table to walk below a root table',
  'domain-device': 'no domain with devices is handed over',
};

export function createInspection(
  handover: Handover,
  facts: Facts,
  memory: Sink['memory'],
  settings: Target['settings'],
  options: VtdOptions,
  rows: readonly Row[],
): Inspection {
  const { dmaContinues: asked = false, iomem, given, device, direction } = options;
  const { units } = withRecorded(handover, options, settings);
  const recorded = recordedOf(handover);
  const byId = new Map<string, Row>(rows.map((row) => [row.id, row]));
  const tally = createTally();
  const seen = new Set<Scope>();
  const missing = new Map<Scope, { what: string; address: bigint }>();
  const blocked = new Map<Scope, string>();
  const ram = createRamMap(handover, memory, iomem);
  const sink: Sink = {
    memory,
    tally,
    pages: createPageLog(),
    seen,
    absent(scopes, what, address) {
      for (const scope of scopes)
        if (!missing.has(scope)) missing.set(scope, { what, address: BigInt(address) });
    },
    blocked(scopes, why) {
      for (const scope of scopes) if (!blocked.has(scope)) blocked.set(scope, why);
    },
    ram,
  };
  const runs = createTargetRuns();
  const stretches = createStretches();
  const depths: Depths = new Map();
  const continues = dmaContinues(handover, asked);
  const unknown = preservedUnknown(handover);
  const targets: Target[] = [];
  const walked = new Set<string>();
  let budget: number | undefined;
  const running = units.filter((unit) => translationEnabled(unit) !== false);
  const off = units.filter((unit) => translationEnabled(unit) === false).map(({ name }) => name);
  const unitTargets = running.map((unit) => ({ unit, targets: inspectUnit(sink, unit, device) }));
  const caps = capabilitiesOf(settings, given);
  const mode = running[0]?.settings.mode;

  function watched(said: Target, sharedTableBudget?: number): Watched {
    const owner = targets.length;
    const levels = betterDepth(sink, said, depths);
    if (levels !== undefined) seeDepth(sink, said, levels);
    // The walk goes on with the depth that explains the table, so that what is in it is still looked at.
    const target = levels === undefined ? said : { ...said, levels };
    targets.push(target);
    seen.add(`${target.stage}-stage`);
    seen.add('table');
    if (target.domain === undefined) seen.add('unit-table');
    const narrowed: Narrowed[] = [];
    const tables = watchTables(sink, target, owner, narrowed);
    const { leaves, end } = watchLeaves(sink, target, narrowed);
    const comparable =
      target.domain === undefined && !target.nested && unknown === undefined && isJudged(target, direction);
    const preserved =
      comparable && target.kernelDomain
        ? watchPreserved(stretches, facts.preserved(), target, ram, continues)
        : undefined;
    const { root } = target;
    const request = {
      memory: target.memory,
      root,
      levels: target.levels,
      format: formatOf(target),
      // A first stage is bounded by its levels: MGAW does not apply to the sign-extended upper half.
      ...(target.stage === 'first' ? {} : { inputWidth: inputWidthOf(target.settings, target.levels) }),
      ...(sharedTableBudget === undefined ? {} : { sharedTableBudget }),
    };
    // The kernel's half of a process maps all memory, for requests that never come unless SRE lets them.
    const user = target.stage === 'first' && target.supervisor !== true ? FS_PTE_BITS.us.lo : 0;
    const remember = target.nested ? undefined : runs.watch(owner, request, user);
    return {
      request,
      observers: [
        {
          ...tables,
          leaves,
          end(report) {
            end();
            seeAnomalies(sink, target, report.anomalies);
            if (target.handed !== undefined) logAbsent(sink, report, owner);
            if (budget !== undefined) budget -= report.tables + report.sharedWalks;
          },
        },
        ...(remember === undefined ? [] : [remember]),
        ...(preserved === undefined ? [] : [preserved]),
      ],
      ...(target.handed === undefined ? {} : { handed: target.handed }),
    };
  }

  function* unitTables(): Generator<Watched> {
    budget = Math.max(LEAST_BUDGET, WALKS_PER_PAGE * pagesOf(memory));
    /** Domains of LUO that a device below a root table leads to. */
    const met = new Set<HandedDomain>();
    for (const { targets: found } of unitTargets) {
      for (const target of found) {
        const key = keyOf(target.stage, target.root, target.levels);
        if (!target.nested && walked.has(key)) continue;
        const disputed = target.recorded === true ? recorded?.disputedRoot(target.root) : undefined;
        if (disputed !== undefined) {
          sink.blocked([`${target.stage}-stage`, 'table', 'unit-table'], disputed);
          continue;
        }
        if (budget <= 0) {
          const what = 'root tables point to more tables than the dump has pages; the next';
          sink.absent(['second-stage', 'first-stage', 'table', 'unit-table'], what, Number(target.root));
          return;
        }
        walked.add(key);
        const handed = target.recorded === true && !target.nested ? recorded?.ofRoot(target.root) : undefined;
        const first = handed !== undefined && !met.has(handed);
        if (first) met.add(handed);
        yield watched(first ? { ...target, handed } : target, Math.min(budget, SHARED_BUDGET));
      }
    }
    for (const domain of recorded?.domains ?? []) {
      if (met.has(domain)) continue;
      const disputed = recorded?.disputedDomain(domain);
      const target = handedTarget(domain, memory, caps, mode);
      if (disputed !== undefined) sink.blocked(['table', 'unit-table'], disputed);
      if (disputed !== undefined || target === undefined || budget <= 0) continue;
      yield watched(target, Math.min(budget, SHARED_BUDGET));
    }
  }

  function whySkipped({ scope }: Row): string | undefined {
    if (scope === 'unit-table' && running.length > 0 && unknown !== undefined) return unknown;
    if (seen.has(scope)) return undefined;
    const needsUnit = scope !== 'second-stage' && scope !== 'first-stage' && scope !== 'table';
    // Without units only domains that are handed over have tables.
    if (units.length === 0 && (needsUnit || (handover.domains ?? []).length === 0)) return NO_UNIT;
    if (running.length === 0 && off.length > 0)
      return `translation is off (GSTS_REG.TES) on ${off.join(', ')}`;
    return ABSENT[scope];
  }

  function unjudgedOf(row: Row): Pick<InspectedRule, 'unjudged'> {
    const register = tally.unjudged(row);
    if (register === undefined) return {};
    return { unjudged: `${register.toUpperCase()}_REG is not given (--regset, --${register})` };
  }

  return {
    domain(domain, root) {
      walked.add(keyOf('second', root.pgd, root.levels));
      return watched(domainTarget(domain, root, memory, caps, mode));
    },
    unitTables,
    finish() {
      compareDomains(sink, handover, unitTargets);
      seeRepeated(sink, targets);
      runs.compare(sink, targets);
      if (unknown === undefined)
        seeUnpreserved(sink, facts, targets, unitTargets, { continues, direction, recorded });
    },
    of(rule) {
      const row = byId.get(rule);
      if (row === undefined) return { findings: [], dropped: 0, skipped: 'it is not a VT-d rule' };
      const skipped = whySkipped(row);
      if (skipped !== undefined) {
        const why = blocked.get(row.scope);
        const absent = running.length > 0 ? missing.get(row.scope) : undefined;
        return {
          ...{
            findings: [],
            dropped: 0,
            skipped,
            kind: skipped === NO_UNIT ? 'not-given' : 'not-applicable',
          },
          ...(absent === undefined ? {} : { missing: absent }),
          ...(why === undefined ? {} : { blocked: why }),
        };
      }
      const absent = missing.get(row.scope);
      const result: InspectedRule =
        row.id === MAPPED
          ? {
              findings: [...stretches.findings, ...stoppedNotes(stretches)],
              dropped: stretches.dropped,
            }
          : { findings: tally.findings(row), dropped: 0, ...unjudgedOf(row) };
      if (absent !== undefined) return { ...result, missing: absent };
      const why = blocked.get(row.scope);
      return why === undefined ? result : { ...result, blocked: why };
    },
  };
}

/** A table that has one level more or less than it is said to have: all that follows of it is this one finding. */
function seeDepth({ tally }: Sink, target: Target, levels: number): void {
  const { name, stage, domain, handed, setting, place, root, entryAddress } = target;
  const width = stage === 'first' ? 'FSPM' : 'AW';
  // A domain of LUO without an entry of a device is walked as its record says.
  const byRecord = handed !== undefined && entryAddress === undefined;
  const record = setting.mode === 'scalable' ? pasidEntry.name : contextEntry.name;
  const field = domain !== undefined ? 'agaw' : byRecord ? 'iommu_domain_ser' : `${record}.${width}`;
  const says = byRecord
    ? `record has ${target.levels} (top_level)`
    : domain !== undefined
      ? `domain has ${target.levels}`
      : `entry has ${target.levels} (${width})`;
  const reads =
    levels > target.levels
      ? 'so its page tables are taken for the pages that it maps'
      : 'so the pages that it maps are taken for page tables';
  const text = `the table ${hex(root)} of ${name} has ${levels} levels, but its ${says}, ${reads}`;
  const address = byRecord ? handed.domain.address : BigInt(entryAddress ?? Number(root));
  const aw = setting.mode === 'scalable' ? bitsOf(pasidEntry, 'aw') : bitsOf(contextEntry, 'aw');
  const bits =
    domain !== undefined || byRecord ? {} : { bits: stage === 'first' ? bitsOf(pasidEntry, 'fspm') : aw };
  const found = `${target.levels} levels`;
  tally.see(
    'VTD-158',
    { text, key: name, location: { ...place, address, field, ...bits }, found, expected: `${levels} levels` },
    setting,
  );
}

/**
 * Whether what is not preserved is a fault: of a unit that LUO hands over only where the domain is handed over too, as
 * the writer clears the entries of other devices before the kexec; after it there are none.
 */
function isJudged({ recorded, handed }: Target, direction: VtdOptions['direction']): boolean {
  return recorded !== true || handed !== undefined || direction === 'incoming';
}

/** Tables that are not in the dump are not entered, but where they lie is known. */
function logAbsent({ pages }: Sink, { anomalies }: WalkReport, owner: number): void {
  for (const { kind, table, level, entryAddress } of anomalies)
    if (kind === 'table-absent' && table !== undefined)
      pages.add(table, entryAddress === undefined ? level : level - 1, owner);
}

function keyOf(stage: string, root: bigint, levels: number): string {
  return `${stage} ${root} ${levels}`;
}

function pagesOf(memory: Sink['memory']): number {
  let bytes = 0;
  for (const { start, end } of memory.known()) bytes += end - start;
  return Math.ceil(bytes / PAGE);
}

type UnitTargets = readonly {
  readonly unit: VtdOptions['units'][number];
  readonly targets: readonly Target[];
}[];

/** The devices of domains that are handed over, against the tables that units have for them (XR-2). */
function compareDomains(sink: Sink, { domains }: Handover, units: UnitTargets): void {
  if (units.length === 0) return;
  for (const domain of domains ?? []) {
    const { pgd, agaw, devices, persistentId, nodeName } = domain;
    if (pgd === undefined || agaw === undefined) continue;
    for (const { bus, devfn, origin } of devices ?? []) {
      if (bus === undefined || devfn === undefined) continue;
      sink.seen.add('domain-device');
      const wanted = `${hex(pgd)} with ${agaw + 2} levels`;
      let unknown = false;
      const found = units.map(({ unit }) => {
        const { memory } = sink;
        const path = devicePath({ memory, rtaddr: unit.rtaddr, settings: unit.settings }, bus, devfn);
        const unread = path.steps.find(({ verdict }) => verdict === 'unknown');
        if (unread !== undefined) {
          unknown = true;
          sink.absent(['domain-device'], 'a VT-d structure', unread.address);
        }
        return path.translation;
      });
      const second = found.flatMap((translation) =>
        translation !== undefined && 'second' in translation ? [translation.second] : [],
      );
      if (second.some(({ address, levels }) => BigInt(address) === pgd && levels === agaw + 2)) continue;
      // What is absent may lead to that very table.
      if (unknown) continue;
      const [first] = second;
      const is =
        first === undefined
          ? 'no second-stage table'
          : `the table ${hex(first.address)} with ${first.levels} levels`;
      const text = `${placeName({ bus, devfn })} of domain ${persistentId ?? nodeName ?? 'without id'} has ${is}, but the handover names ${wanted}`;
      const location = origin?.fdtPath === undefined ? {} : { fdtPath: origin.fdtPath };
      const [{ unit }] = units as readonly [UnitTargets[number]];
      sink.tally.see(
        'VTD-134',
        {
          text,
          key: `${bus} ${devfn}`,
          subject: { ...domainSubject(domain), ...placeSubject({ bus, devfn }) },
          location,
          found: is,
          expected: wanted,
        },
        { mode: unit.settings.mode, given: unit.given },
      );
    }
  }
}

/** Pages with two uses: of two kinds (XR-1), or as a page table of two tables (SS-22). */
function seeRepeated(sink: Sink, targets: readonly Target[]): void {
  // Processes share the tables of the kernel's half.
  const matters = (owner: number) => {
    const target = targets[owner];
    return target === undefined || !isForeign(target);
  };
  for (const { address, kinds, owners } of sink.pages.repeated(MAX_REPEATED, matters)) {
    const names = [...new Set(owners)].map((owner) => targets[owner]?.name ?? 'the unit');
    const distinct = [...new Set(kinds)];
    const setting = targets[owners.find((owner) => owner >= 0) ?? 0]?.setting;
    if (setting === undefined) continue;
    const location = { address: BigInt(address) };
    if (distinct.length > 1) {
      const text = `page ${hex(address)} serves as ${distinct.map(kindText).join(' and ')} of ${names.join(', ')}`;
      sink.tally.see('VTD-133', { text, key: `${address}`, location }, setting);
    } else if (names.length > 1) {
      const text = `the page table ${hex(address)} belongs to ${names.join(' and ')}`;
      sink.tally.see('VTD-103', { text, key: `${names.join()}`, location }, setting);
    }
  }
}

interface Judged {
  readonly continues: boolean;
  readonly direction: VtdOptions['direction'];
  readonly recorded: Recorded | undefined;
}

/** Whether one of the pages is on the way of a device that is handed over. */
function isRecorded(recorded: Recorded | undefined, start: number, end: number): boolean {
  for (let page = start; page < end; page += PAGE) if (recorded?.pasidPages.has(page) === true) return true;
  return false;
}

/** Structure pages that are not preserved (XR-4): page tables by table, what leads to them as a warning. */
function seeUnpreserved(
  sink: Sink,
  facts: Facts,
  targets: readonly Target[],
  units: UnitTargets,
  { continues, direction, recorded }: Judged,
): void {
  const preserved = facts.preserved();
  if (isWhole(preserved, sink.pages.set())) return;
  const handed = units.some(({ unit }) => unit.recorded === true);
  const lost = new Map<number, { total: number; missing: number; shown: string[]; first: number }>();
  for (const { start, end, kind, owner } of sink.pages.entries()) {
    const target = targets[owner];
    if (target !== undefined && !isJudged(target, direction)) continue;
    const ofPasids = kind === PASID_DIRECTORY || kind === PASID_TABLE;
    if (handed && ofPasids && direction !== 'incoming' && !isRecorded(recorded, start, end)) continue;
    let entry = lost.get(owner);
    if (entry === undefined) {
      entry = { total: 0, missing: 0, shown: [], first: -1 };
      lost.set(owner, entry);
    }
    entry.total += (end - start) / PAGE;
    if (preserved.coveredUntil(start / PAGE, end / PAGE) >= end / PAGE) continue;
    for (const gap of gaps(preserved, start / PAGE, end / PAGE)) {
      const first = gap.start * PAGE;
      if (entry.first < 0) entry.first = first;
      entry.missing += gap.end - gap.start;
      for (let page = first; page < gap.end * PAGE && entry.shown.length < 6; page += PAGE)
        entry.shown.push(
          `${hex(page)} (${owner < 0 ? kindText(kind).replace(/^an? /, '') : `level ${kind}`})`,
        );
    }
  }
  if (!continues) {
    seeStopped(sink, lost, targets, units);
    return;
  }
  for (const [owner, { total, missing, shown, first }] of lost) {
    const target = targets[owner];
    const setting = target?.setting ?? settingOf(units);
    if (missing === 0 || target?.domain !== undefined || setting === undefined) continue;
    const subject = target === undefined ? undefined : target.setting.subject;
    const rest = missing > shown.length ? ` and ${missing - shown.length} more` : '';
    const what =
      target === undefined ? 'with root, context and PASID tables' : `with page tables of ${target.name}`;
    const text = `of ${counted(total, 'page')} ${what}, ${missing} ${missing === 1 ? 'is' : 'are'} not preserved: ${listed(shown, 6)}${rest}`;
    sink.tally.see(
      'VTD-136',
      {
        text,
        key: `${owner}`,
        ...(subject === undefined ? {} : { subject }),
        location: { ...(target?.place ?? {}), address: BigInt(first) },
        found: `${total - missing} of ${total} preserved`,
        expected: 'all of them',
        // Of units that are handed over the next kernel takes over these tables as they are.
        ...(target === undefined && !handed ? { severity: 'warning' } : {}),
      },
      setting,
    );
  }
}

/** Whether a set has all pages of another. */
function isWhole(set: PageSet, pages: PageSet): boolean {
  for (const { start, end } of pages.runs()) if (set.coveredUntil(start, end) < end) return false;
  return true;
}

/** Table pages that are not preserved where devices are stopped before the kexec: one note a unit. */
function seeStopped(
  { tally }: Sink,
  lost: ReadonlyMap<number, { readonly total: number; readonly missing: number; readonly first: number }>,
  targets: readonly Target[],
  units: UnitTargets,
): void {
  const setting = settingOf(units);
  if (setting === undefined) return;
  // Which unit a root or context table belongs to is not kept.
  const shared = units.length === 1 ? units[0]?.unit.name : undefined;
  const sums = new Map<string, { total: number; missing: number; first: number }>();
  for (const [owner, { total, missing, first }] of lost) {
    const target = targets[owner];
    if (target?.domain !== undefined) continue;
    const unit = target?.unit ?? shared ?? 'all units, as root, context and PASID tables';
    const sum = sums.get(unit) ?? { total: 0, missing: 0, first: -1 };
    const at = sum.first < 0 ? first : sum.first;
    sums.set(unit, { total: sum.total + total, missing: sum.missing + missing, first: at });
  }
  for (const [unit, { total, missing, first }] of sums) {
    if (missing === 0) continue;
    const text = `of ${counted(total, 'page')} of tables of ${unit}, ${missing} ${missing === 1 ? 'is' : 'are'} not preserved: ${STOPPED_TABLES}`;
    const location = { address: BigInt(first) };
    const found = `${total - missing} of ${total} preserved`;
    tally.see('VTD-136', { text, key: unit, location, found, severity: 'note' }, setting);
  }
}

function settingOf(units: UnitTargets): Target['setting'] | undefined {
  const [first] = units;
  return first === undefined ? undefined : { mode: first.unit.settings.mode, given: first.unit.given };
}

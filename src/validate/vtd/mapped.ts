/** Where leaves lead: to pages that are preserved, and to none that hold the tables themselves. */
import type { Handover } from '../../abi/model.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import { hex } from '../../schema/units.js';
import { ACCESS_WRITE } from '../../vtd/walk/batch.js';
import { mergeBatches, type RunBatch } from '../../vtd/walk/runs.js';
import { walkTable } from '../../vtd/walk/walk.js';
import { createProbe, gaps, intersections } from '../pages.js';
import type { Finding, WalkObserver } from '../rule.js';
import { counted, range } from '../text.js';
import type { Hit } from './row.js';
import type { Sink } from './sink.js';
import { formatOf } from './table-rows.js';
import type { Target } from './target.js';

const PAGE = 4096n;
/** Stretches that are put into words; more are counted. */
const MAX_STRETCHES = 4096;
/** Runs kept for the comparison with the tables, which are all known only at the end: 32 MiB. */
const MAX_RUNS = 2 ** 20;

/** Stretches outside the preserved pages, as findings. */
export interface Stretches {
  readonly findings: Omit<Finding, 'rule'>[];
  dropped: number;
}

/** Why mapped pages cannot be compared with what is preserved; undefined when they can. */
export function preservedUnknown({ kind, preserved, preservedMap, pageSize }: Handover): string | undefined {
  if (kind !== 'handover') return 'there is no handover tree, so nothing says what is preserved';
  if (preserved === undefined) return 'what is preserved is not known: the memory behind the tree is missing';
  if (preservedMap?.complete === false) return 'the preserved memory map is not whole in the dump';
  return pageSize === 4096 ? undefined : 'VT-d maps pages of 4 KiB, the tree is of another page size';
}

/** Watches where a target's leaves lead, each stretch that continues in IOVA and in memory once (VTD-138). */
export function watchPreserved(out: Stretches, preserved: PageSet, target: Target): WalkObserver {
  const probe = createProbe(preserved);
  let open: { iova: number; target: number; pages: number } | undefined;
  let mapped = 0;
  let missing = 0;

  function close(): void {
    if (open === undefined) return;
    const iova = BigInt(open.iova) * PAGE;
    const at = BigInt(open.target) * PAGE;
    const length = BigInt(open.pages) * PAGE;
    missing += open.pages;
    if (out.findings.length >= MAX_STRETCHES) out.dropped++;
    else {
      out.findings.push({
        severity: 'error',
        message: `${target.name} maps IOVA ${range(iova, iova + length)} to ${hex(at)}, which is not preserved`,
        location: { ...target.place, iova, iovaEnd: iova + length, address: at },
        found: `${counted(open.pages, 'page')} at ${hex(at)}`,
      });
    }
    open = undefined;
  }

  return {
    runs(batch) {
      for (let row = 0; row < batch.length; row++) {
        const at = batch.target[row] as number;
        const pages = batch.pages[row] as number;
        mapped += pages;
        if (probe(at, at + pages) === 'inside') continue;
        for (const { start, end } of gaps(preserved, at, at + pages)) {
          const iova = (batch.iova[row] ?? 0) + start - at;
          if (open !== undefined && open.iova + open.pages === iova && open.target + open.pages === start) {
            open.pages += end - start;
          } else {
            close();
            open = { iova, target: start, pages: end - start };
          }
        }
      }
    },
    end() {
      close();
      if (missing === 0) return;
      out.findings.push({
        severity: 'note',
        message: `of ${mapped} pages of 4 KiB that ${target.name} maps, ${missing} are not preserved`,
        location: target.place,
        found: `${mapped - missing} of ${mapped} preserved`,
        expected: 'all of them',
      });
    },
  };
}

/** Remembers the runs of every walk, to be compared with the tables of all of them. */
export interface TargetRuns {
  watch(owner: number): (batch: RunBatch) => void;
  /** Reports leaves that map pages of VT-d structures (SS-23). */
  compare(sink: Sink, targets: readonly Target[]): void;
}

export function createTargetRuns(): TargetRuns {
  let start = new Float64Array(1024);
  let length = new Float64Array(1024);
  let iovas = new Float64Array(1024);
  let owners = new Int32Array(1024);
  let access = new Uint8Array(1024);
  let count = 0;
  const overflowed = new Set<number>();

  function grow(): void {
    start = grown(start);
    length = grown(length);
    iovas = grown(iovas);
    const more = new Int32Array(count * 2);
    more.set(owners);
    owners = more;
    const rights = new Uint8Array(count * 2);
    rights.set(access);
    access = rights;
  }

  return {
    watch: (owner) => (batch) => {
      if (count + batch.length > MAX_RUNS) {
        overflowed.add(owner);
        return;
      }
      for (let row = 0; row < batch.length; row++) {
        if (count === start.length) grow();
        start[count] = batch.target[row] as number;
        length[count] = batch.pages[row] as number;
        iovas[count] = batch.iova[row] as number;
        owners[count] = owner;
        access[count++] = batch.access[row] as number;
      }
    },
    compare(sink, targets) {
      const set = pageSet(sink.pages.ranges(), Number(PAGE));
      const probe = createProbe(set);
      const met = new Map<number, { readonly hit: Hit; count: number }>();
      const look = (owner: number, at: number, pages: number, iova: number, rights: number) => {
        const target = targets[owner];
        if (target === undefined || probe(at, at + pages) === 'outside') return;
        for (const part of intersections(set, at, at + pages)) {
          const known = met.get(owner);
          if (known === undefined) {
            met.set(owner, { hit: reaches(target, part, iova - at, rights), count: part.end - part.start });
          } else known.count += part.end - part.start;
        }
      };
      for (let i = 0; i < count; i++) {
        const owner = owners[i] ?? 0;
        if (overflowed.has(owner)) continue;
        look(owner, start[i] ?? 0, length[i] ?? 0, iovas[i] ?? 0, access[i] ?? 0);
      }
      // Too many to remember: these are walked once more.
      for (const owner of overflowed) {
        const target = targets[owner];
        if (target === undefined) continue;
        const format = formatOf(target);
        const walk = walkTable({ ...target, format });
        for (const batch of mergeBatches(walk.batches, format)) {
          for (let row = 0; row < batch.length; row++)
            look(
              owner,
              batch.target[row] ?? 0,
              batch.pages[row] ?? 0,
              batch.iova[row] ?? 0,
              batch.access[row] ?? 0,
            );
        }
      }
      for (const [owner, { hit, count: pages }] of met) {
        const target = targets[owner];
        if (target !== undefined) sink.tally.see('SS-23', hit, target.setting, pages);
      }
    },
  };
}

/** A target's way to pages of structures; `shift` leads from their page frame numbers to input addresses. */
function reaches(
  target: Target,
  { start, end }: { readonly start: number; readonly end: number },
  shift: number,
  rights: number,
): Hit {
  const iova = BigInt(start + shift) * PAGE;
  const address = BigInt(start) * PAGE;
  const can = (rights & ACCESS_WRITE) === 0 ? 'read' : 'write';
  const text = `${target.name} can ${can} a page of the VT-d structures: IOVA ${hex(iova)} leads to ${hex(address)}`;
  const iovaEnd = BigInt(end + shift) * PAGE;
  return { text, key: target.name, location: { ...target.place, iova, iovaEnd, address } };
}

function grown(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}

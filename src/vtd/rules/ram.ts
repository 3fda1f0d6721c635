/** Which page frames are RAM: nothing hands out a BAR, and no kernel keeps a table there. */
import type { Handover } from '../../abi/model.js';
import type { Iomem } from '../../memory/iomem.js';
import { type PageSet, pageSet } from '../../memory/page-set.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { gaps, intersections } from '../../validate/pages.js';

const PAGE = 4096;
const FOUR_GIB = 0x1_0000_0000 / PAGE;
/** From here to 4 GiB are the I/O APICs, the local APICs and the firmware's flash on every PC. */
const PC_DEVICES = 0xfec0_0000 / PAGE;
/** x86 reserves the first MiB, whatever is in it (arch/x86/realmode/init.c reserve_real_mode). */
export const LOW_MEMORY = 0x10_0000;
/** A core that lacks a few pages may lack its last ones, so that RAM ends a little above what it shows. */
const SLACK = 0x8_0000;

/**
 * - `ram`: RAM, or, where the dump has holes, taken for it;
 * - `maybe`: above all that the dump has, or has below 4 GiB, where a PC has its PCI hole: a BAR, most likely;
 * - `none`: no RAM.
 */
export type RamState = 'ram' | 'maybe' | 'none';

export interface RamMap {
  /** Whether /proc/iomem was given. */
  readonly known: boolean;
  /** The parts of page frames [start, end), ascending, without holes. */
  parts(start: number, end: number): Iterable<{ start: number; end: number; state: RamState }>;
  /** Whether a page that is not in the dump can hold a table of the kernel; false only where it surely cannot. */
  canHoldTable(address: number): boolean;
}

/** @param iomem /proc/iomem of the dumped kernel; without it, what the dump has decides */
export function createRamMap(handover: Handover, memory: PhysicalMemory, iomem: Iomem | undefined): RamMap {
  return iomem === undefined ? guessed(handover, memory) : listed(pageSet(iomem.ram, PAGE));
}

function listed(ram: PageSet): RamMap {
  return {
    known: true,
    *parts(start, end) {
      let at = start;
      for (const part of intersections(ram, start, end)) {
        if (part.start > at) yield { start: at, end: part.start, state: 'none' };
        yield { ...part, state: 'ram' };
        at = part.end;
      }
      if (at < end) yield { start: at, end, state: 'none' };
    },
    canHoldTable(address) {
      if (address < LOW_MEMORY) return false;
      const frame = Math.floor(address / PAGE);
      return gaps(ram, frame, frame + 1).next().done === true;
    },
  };
}

/** Ends of what is known to be RAM, in page frames: below 4 GiB, and in all. */
function endsOf({ preserved, scratch }: Handover, memory: PhysicalMemory): { low: number; all: number } {
  let low = 0;
  let all = 0;
  const take = (start: number, end: number) => {
    if (end > all) all = end;
    if (start < FOUR_GIB) low = Math.max(low, Math.min(end, FOUR_GIB));
  };
  for (const { start, end } of memory.known()) take(start / PAGE, end / PAGE);
  for (const ranges of [preserved?.ranges ?? [], scratch ?? []])
    for (const { start, end } of ranges) take(Number(start) / PAGE, Number(end) / PAGE);
  return { low: Math.ceil(low), all: Math.ceil(all) };
}

function guessed(handover: Handover, memory: PhysicalMemory): RamMap {
  let ends: { low: number; all: number } | undefined;
  const limits = () => {
    ends ??= endsOf(handover, memory);
    return ends;
  };
  return {
    known: false,
    *parts(start, end) {
      const { low, all } = limits();
      const hole = low === 0 ? PC_DEVICES : Math.min(low, PC_DEVICES);
      // What the dump holds is RAM, wherever it is: a hole that reaches up to 4 GiB then begins at 4 GiB.
      const device = low > PC_DEVICES ? FOUR_GIB : PC_DEVICES;
      const cuts: readonly (readonly [number, RamState])[] = [
        [Math.min(hole, all), 'ram'],
        [Math.min(device, all), 'maybe'],
        [Math.min(FOUR_GIB, all), 'none'],
        [all, 'ram'],
        [Number.POSITIVE_INFINITY, 'maybe'],
      ];
      let at = start;
      for (const [limit, state] of cuts) {
        if (at >= end) return;
        if (limit <= at) continue;
        const to = Math.min(limit, end);
        yield { start: at, end: to, state };
        at = to;
      }
    },
    canHoldTable(address) {
      return address >= LOW_MEMORY && address < limits().all * PAGE + SLACK;
    },
  };
}

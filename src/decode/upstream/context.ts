/** What the decoders of riders share. */
import type { Part } from '../../abi/missing.js';
import type { Diagnostic } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import type { Reporter } from './report.js';

/** One decoding: the memory, and which pages were taken by which list so that none is read twice. */
export interface Context {
  readonly memory: PhysicalMemory;
  /** Bytes. */
  readonly pageSize: number;
  readonly reporter: Reporter;
  /**
   * Frames of list pages (vmalloc chunks, kho_block pages, file arrays) that some list has claimed. A list
   * that comes to a claimed page ends there, which bounds the work by the pages of the dump.
   */
  readonly claimed: Set<number>;
  /** Addresses of records that something has led to: each further time costs. Left out where nobody counts. */
  readonly led?: Set<bigint>;
}

/** What a rider's decoder has: memory only where the dump has some. */
export interface RiderContext {
  readonly diagnostics: Diagnostic[];
  readonly reporter: Reporter;
  readonly context?: Context;
  /** The writer is 6.16 or 6.17, which have the array itself in `folios_info` of kho_test. */
  readonly old: boolean;
}

/** The same context for the decoding of one list: what is absent then is part of it. */
export function contextOf(context: Context, part: Part, owner?: bigint): Context {
  return { ...context, reporter: context.reporter.of(part, owner) };
}

/** What a record counts that was read before, in bytes: its model, its claims and what rules say of them, each time. */
const REPEATED = 16384;

/** Whether a record may be read; false where records are shared again and again, and the budget has an end. */
export function mayRead({ led, memory }: Context, address: bigint): boolean {
  if (led === undefined || !led.has(address)) {
    led?.add(address);
    return true;
  }
  return memory.budget?.take('held', REPEATED) !== false;
}

/** Takes a page for a list; false when another list, or this one before, has it. */
export function claim({ claimed, pageSize, memory }: Context, address: number): boolean {
  const frame = Math.floor(address / pageSize);
  if (claimed.has(frame) || memory.budget?.take('held', pageSize) === false) return false;
  claimed.add(frame);
  return true;
}

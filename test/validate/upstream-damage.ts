/** The captured cores, and a case's damage laid over one of them. */
import type { Handover } from '../../src/abi/model.js';
import { findBootParams } from '../../src/decode/boot-params.js';
import type { DecodeOptions } from '../../src/decode/handover.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { decodeAt, linuxMemory, linuxNames, linuxTruth } from '../decode/linux-dumps.js';
import { bootPages } from './upstream-boot.js';
import type { Case } from './upstream-cases/index.js';
import type { Patches } from './upstream-patches.js';

/** The tree of a fixture that its own map preserves; 6.18 has a copy in the loaded image too. */
export const ORIGINAL = linuxNames.map((name) => {
  const memory = linuxMemory(name);
  const handovers = linuxTruth(name).map(({ pa }) => decodeAt(memory, pa));
  const handover = handovers.find(({ fdtAddress = 0n, preserved }) =>
    preserved?.pages?.covers(fdtAddress, fdtAddress + 1n),
  );
  if (handover?.fdtAddress === undefined) throw new Error(`no tree in ${name}`);
  return { name, memory, handover, address: handover.fdtAddress };
});

export function original(name: string): (typeof ORIGINAL)[number] {
  const found = ORIGINAL.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no fixture ${name}`);
  return found;
}

export function patched(memory: PhysicalMemory, patches: Patches): PhysicalMemory {
  return patches.length === 0 ? memory : overlay(segmentsMemory(patches, 'patches'), memory);
}

/** A valid dump: what is damaged is over its memory. */
export interface Base {
  readonly name: string;
  readonly memory: PhysicalMemory;
  readonly handover: Handover;
  readonly address: bigint;
}

export function damaged(each: Case): Handover {
  return damagedOn(original(each.dump), each);
}

/** Throws where the dump has not what the case changes. */
export function damagedOn(
  { name, memory, handover, address }: Base,
  { patches, options, boot, tree, adjust }: Case,
): Handover {
  const pages = boot === undefined ? [] : bootPages(name, boot, address);
  const over = patched(memory, [...patches(handover, memory), ...pages]);
  const all: DecodeOptions = { ...(boot === undefined ? {} : { setupData: bootData(over) }), ...options };
  const decoded = decodeAt(over, tree ?? address, all);
  return adjust?.(decoded) ?? decoded;
}

export function bootData(memory: PhysicalMemory) {
  const [found] = findBootParams(memory);
  if (found === undefined) throw new Error('no boot_params');
  return found;
}

/** Dumps of every form and generation, for what is said where a page of one is missing. */
import type { Handover } from '../../src/abi/model.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { coreMemory, decodeAt } from '../decode/linux-dumps.js';
import { coreNames, openCore } from '../secrets/cores.js';
import { decodeFound } from '../trim/canary.js';
import { recording } from './absent-memory.js';
import { CAPTURES, draftBase } from './draft-cases/base.js';
import { SYNTHESISED } from './draft-cases/synthesised.js';
import { ORIGINAL } from './upstream-damage.js';

/** A dump, and how a changed memory of it is decoded. */
export interface Dump {
  readonly name: string;
  readonly memory: PhysicalMemory;
  readonly address: bigint;
  readonly pageSize: number;
  decode(memory: PhysicalMemory): Handover;
}

const UPSTREAM: readonly Dump[] = [...ORIGINAL, ...[...CAPTURES, ...SYNTHESISED].map(draftBase)].map(
  ({ name, memory, address, handover: { pageSize } }): Dump => ({
    ...{ name, memory, address, pageSize },
    decode: (changed) => decodeAt(changed, address, { pageSize }),
  }),
);
const SERIES: readonly Dump[] = coreNames()
  .filter((name) => name.startsWith('rfc-2024/'))
  .map((name): Dump => {
    const memory = coreMemory(openCore(name).bytes);
    return {
      name,
      memory,
      address: decodeFound(memory).fdtAddress ?? 0n,
      pageSize: 4096,
      decode: decodeFound,
    };
  });

export const DUMPS: readonly Dump[] = [...UPSTREAM, ...SERIES];

/**
 * The pages that somebody looks at, but for those of the root tree: without one of these there is no handover, or one
 * of another kind.
 */
export function lookedAt(
  { memory, address, pageSize, decode }: Dump,
  look: (handover: Handover) => void = () => {},
): { readonly whole: Handover; readonly pages: readonly number[] } {
  const { memory: watched, pages } = recording(memory, pageSize);
  const whole = decode(watched);
  look(whole);
  const [start, end] = [Number(address), Number(address) + (whole.tree?.bytes.length ?? 0)];
  return { whole, pages: [...pages].filter((page) => page + pageSize <= start || page >= end) };
}

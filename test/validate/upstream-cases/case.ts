/** What the cases of all subjects share: dumps, and where the structures of a handover are. */
import type { Handover } from '../../../src/abi/model.js';
import type { DecodeOptions } from '../../../src/decode/handover.js';
import type { PhysicalMemory } from '../../../src/memory/physical.js';
import type { BootOptions } from '../upstream-boot.js';
import { forget, keep, memfd, type Patches, patch, sure } from '../upstream-patches.js';

export type Dump = 'linux-6.18-handover' | 'linux-7.1-live-update' | 'linux-7.3-live-update';

export interface Case {
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly dump: Dump;
  readonly what: string;
  readonly patches: (handover: Handover, memory: PhysicalMemory) => Patches;
  readonly options?: DecodeOptions;
  /** Lay out boot_params and its list, and follow them. */
  readonly boot?: BootOptions;
  /** Physical address of the tree, where it is not the fixture's. */
  readonly tree?: number;
  /** Changes what decoding cannot be brought to by bytes alone. */
  readonly adjust?: (handover: Handover) => Handover;
}

type Options = Omit<Case, 'rule' | 'severity' | 'dump' | 'what' | 'patches'>;

function on(dump: Dump, severity: Case['severity']) {
  return (rule: string, what: string, patches: Case['patches'], options: Options = {}): Case => ({
    rule,
    severity,
    dump,
    what,
    patches,
    ...options,
  });
}

export const V618 = on('linux-6.18-handover', 'error');
export const V71 = on('linux-7.1-live-update', 'error');
export const V71W = on('linux-7.1-live-update', 'warning');
export const V73 = on('linux-7.3-live-update', 'error');
export const V73W = on('linux-7.3-live-update', 'warning');
export const V73N = on('linux-7.3-live-update', 'note');
export const nothing = (): Patches => [];
export const u32be = (address: number, value: number): Patches =>
  patch(address, [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
/** Bytes of a fresh page after everything that the fixtures hold. */
export const FREE = 0x1_3000_0000;

export function fresh(page: number): number {
  return FREE + page * 4096;
}

export function flb(handover: Handover, index: number): number {
  return Number(sure(handover.luo?.flbsAddress, 'FLB page')) + 16 + index * 64;
}

export const luoSessions = (handover: Handover): bigint =>
  sure(handover.luo?.sessionsAddress, 'session area');
export const luo = (handover: Handover): number => Number(sure(handover.luo?.origin?.address, 'LUO'));
export const blob = (handover: Handover, name: string): number =>
  Number(
    sure(
      handover.subtrees?.find((each) => each.name === name),
      name,
    ).address,
  );

/** Copies a page to the second of two fresh ones, which are one block, and no longer preserves it where it was. */
export function movedIntoBlock(handover: Handover, memory: PhysicalMemory, page: number): Patches {
  const bytes = new Uint8Array(handover.pageSize);
  memory.read(page, bytes.length, bytes);
  return [
    ...forget(handover, memory, page),
    ...keep(handover, memory, fresh(0), 1),
    ...patch(FREE + handover.pageSize, bytes),
  ];
}

/** Descriptor of the folio list, after seals and flags since memfd-v2. */
export const descriptor = (handover: Handover, index = 0, of = 0): number =>
  Number(memfd(handover, index, of).address) + (memfd(handover, index, of).seals === undefined ? 24 : 32);
export const list = (handover: Handover, index = 0, of = 0): number =>
  sure(memfd(handover, index, of).area.chunks[0], 'list page');
export const region = (start: number, end: number) => ({ start: BigInt(start), end: BigInt(end) });

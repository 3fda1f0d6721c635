/** Mutations applied to a target, and taken back. */

import { readTree } from '../decode/find.js';
import { parseFdt } from '../fdt/parse.js';
import { elfCoreChunks } from '../memory/elf/write.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { type MemorySegment, segmentLength, segmentsMemory } from '../memory/segments.js';
import { rootSettings } from '../vtd/registers.js';
import type { VtdUnit } from '../vtd/rules/unit.js';
import type { Change, Mutation, TreeEdit } from './mutation.js';
import { type FuzzTarget, part, roomAt, segmentAt } from './target.js';
import { editTree } from './tree-edit.js';

/** A target with mutations in it; valid only while `applied` runs. */
export interface MutatedTarget {
  readonly target: FuzzTarget;
  /** The lone blob, or the root tree as far as its header and the memory tell. */
  readonly blob: Uint8Array;
  /** Absent for a lone blob. */
  readonly memory?: PhysicalMemory;
  /** The remapping units, with the registers as they are now. */
  readonly units: readonly VtdUnit[];
  /** What is there, cut pages left out. */
  readonly segments: readonly MemorySegment[];
}

interface Saved {
  readonly bytes: Uint8Array;
  readonly old: Uint8Array;
}

interface State {
  readonly target: FuzzTarget;
  /** In the order of the writes; taken back in the other. */
  readonly saved: Saved[];
  readonly cuts: { readonly start: number; readonly end: number }[];
  readonly units: VtdUnit[];
  /** Memory that is there besides. */
  readonly added: MemorySegment[];
  /** A lone blob that no longer has its old length. */
  blob: Uint8Array | undefined;
}

/** Applies mutations in order, hands the result to `use`, and restores the target however that ends. */
export function applied<T>(
  target: FuzzTarget,
  mutations: readonly Mutation[],
  use: (mutated: MutatedTarget) => T,
): T {
  const units = [...(target.units ?? [])];
  const state: State = { target, saved: [], cuts: [], added: [], units, blob: undefined };
  try {
    for (const { changes } of mutations) for (const change of changes) apply(state, change);
    return use(mutatedTarget(state));
  } finally {
    for (const { bytes, old } of state.saved.reverse()) bytes.set(old);
  }
}

function mutatedTarget({ target, cuts, added, units, blob }: State): MutatedTarget {
  if (target.form === 'blob') {
    const bytes = blob ?? target.root.bytes;
    return { target, blob: bytes, units, segments: [{ address: 0, bytes }] };
  }
  const left = cuts.length === 0 ? target.segments : without(target.segments, cuts);
  const segments = added.length === 0 ? left : [...left, ...added];
  const memory =
    segments === target.segments && target.memory !== undefined
      ? target.memory
      : segmentsMemory(segments, target.memory?.description ?? '');
  const root = readTree(memory, BigInt(target.root.address)) ?? target.root.bytes;
  return { target, blob: root, memory, units, segments };
}

function apply(state: State, change: Change): void {
  switch (change.kind) {
    case 'write':
      write(state, change.address, change.bytes);
      return;
    case 'cut':
      state.cuts.push(change);
      return;
    case 'zeros':
      claim(state, { address: change.address, zeroLength: change.length });
      return;
    case 'alias': {
      const bytes = part(state.target.segments, change.from, change.length);
      if (bytes !== undefined) claim(state, { address: change.address, bytes });
      return;
    }
    case 'register':
      setRegister(state, change.unit, change.value);
      return;
    case 'truncate':
      if (state.target.form === 'blob')
        state.blob = (state.blob ?? state.target.root.bytes).slice(0, change.length);
      return;
    case 'tree':
      applyEdit(state, change.blob, change.edit);
  }
}

function segmentEnd(segment: MemorySegment): number {
  return segment.address + segmentLength(segment);
}

/** Shows memory that the image lacks; two mutations of a case may claim the same, of which the first has it. */
function claim({ added }: State, segment: MemorySegment): void {
  const end = segmentEnd(segment);
  if (added.every((other) => other.address >= end || segmentEnd(other) <= segment.address))
    added.push(segment);
}

/** The mode in the register decides how the tables are read. */
function setRegister({ units }: State, index: number, rtaddr: bigint): void {
  const unit = units[index];
  if (unit === undefined) return;
  units[index] = { ...unit, rtaddr, settings: { ...unit.settings, ...rootSettings(rtaddr) } };
}

function write(state: State, address: number, bytes: Uint8Array): void {
  if (state.blob !== undefined) {
    if (address < state.blob.length) state.blob.set(bytes.subarray(0, state.blob.length - address), address);
    return;
  }
  const segment = segmentAt(state.target.segments, address);
  if (segment === undefined) return;
  const start = address - segment.address;
  const into = segment.bytes.subarray(start, start + bytes.length);
  state.saved.push({ bytes: into, old: into.slice() });
  into.set(bytes.subarray(0, into.length));
}

/** In memory the edited blob has to fit the pages of the old one; else the edit does nothing. */
function applyEdit(state: State, address: number, edit: TreeEdit): void {
  const { target } = state;
  const old = currentBlob(state, address);
  const edited = old === undefined ? undefined : editTree(parseFdt(old), edit);
  if (old === undefined || edited === undefined) return;
  if (target.form === 'blob') {
    state.blob = edited;
    return;
  }
  if (edited.length > roomAt(target, address, old.length)) return;
  const bytes = new Uint8Array(Math.max(edited.length, old.length));
  bytes.set(edited);
  write(state, address, bytes);
}

function currentBlob({ target, blob }: State, address: number): Uint8Array | undefined {
  if (target.form === 'blob') return blob ?? target.root.bytes;
  return target.memory === undefined ? undefined : readTree(target.memory, BigInt(address));
}

function without(segments: readonly MemorySegment[], cuts: State['cuts']): MemorySegment[] {
  let parts = [...segments];
  for (const { start, end } of cuts) {
    parts = parts.flatMap((segment): MemorySegment[] => {
      if (!('bytes' in segment)) return [segment];
      const { address, bytes } = segment;
      const from = Math.min(Math.max(start - address, 0), bytes.length);
      const to = Math.min(Math.max(end - address, from), bytes.length);
      if (from === to) return [segment];
      return [
        { address, bytes: bytes.subarray(0, from) },
        { address: address + to, bytes: bytes.subarray(to) },
      ].filter((each) => each.bytes.length > 0);
    });
  }
  return parts;
}

/** The mutated target as a file: an ELF core, or the blob. Views of its bytes: copy before they are put back. */
export function* caseFile({ target, blob, segments }: MutatedTarget): Generator<Uint8Array> {
  if (target.form === 'blob') yield blob;
  else {
    const { machine, note } = target;
    yield* elfCoreChunks(segments, machine, note === undefined ? {} : { vmcoreinfo: note });
  }
}

/**
 * The bytes of `caseFile`, copied.
 *
 * @example
 * ```ts
 * import { blobTarget, caseBytes, caseMaker, decodeHandover, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const target = blobTarget(synthesise(planFromSeed({ abi: 'kho-v4' })).blob);
 * const { mutations } = caseMaker(target, 1n).make(0);
 * // Whatever was done to it, it is read.
 * console.log(decodeHandover(caseBytes(target, mutations)).kind !== undefined); //=> true
 * ```
 */
export function caseBytes(target: FuzzTarget, mutations: readonly Mutation[]): Uint8Array {
  return applied(target, mutations, (mutated) => {
    const parts = [...caseFile(mutated)];
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of parts) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  });
}

/** RTADDR of each unit with mutations applied, by the unit's name; undefined for a target without units. */
export function registersOf(
  { units = [] }: FuzzTarget,
  mutations: readonly Mutation[],
): { readonly [unit: string]: bigint } | undefined {
  if (units.length === 0) return undefined;
  const values = units.map(({ rtaddr }) => rtaddr);
  for (const { changes } of mutations) {
    for (const change of changes) if (change.kind === 'register') values[change.unit] = change.value;
  }
  return Object.fromEntries(units.map(({ name }, i) => [name, values[i] ?? 0n]));
}

import { expect } from 'vitest';
import type { ByteState, PhysicalMemory } from '../../src/memory/physical.js';

/** Memory as a naive map of bytes: what every implementation is compared with. */
export type ByteMap = ReadonlyMap<number, { readonly state: ByteState; readonly value: number }>;

/** Segments in order; the first that knows a byte wins. `undefined` bytes are zeros that are not stored. */
export function byteMap(
  segments: readonly { address: number; bytes?: Uint8Array; zeroLength?: number }[],
): Map<number, { state: ByteState; value: number }> {
  const map = new Map<number, { state: ByteState; value: number }>();
  for (const { address, bytes, zeroLength } of segments) {
    const length = bytes?.length ?? zeroLength ?? 0;
    for (let i = 0; i < length; i++) {
      if (map.has(address + i)) continue;
      map.set(address + i, { state: bytes === undefined ? 'zero' : 'present', value: bytes?.[i] ?? 0 });
    }
  }
  return map;
}

/** Checks reads and runs of `memory` over [start, end) against the map, byte by byte. */
export function expectSameMemory(memory: PhysicalMemory, map: ByteMap, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    for (const length of [1, 7, end - at]) {
      let expected = 0;
      while (expected < length && map.has(at + expected)) expected++;
      const into = new Uint8Array(length).fill(0xee);
      // Without expect(): there are thousands of these checks in each of hundreds of cases.
      const count = memory.read(at, length, into);
      if (count !== expected) throw new Error(`read(${at}, ${length}) is ${count}, not ${expected}`);
      for (let i = 0; i < length; i++) {
        const value = i < expected ? map.get(at + i)?.value : 0xee;
        if (into[i] !== value) throw new Error(`byte ${at + i} reads as ${into[i]}, not ${value}`);
      }
    }
  }
  let at = start;
  let previous: { state: ByteState; fileOffset: number | undefined } | undefined;
  for (const run of memory.runs(start, end)) {
    expect(run.start).toBe(at);
    expect(run.end).toBeGreaterThan(run.start);
    for (let i = run.start; i < run.end; i++) {
      const state = map.get(i)?.state ?? 'absent';
      if (state !== run.state) throw new Error(`byte ${i} is ${state}, not ${run.state}`);
    }
    // Neighbours of one state stand apart only where the file does not continue.
    if (previous?.state === run.state) {
      expect(run.state).toBe('present');
      expect(run.fileOffset ?? Number.NaN).not.toBe(previous.fileOffset);
    }
    const behind = run.fileOffset === undefined ? undefined : run.fileOffset + (run.end - run.start);
    previous = { state: run.state, fileOffset: behind };
    at = run.end;
  }
  expect(at).toBe(Math.max(start, end));
  const known = [...memory.known()];
  const bytes = known.reduce((sum, run) => sum + run.end - run.start, 0);
  expect(bytes).toBe(map.size);
  for (const run of known) expect(run.state).not.toBe('absent');
}

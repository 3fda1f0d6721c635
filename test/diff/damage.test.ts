/** Damaged handovers: a comparison never throws, finds nothing between equal ones, and sees both ways the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { diffHandovers } from '../../src/diff/diff.js';
import { coverageOf } from '../../src/diff/kept/coverage.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { type MemorySegment, segmentsMemory } from '../../src/memory/segments.js';
import { diffJson } from '../../src/report/diff-json.js';
import { diffLines } from '../../src/report/diff-text.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { bytesToHex } from '../../src/schema/text.js';
import { decodeAt, linuxMemory, linuxNames, linuxTruth } from '../decode/linux-dumps.js';
import { blobPaths, fixtures } from '../fixtures.js';
import { buildDump } from '../rfc/build-dump.js';
import { decodeMemory } from '../rfc/json.js';
import { SAMPLE_PLAN } from '../rfc/plan.js';
import { sweep } from '../sweep.js';
import { compared, lines, swapped } from './compared.js';

const damages = fc.array(fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }), {
  minLength: 1,
  maxLength: 5,
});

function check(whole: Handover, damaged: Handover, again: Handover): void {
  for (const strict of [false, true]) {
    expect(lines(compared(damaged, again, { strict }))).toEqual([]);
    const there = lines(compared(whole, damaged, { strict })).sort();
    const back = swapped(compared(damaged, whole, { strict }).differences);
    expect(lines({ differences: back }).sort()).toEqual(there);
  }
  const { entries } = coverageOf(whole, damaged, { sameDump: true });
  for (const { bytes, count, ranges } of entries) {
    expect(bytes).toBeGreaterThan(0n);
    expect([...ranges]).toHaveLength(count);
  }
  expect(coverageOf(damaged, again).verdict).not.toBe('lost');
}

test.each(blobPaths().map((path) => path.slice(fixtures.length + 1)))('%s, damaged', (name) => {
  const bytes = new Uint8Array(readFileSync(join(fixtures, name)));
  const whole = decodeHandover(bytes);
  fc.assert(
    fc.property(damages, (list) => {
      const copy = bytes.slice();
      for (const { at, bytes: patch } of list)
        copy.set(patch.subarray(0, copy.length), at % Math.max(1, copy.length - 8));
      check(whole, decodeHandover(copy), decodeHandover(copy.slice()));
    }),
    { numRuns: sweep(15, 4) },
  );
});

/** Memory with bytes changed in its known runs. */
function patched(memory: PhysicalMemory, list: readonly { at: number; bytes: Uint8Array }[]): PhysicalMemory {
  const runs = [...memory.known()];
  const segments: MemorySegment[] = list.map(({ at, bytes }) => {
    const run = runs[at % runs.length] as (typeof runs)[number];
    const offset = (at >>> 3) % Math.max(1, run.end - run.start - 8);
    return { address: run.start + offset, bytes };
  });
  return overlay(segmentsMemory(segments, 'damage'), memory);
}

test.each(linuxNames)('the memory of %s, damaged', (name) => {
  const memory = linuxMemory(name);
  const pa = linuxTruth(name)[0]?.pa ?? 0;
  const whole = decodeAt(memory, pa);
  const tree = whole.tree?.bytes ?? new Uint8Array(0);
  fc.assert(
    fc.property(damages, (list) => {
      const damaged = patched(memory, list);
      const decode = () =>
        decodeHandover(tree, { memory: damaged, address: BigInt(pa), pageSize: whole.pageSize });
      check(whole, decode(), decode());
    }),
    { numRuns: sweep(8, 3) },
  );
});

test('the memory of the 2024 series, damaged', () => {
  const dump = buildDump(SAMPLE_PLAN);
  const whole = decodeMemory(dump.memory);
  const address = whole.fdtAddress ?? 0n;
  fc.assert(
    fc.property(damages, (list) => {
      const memory = patched(dump.memory, list);
      const decode = () => decodeHandover(dump.blob, { memory, address });
      check(whole, decode(), decode());
    }),
    { numRuns: sweep(60, 12) },
  );
});

test('seeds of a boot device tree are not in what is told of it', () => {
  const path = join(fixtures, 'linux-7.3-arm64-16k/firmware-fdt.dtb');
  const before = new Uint8Array(readFileSync(path));
  const after = before.slice();
  const text = new TextDecoder('latin1').decode(before);
  const at = text.indexOf('console=');
  expect(at).toBeGreaterThan(0);
  after.set([0x58], at);
  const [a, b] = [decodeHandover(before), decodeHandover(after)].map((handover) => ({ path: 'x', handover }));
  if (a === undefined || b === undefined) throw new Error('there are two');
  const { differences } = compared(a.handover, b.handover);
  expect(differences).toMatchObject([
    { kind: 'changed', place: { fdtPath: '/chosen', property: 'bootargs' }, secret: true },
  ]);
  const diff = () => diffHandovers(a.handover, b.handover, { strict: true });
  const coverage = coverageOf(a.handover, b.handover);
  const told = [
    ...diffLines(a, b, diff(), coverage),
    ...jsonChunks(diffJson(a, b, diff(), coverage, true)),
  ].join('\n');
  expect(told).toContain('/chosen/bootargs');
  for (const secret of ['onsole=', bytesToHex(new TextEncoder().encode('onsole='))]) {
    expect(told).not.toContain(secret);
  }
});

/** Ours against libfdt: the sequential writer, reading, and the verdict of fdt_check_full. */

import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { checkFdt } from '../../src/fdt/check.js';
import { FDT_DIAGNOSTICS } from '../../src/fdt/diagnostics.js';
import { createFdtEditor, type FdtEditNode } from '../../src/fdt/edit.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { FdtToken } from '../../src/records/fdt.js';
import { bytesToHex } from '../../src/schema/text.js';
import { anyBlob, anyMutation, anyProgram, type Call, mutate, play } from '../fdt/arbitraries.js';
import { BAD_BLOBS } from '../fdt/bad-blobs.js';
import { fixtureBlobs } from '../fdt/fixture-files.js';
import { workedBlob } from '../fdt/worked-blob.js';
import { sweep } from '../sweep.js';
import { INTENDED, listing } from './fdt-differences.js';
import { buildHarness, describeWith, mustRun, pack, unpack } from './fdt-tools.js';

const SEED = 20260;
const harness = buildHarness();
afterAll(() => harness?.remove());
const libfdt = (mode: string, records: readonly Uint8Array[]): Uint8Array =>
  mustRun(harness?.path ?? '', [mode], pack(records));

function encodeCalls(calls: readonly Call[]): Uint8Array {
  const bytes: number[] = [];
  const big = (value: bigint, size: number): void => {
    for (let i = size - 1; i >= 0; i--) bytes.push(Number((value >> BigInt(8 * i)) & 255n));
  };
  const sized = (part: Uint8Array): void => {
    big(BigInt(part.length), 4);
    bytes.push(...part);
  };
  for (const each of calls) {
    bytes.push({ reserve: 0x52, begin: 0x42, prop: 0x50, end: 0x45 }[each.call]);
    if (each.call === 'reserve') {
      big(each.address, 8);
      big(each.size, 8);
    } else if (each.call === 'begin') {
      sized(each.name);
    } else if (each.call === 'prop') {
      sized(each.name);
      sized(each.value);
    }
  }
  return Uint8Array.from(bytes);
}

/** All nodes with their paths. */
function pathsOf(root: FdtEditNode): [string, FdtEditNode][] {
  const found: [string, FdtEditNode][] = [['', root]];
  for (let i = 0; i < found.length; i++) {
    const [path, node] = found[i] ?? ['', root];
    for (const subnode of node.subnodes)
      found.push([`${path}/${new TextDecoder().decode(subnode.name)}`, subnode]);
  }
  return found.map(([path, node]) => [path === '' ? '/' : path, node]);
}

function compareVerdicts(blobs: readonly Uint8Array[]): Map<string, number> {
  const results = libfdt('check', blobs);
  const view = new DataView(results.buffer, results.byteOffset, results.byteLength);
  expect(results.length).toBe(blobs.length * 4);
  const counts = new Map<string, number>();
  for (const [i, bytes] of blobs.entries()) {
    const result = view.getInt32(i * 4);
    const codes = new Set(checkFdt(bytes).map(({ code }) => code));
    const refusing = [...codes].filter((code) => 'libfdt' in FDT_DIAGNOSTICS[code]);
    let verdict = result === 0 ? 'both accept' : 'both refuse';
    if (refusing.length > 0 !== result < 0) {
      const who = refusing.length > 0 ? 'ours' : 'libfdt';
      const reason = INTENDED.find((each) => each.who === who && each.holds(codes, parseFdt(bytes)));
      if (reason === undefined) {
        throw new Error(`libfdt ${result}, ours [${[...codes].join(' ')}]: ${bytesToHex(bytes)}`);
      }
      verdict = `only ${who} refuses: ${reason.why}`;
    }
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return counts;
}

describeWith(
  'libfdt',
  'gcc libfdt-dev',
  harness !== undefined,
)('libfdt', () => {
  test('the sequential writer makes the same bytes', () => {
    const programs = fc.sample(anyProgram, { numRuns: sweep(3000, 1000), seed: SEED });
    const theirs = unpack(libfdt('write', programs.map(encodeCalls)));
    expect(theirs).toHaveLength(programs.length);
    for (const [i, calls] of programs.entries()) {
      const blob = theirs[i] ?? new Uint8Array();
      // before 1.6 libfdt wrote last_comp_version 2
      blob[27] = 16;
      expect(bytesToHex(play(createFdtWriter(), calls))).toBe(bytesToHex(blob));
    }
    console.log(`${programs.length} random trees: the same bytes`);
  });

  const whole = fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 3 }).map((words) => {
    return Uint8Array.from(words.flatMap((word) => [...word]));
  });
  test.each([
    ['words', whole, (bytes: Uint8Array) => bytes],
    // libfdt leaves old bytes in the padding of what it inserts; ours is zero
    [
      'bytes',
      fc.uint8Array({ maxLength: 9 }),
      (bytes: Uint8Array) => fromImage({ ...toImage(parseFdt(bytes)), gaps: [] }),
    ],
  ])('editing makes the same bytes, values of any number of %s', (_, value, clean) => {
    const name = fc.constantFrom('a', 'b', 'ab', 'cab', 'compatible', 'patible', 'x,y');
    const edits = fc.array(fc.record({ at: fc.nat(1000), subnode: fc.boolean(), name, value }), {
      minLength: 1,
      maxLength: 12,
    });
    const base = fc.array(fc.record({ name, value, up: fc.boolean() }), { maxLength: 8 });
    const samples = fc.sample(fc.tuple(base, edits), { numRuns: sweep(1500, 500), seed: SEED });
    const records: Uint8Array[] = [];
    const ours: Uint8Array[] = [];
    for (const [nodes, changes] of samples) {
      const writer = createFdtWriter();
      writer.beginNode('');
      for (const [i, { name, value, up }] of nodes.entries()) {
        writer.beginNode(`n${i}`);
        writer.property(name, value);
        if (up) writer.endNode();
      }
      for (let open = nodes.filter(({ up }) => !up).length; open >= 0; open--) writer.endNode();
      const blob = writer.finish();
      const editor = createFdtEditor(parseFdt(blob));
      const calls: Uint8Array[] = [pack([blob])];
      for (const [i, change] of changes.entries()) {
        const paths = pathsOf(editor.root);
        const [path, node] = paths[change.at % paths.length] ?? ['/', editor.root];
        if (change.subnode) editor.addSubnode(node, `s${i}`);
        else editor.setProperty(node, change.name, change.value);
        const text = new TextEncoder();
        const parts = [text.encode(path), text.encode(change.subnode ? `s${i}` : change.name)];
        calls.push(Uint8Array.of(change.subnode ? 0x53 : 0x56));
        calls.push(pack(change.subnode ? parts : [...parts, change.value]));
      }
      records.push(Uint8Array.from(calls.flatMap((call) => [...call])));
      ours.push(editor.pack());
    }
    const theirs = unpack(libfdt('edit', records));
    expect(theirs).toHaveLength(ours.length);
    for (const [i, bytes] of ours.entries())
      expect(bytesToHex(bytes)).toBe(bytesToHex(clean(theirs[i] ?? new Uint8Array())));
    console.log(`${ours.length} edited trees: the same bytes`);
  });

  test('every node and property of whole blobs reads the same', () => {
    const real = fixtureBlobs().map(([, bytes]) => bytes);
    const random = fc.sample(anyBlob, { numRuns: 1000, seed: SEED });
    const mutated = fc.sample(fc.tuple(anyBlob, fc.array(anyMutation, { minLength: 1, maxLength: 2 })), {
      numRuns: sweep(3000, 1000),
      seed: SEED,
    });
    const all = [
      workedBlob(),
      ...real,
      ...random,
      ...mutated.map(([blob, changes]) => mutate(blob, changes)),
    ];
    // what fdt_check_full passes is what libfdt reads without running into errors
    const verdicts = libfdt('check', all);
    const view = new DataView(verdicts.buffer, verdicts.byteOffset, verdicts.byteLength);
    const whole = all.filter((bytes, i) => {
      // reading needs a root at offset 0 and, for versions below 16, other rules
      const tree = parseFdt(bytes);
      return (
        view.getInt32(i * 4) === 0 && tree.kind[0] === FdtToken.beginNode && (tree.header?.version ?? 0) >= 16
      );
    });
    const theirs = unpack(libfdt('read', whole)).map((text) => new TextDecoder().decode(text));
    expect(theirs).toHaveLength(whole.length);
    let compared = 0;
    for (const [i, bytes] of whole.entries()) {
      const tree = parseFdt(bytes);
      if (tree.diagnostics.some(({ code }) => code === 'unterminated-reserve-map')) continue;
      expect(listing(tree)).toBe(theirs[i]);
      compared++;
    }
    expect(compared).toBeGreaterThan(sweep(1500, 1000));
    console.log(`${compared} blobs: every node and property reads the same`);
  });

  test('fdt_check_full has the same verdict on blobs made bad by hand', () => {
    compareVerdicts(BAD_BLOBS.map(({ bytes }) => bytes));
  });

  test('fdt_check_full has the same verdict on mutated blobs', () => {
    const real = [workedBlob(), ...fixtureBlobs().map(([, bytes]) => bytes)].filter(
      ({ length }) => length < 2000,
    );
    const source = fc.oneof(anyBlob, fc.constantFrom(...real));
    const mutated = fc.sample(fc.tuple(source, fc.array(anyMutation, { minLength: 1, maxLength: 3 })), {
      numRuns: sweep(20_000, 4_000),
      seed: SEED,
    });
    const counts = compareVerdicts(mutated.map(([blob, changes]) => mutate(blob, changes)));
    expect(counts.get('both accept')).toBeGreaterThan(sweep(1000, 400));
    expect(counts.get('both refuse')).toBeGreaterThan(sweep(5000, 1000));
    for (const [verdict, n] of counts) console.log(`${n} mutated blobs: ${verdict}`);
  });
});

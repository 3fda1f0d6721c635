/** Ours against dtc and fdtdump: source that dtc compiles back, blobs that both read alike. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dtsLines } from '../../src/fdt/dts.js';
import { type FdtTree, parseFdt } from '../../src/fdt/parse.js';
import {
  nodeName,
  nodeNameBytes,
  propertyName,
  propertyNameBytes,
  propertyValue,
} from '../../src/fdt/tree.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { FdtToken } from '../../src/records/fdt.js';
import { bytesToHex } from '../../src/schema/text.js';
import { anyProgram, type Call, play } from '../fdt/arbitraries.js';
import { distinctBlobs } from '../fdt/fixture-files.js';
import { workedBlob } from '../fdt/worked-blob.js';
import { sweep } from '../sweep.js';
import { describeWith, mustRun, run } from './fdt-tools.js';

const SEED = 20261;
const real = [['worked example', workedBlob()] as const, ...distinctBlobs()];
const whole = real.filter(([, bytes]) => parseFdt(bytes).complete);

/** Reserve map and tokens as text, without NOPs, tokens in `except` (with all that is inside them) left out. */
function outline(tree: FdtTree, except: ReadonlySet<number> = new Set()): string[] {
  const lines = tree.reserveMap.map(({ address, size }) => `R ${address} ${size}`);
  let skipUntil = 0;
  for (let i = 0; i < tree.count; i++) {
    if (except.has(i) && tree.kind[i] === FdtToken.beginNode)
      skipUntil = Math.max(skipUntil, tree.next[i] ?? 0);
    if (i < skipUntil || except.has(i)) continue;
    const node = nodeNameBytes(tree, i);
    const name = propertyNameBytes(tree, i);
    if (node !== undefined) lines.push(`{ ${bytesToHex(node)}`);
    else if (name !== undefined) {
      lines.push(`${bytesToHex(name)} = ${bytesToHex(propertyValue(tree, i) ?? new Uint8Array())}`);
    } else if (tree.kind[i] === FdtToken.endNode) lines.push('}');
  }
  return lines;
}

const compile = (source: string): Uint8Array =>
  mustRun('dtc', ['-I', 'dts', '-O', 'dtb', '-'], new TextEncoder().encode(source));
const decompile = (blob: Uint8Array): Uint8Array =>
  mustRun('dtc', ['-q', '-q', '-I', 'dtb', '-O', 'dts', '-'], blob);

function sourceOf(tree: FdtTree): { source: string; problems: Set<number> } {
  const problems = new Set<number>();
  const lines = [
    ...dtsLines(tree, { report: ({ token }) => problems.add(token), comment: () => 'meaning /* {' }),
  ];
  return { source: `${lines.join('\n')}\n`, problems };
}

/** The same program with names that source can have and that do not repeat in a node. */
function plain(calls: readonly Call[]): Call[] {
  return calls.map((each, i) => {
    if (each.call === 'begin')
      return i > 0 && each.name.length > 0 ? { ...each, name: ascii(`n${i}@0`) } : each;
    if (each.call === 'prop')
      return { ...each, name: ascii(`#p,${i}_${String.fromCharCode(...each.name).replace(/[^a-f]/g, '.')}`) };
    return each;
  });
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describeWith(
  'dtc',
  'device-tree-compiler',
  run('dtc', ['--version']) !== undefined,
)('dtc', () => {
  test.each(whole)('compiles our source of %s back to the same tree', (_, bytes) => {
    const tree = parseFdt(bytes);
    const { source, problems } = sourceOf(tree);
    expect([...problems]).toEqual([]);
    expect(outline(parseFdt(compile(source)))).toEqual(outline(tree));
  });

  test.each(whole)('reads %s as we do', (_, bytes) => {
    const again = parseFdt(compile(new TextDecoder('latin1').decode(decompile(bytes))));
    expect(outline(again)).toEqual(outline(parseFdt(bytes)));
  });

  test('compiles our source of random trees: exactly what was not reported comes back', () => {
    const programs = fc.sample(anyProgram, { numRuns: sweep(300, 4), seed: SEED });
    let reported = 0;
    for (const calls of programs) {
      const tree = parseFdt(play(createFdtWriter(), calls));
      const { source, problems } = sourceOf(tree);
      reported += problems.size;
      expect(outline(parseFdt(compile(source)))).toEqual(outline(tree, problems));
    }
    console.log(`${programs.length} random trees through dtc, ${reported} names reported as not expressible`);
  });

  test('compiles our source of random plain trees back whole', () => {
    const programs = fc.sample(anyProgram, { numRuns: sweep(150, 4), seed: SEED + 1 }).map(plain);
    let compared = 0;
    for (const calls of programs) {
      const blob = play(createFdtWriter(), calls);
      const tree = parseFdt(blob);
      const { source, problems } = sourceOf(tree);
      if (problems.size > 0) continue;
      expect(outline(parseFdt(compile(source)))).toEqual(outline(tree));
      expect(outline(parseFdt(compile(new TextDecoder('latin1').decode(decompile(blob)))))).toEqual(
        outline(tree),
      );
      compared++;
    }
    expect(compared).toBeGreaterThan(sweep(50, 1));
    console.log(`${compared} random plain trees, both ways`);
  });
});

describeWith(
  'fdtdump',
  'device-tree-compiler',
  run('fdtdump', ['--version']) !== undefined,
)('fdtdump', () => {
  test.each(whole)('lists the nodes and properties of %s as we do', (_, bytes) => {
    const text = new TextDecoder('latin1').decode(mustRun('fdtdump', ['-'], bytes));
    const theirs: string[] = [];
    for (const line of text.split('\n')) {
      const trimmed = line.trim();
      if (trimmed.startsWith('//') || trimmed === '/dts-v1/;') continue;
      const name = /^([^\s=]+?)(?: = |;$| \{$)/.exec(trimmed)?.[1];
      if (trimmed.startsWith('/memreserve/')) theirs.push(trimmed);
      else if (trimmed === '};') theirs.push('}');
      else if (name !== undefined) theirs.push(trimmed.endsWith('{') ? `{ ${name}` : name);
    }
    const tree = parseFdt(bytes);
    const ours = tree.reserveMap.map(
      ({ address, size }) => `/memreserve/ 0x${address.toString(16)} 0x${size.toString(16)};`,
    );
    for (let i = 0; i < tree.count; i++) {
      const node = nodeName(tree, i);
      const property = propertyName(tree, i);
      if (node !== undefined) ours.push(`{ ${node === '' ? '/' : node}`);
      else if (property !== undefined) ours.push(property);
      else if (tree.kind[i] === FdtToken.endNode) ours.push('}');
    }
    expect(theirs).toEqual(ours);
  });
});

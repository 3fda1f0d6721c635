/** A root tree of two pages of which the dump has the first: absent, where no more is claimed than was allocated. */
import { expect, test } from 'vitest';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';

const TREE = 0x1_0000_0000;

function blob(): Uint8Array {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', new TextEncoder().encode('kho-v1\0'));
  for (let i = 0; i < 300; i++) {
    writer.beginNode(`n${i}`);
    writer.property('mem', new Uint8Array(0));
    writer.endNode();
  }
  writer.endNode();
  return writer.finish();
}

/** boot_params and an element of the 2024 series that names the tree. */
function boot(dtSize: bigint) {
  const params = new Uint8Array(4096);
  params.set([0x55, 0xaa], 0x1fe);
  params.set([0x48, 0x64, 0x72, 0x53], 0x202);
  new DataView(params.buffer).setBigUint64(0x250, 0x91000n, true);
  const element = new Uint8Array(4096);
  const view = new DataView(element.buffer);
  view.setUint32(8, 10, true);
  view.setUint32(12, 48, true);
  const words = [BigInt(TREE), dtSize, 0x1000_0000n, 0x1000_0000n, 0x1001_0000n, 0n];
  for (const [i, word] of words.entries()) view.setBigUint64(16 + 8 * i, word, true);
  return [
    { address: 0x90000, bytes: params },
    { address: 0x91000, bytes: element },
  ];
}

function judged(dtSize: bigint) {
  const bytes = blob().slice(0, 4096);
  const memory = segmentsMemory([...boot(dtSize), { address: TREE, bytes }], '');
  const [found] = findTrees(memory).trees;
  if (found === undefined) return expect.fail('no tree');
  const { setupData, broken } = found;
  const handover = decodeHandover(found.bytes, {
    memory,
    address: BigInt(TREE),
    passedOn: 'rfc-2024',
    ...(setupData === undefined ? {} : { setupData }),
    ...(broken === undefined ? {} : { broken }),
  });
  return validate(handover, catalogue);
}

test('what is left of it is judged, and its end is absent', () => {
  const { findings, skipped } = judged(BigInt(blob().length));
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  const absent = skipped.filter(({ kind }) => kind === 'absent').map(({ rule }) => rule);
  expect(absent).toContain('FDT-006');
  expect(absent).toContain('KHO-170');
});

test('a size beyond what was allocated is an error', () => {
  const { findings } = judged(4096n);
  expect(findings.map(({ rule }) => rule)).toContain('FDT-006');
});

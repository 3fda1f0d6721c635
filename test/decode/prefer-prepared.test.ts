/** Which of a running kernel's two trees is judged. */
import { expect, test } from 'vitest';
import { preferPrepared, type TakenOverTree } from '../../src/decode/find-taken-over.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { segmentsMemory } from '../../src/memory/segments.js';

interface Tree {
  readonly addresses: readonly bigint[];
  readonly bytes: Uint8Array;
  readonly direction: 'incoming' | 'outgoing';
  readonly takenOver?: TakenOverTree;
}

function tree(compatible: string, map: bigint): Uint8Array {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(map);
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', Buffer.from(`${compatible}\0`));
  writer.property('preserved-memory-map', value);
  writer.endNode();
  return writer.finish();
}

test.each([
  ['kho-v1', 0n, 0x1000n],
  ['kho-v1', 0x8000n, 0x2000n],
  ['kho-v3', 0n, 0x2000n],
  ['kho-v4', 0n, 0x2000n],
] as const)(
  '%s: of a prepared tree whose map is at %i, the tree at %i is judged',
  (compatible, map, address) => {
    const taken: Tree = {
      ...{ addresses: [0x1000n], bytes: tree(compatible, 0x9000n), direction: 'incoming' },
      takenOver: { why: 'a mark' },
    };
    const prepared: Tree = { addresses: [0x2000n], bytes: tree(compatible, map), direction: 'outgoing' };
    const { trees } = preferPrepared(
      { trees: [taken], others: [prepared], vmcoreinfo: [] },
      segmentsMemory([], 'nothing'),
    );
    expect(trees.map(({ addresses }) => addresses[0])).toEqual([address]);
  },
);

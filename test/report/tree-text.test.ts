import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { treeLines } from '../../src/report/tree-text.js';
import { rfcFiles } from '../fixtures.js';

function lines(bytes: Uint8Array): string[] {
  return [...treeLines(decodeHandover(bytes), 0)];
}

test('a real tree: addresses as addresses, sizes with units, rights and devices by name', () => {
  const text = lines(new Uint8Array(readFileSync(rfcFiles('superpages').blob)));
  expect(text).toContain('        pgd 0x1cfaff000');
  expect(text).toContain('          0  65:00.1  bus 0x65 devfn 0x1');
  expect(text).toContain('    fs_mem  mem 0x300000000-0x3c0000000  3 GiB  NOINIT');
  expect(text).toContain(
    '            3  iova-start 0x400000000  iova-len 160 KiB (0x28000)  iommu-prot write|cache',
  );
});

test('the text of a deep tree grows with its depth, not with the square of it', () => {
  const length = (levels: number): number => {
    const writer = createFdtWriter();
    for (let i = 0; i < levels; i++) {
      writer.beginNode(i === 0 ? '' : 'n');
      writer.property('a', new Uint8Array(4));
    }
    for (let i = 0; i < levels; i++) writer.endNode();
    return lines(writer.finish()).reduce((sum, line) => sum + line.length, 0);
  };
  expect(length(20_000) / length(5_000)).toBeLessThan(4.5);
});

test('a property of the wrong size is shown as bytes', () => {
  const writer = createFdtWriter();
  writer.beginNode('');
  writer.property('compatible', new TextEncoder().encode('kho-v1\0'));
  writer.property('mem', Uint8Array.of(1, 2, 3));
  writer.endNode();
  expect(lines(writer.finish()).join(' ')).toContain('mem [01 02 03]');
});

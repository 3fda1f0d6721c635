/** Blobs of a given size: a root with many subnodes, or one chain of nodes. Two u64 properties a node. */

import { createFdtWriter, type FdtWriter } from '../../src/fdt/writer.js';

/** Shapes by name; each makes a blob of about `bytes` bytes. */
export const SHAPES: ReadonlyMap<string, (bytes: number) => Uint8Array> = new Map([
  ['wide', wide],
  ['deep', deep],
]);

const BYTES_PER_NODE = 60;

function fill(writer: FdtWriter, i: number, value: Uint8Array): void {
  new DataView(value.buffer).setBigUint64(0, BigInt(i) << 12n, true);
  writer.property('iova-start', value);
  writer.property('iova-len', value);
}

function wide(bytes: number): Uint8Array {
  const writer = createFdtWriter();
  const value = new Uint8Array(8);
  writer.beginNode('');
  for (let i = 0; i < bytes / BYTES_PER_NODE; i++) {
    writer.beginNode(i.toString(16));
    fill(writer, i, value);
    writer.endNode();
  }
  writer.endNode();
  return writer.finish();
}

function deep(bytes: number): Uint8Array {
  const writer = createFdtWriter();
  const value = new Uint8Array(8);
  const levels = Math.floor(bytes / BYTES_PER_NODE);
  writer.beginNode('');
  for (let i = 0; i < levels; i++) {
    writer.beginNode(i.toString(16));
    fill(writer, i, value);
  }
  for (let i = 0; i <= levels; i++) writer.endNode();
  return writer.finish();
}

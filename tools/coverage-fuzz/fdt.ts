/** The devicetree reader on bytes that are changed at random. */
import { equalBytes } from '../../src/decode/bytes.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { checkFdt } from '../../src/fdt/check.js';
import { dtsLines } from '../../src/fdt/dts.js';
import { fromImage, toImage } from '../../src/fdt/image.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { bytesToHex, hexToBytes } from '../../src/schema/text.js';
import type { Random } from '../../src/synth/random.js';
import type { Subject } from './loop.js';

const LARGEST = 1024;
/** Words of the structure block, sizes and offsets that matter, and their neighbours. */
const WORDS = [0, 1, 2, 3, 4, 9, 16, 17, 28, 40, 0x7fffffff, 0x80000000, 0xffffffff, 0xd00dfeed];

/** One subject; inputs are blobs in hexadecimal. */
export function fdtSubject(): Subject {
  return {
    name: 'fdt',
    start: ['', ...written().map(bytesToHex)],
    run(input) {
      const blob = hexToBytes(input) ?? new Uint8Array(0);
      const tree = parseFdt(blob);
      checkFdt(blob);
      for (const _ of dtsLines(tree));
      if (!equalBytes(fromImage(toImage(tree)), blob)) throw new Error('the image gives other bytes');
      const handover = decodeHandover(blob);
      const json = [...jsonChunks(modelJson(handover))].join('');
      if (handover.tree !== undefined && !equalBytes(encodeBlob(JSON.parse(json)).bytes, blob)) {
        throw new Error('encoding gives other bytes');
      }
    },
    mutate(input, other, random) {
      let bytes = hexToBytes(input) ?? new Uint8Array(0);
      for (let i = 1 + random.below(4); i > 0; i--)
        bytes = changed(bytes, hexToBytes(other) ?? bytes, random);
      return bytesToHex(bytes.subarray(0, LARGEST));
    },
  };
}

/** Trees that a reader takes: with a reserve map, nested nodes, values of many lengths, and the string of a handover. */
function written(): Uint8Array[] {
  const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
  return ['kho-v1', 'kho-v4', 'memblock-v1', 'other'].map((compatible) => {
    const writer = createFdtWriter();
    writer.reserve(0x1000n, 0x2000n);
    writer.beginNode('');
    writer.property('compatible', text(compatible));
    writer.property('preserved-memory-map', new Uint8Array(8).fill(1));
    writer.beginNode('LUO');
    writer.property('preserved-data', new Uint8Array(8));
    writer.property('blob-size', new Uint8Array(3));
    writer.beginNode('a@1');
    writer.endNode();
    writer.endNode();
    writer.endNode();
    return writer.finish();
  });
}

function changed(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(copy.length + 1);
  switch (random.below(6)) {
    case 0:
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    case 1: {
      const word = at - (at % 4);
      if (word + 4 <= copy.length)
        new DataView(copy.buffer).setUint32(word, random.pick(WORDS) + random.below(3) - 1);
      return copy;
    }
    case 2:
      return joined(
        copy.subarray(0, at),
        copy.subarray(Math.min(copy.length, at + 4 * (1 + random.below(8)))),
      );
    case 3:
      return joined(copy.subarray(0, at), new Uint8Array(4 * (1 + random.below(4))), copy.subarray(at));
    case 4: {
      const from = random.below(other.length + 1);
      return joined(
        copy.subarray(0, at),
        other.subarray(from, from + 4 * random.below(16)),
        copy.subarray(at),
      );
    }
    default:
      return copy.subarray(0, at);
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** /proc/kcore of machines with four and with five levels of page tables. */
import { expect, test } from 'vitest';
import { blobsPointedTo } from '../../../src/decode/find-pointers.js';
import { directAddress, type Kcore, parseKcore } from '../../../src/memory/elf/kcore.js';
import { readBytes } from '../../../src/memory/read.js';
import { buildElf } from './builder.js';

const PAGE = 4096;
/** The kernel's image, and a tree that it points to. */
const IMAGE = 0x2000;
const TREE = 0x5000;
const RAM = 0x8000;
const IMAGE_BASE = 0xffff_ffff_8100_0000n;

/** fs/proc/kcore.c kc_vaddr_to_offset, for addresses of `bits` bits; the headers are before it. */
function offsetOf(virtual: bigint, bits: bigint): bigint {
  return (virtual & ((1n << bits) - 1n)) + BigInt(PAGE);
}

/** A file of which only the headers and the RAM are there, at offsets beyond what a file on disk can have. */
function kcoreWith(direct: bigint, bits: bigint): Kcore | string {
  const ram = new Uint8Array(RAM);
  const view = new DataView(ram.buffer);
  view.setBigUint64(IMAGE + 64, direct + BigInt(TREE), true);
  view.setUint32(TREE, 0xd00dfeed);
  const headers = buildElf({
    headers: [
      { vaddr: IMAGE_BASE, paddr: BigInt(IMAGE), offset: offsetOf(IMAGE_BASE, bits), filesz: BigInt(PAGE) },
      { vaddr: 0xffff_c900_0000_0000n, paddr: (1n << 64n) - 1n, offset: 1n << 46n, filesz: BigInt(PAGE) },
      { vaddr: direct, paddr: 0n, offset: offsetOf(direct, bits), filesz: BigInt(RAM) },
    ],
  });
  const start = offsetOf(direct, bits);
  return parseKcore((base) => ({
    size: Number.MAX_SAFE_INTEGER,
    readAt(offset, length, into) {
      const at = base + BigInt(offset);
      const [from, bytes] = at >= start ? [Number(at - start), ram] : [Number(at), headers];
      const part = bytes.subarray(from, from + length);
      into.set(part);
      return part.length;
    },
  }));
}

test.each([
  ['four levels', 0xffff_8880_0000_0000n, 47n],
  ['four levels, KASLR', 0xffff_9c3f_4000_0000n, 47n],
  ['five levels', 0xff11_0000_0000_0000n, 56n],
  // The offset of its direct map is beyond 2^53.
  ['five levels, KASLR', 0xff4b_3a7d_c000_0000n, 56n],
  ['arm64, 52 bits', 0xfff0_0000_0000_0000n, 52n],
])('%s: RAM is read, and the trees that the image points to are found', (_, direct, bits) => {
  const kcore = kcoreWith(direct, bits);
  if (typeof kcore === 'string') throw new Error(kcore);
  expect(kcore.image).toEqual({ start: IMAGE, end: IMAGE + PAGE });
  expect(kcore.bytes).toBe(RAM);
  expect(directAddress(kcore.direct, direct + 0x1234n)).toBe(0x1234);
  expect(readBytes(kcore.memory, TREE, 4)).toEqual(Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed));
  expect(readBytes(kcore.memory, RAM - 1, 2)).toBeUndefined();
  expect(blobsPointedTo(kcore.memory, { start: IMAGE, end: IMAGE + PAGE }, kcore.direct)).toEqual([TREE]);
});

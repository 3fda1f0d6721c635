/**
 * The primitives that generated readers and writers call. Offsets are bytes within the view, bit positions
 * count from the least significant bit of the first byte (bit-endian le).
 */

/** Reads `width` (1..32) bits that start `bit` bits after byte `at`. */
export function readBits(view: DataView, at: number, bit: number, width: number): number {
  const end = bit + width;
  let value = 0;
  let scale = 1;
  for (let position = bit; position < end; ) {
    const low = position & 7;
    const take = Math.min(8 - low, end - position);
    const byte = view.getUint8(at + (position >>> 3));
    value += ((byte >>> low) & ((1 << take) - 1)) * scale;
    scale *= 1 << take;
    position += take;
  }
  return value;
}

/** Reads `width` (33..64) bits that start `bit` bits after byte `at`. */
export function readWideBits(view: DataView, at: number, bit: number, width: number): bigint {
  const low = readBits(view, at, bit, 32);
  const high = readBits(view, at, bit + 32, width - 32);
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Replaces `width` (1..32) bits; throws RangeError when `value` has more. */
export function writeBits(
  view: DataView,
  at: number,
  bit: number,
  width: number,
  value: number,
  name: string,
): void {
  checkUint(value, width, name);
  const end = bit + width;
  let rest = value;
  for (let position = bit; position < end; ) {
    const low = position & 7;
    const take = Math.min(8 - low, end - position);
    const mask = (1 << take) - 1;
    const index = at + (position >>> 3);
    view.setUint8(index, (view.getUint8(index) & ~(mask << low)) | ((rest & mask) << low));
    rest = Math.floor(rest / (1 << take));
    position += take;
  }
}

/** Replaces `width` (33..64) bits; throws RangeError when `value` has more. */
export function writeWideBits(
  view: DataView,
  at: number,
  bit: number,
  width: number,
  value: bigint,
  name: string,
): void {
  checkBigUint(value, width, name);
  writeBits(view, at, bit, 32, Number(value & 0xffff_ffffn), name);
  writeBits(view, at, bit + 32, width - 32, Number(value >> 32n), name);
}

/** Returns a copy of `length` bytes at `at`. */
export function readBytes(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
}

/** Stores `value`; throws RangeError unless it has exactly `length` bytes. */
export function writeBytes(
  view: DataView,
  at: number,
  length: number,
  value: Uint8Array,
  name: string,
): void {
  if (value.length !== length) {
    throw new RangeError(`${name}: ${value.length} bytes instead of ${length}`);
  }
  new Uint8Array(view.buffer, view.byteOffset + at, length).set(value);
}

/** Reads `length` elements of `size` bytes each, one after another. */
export function readArray<T>(at: number, length: number, size: number, read: (at: number) => T): T[] {
  const values: T[] = [];
  for (let index = 0; index < length; index++) values.push(read(at + index * size));
  return values;
}

/** Writes `values` one after another; throws RangeError unless there are exactly `length`. */
export function writeArray<T>(
  at: number,
  length: number,
  size: number,
  values: readonly T[],
  name: string,
  write: (at: number, value: T) => void,
): void {
  if (values.length !== length) {
    throw new RangeError(`${name}: ${values.length} elements instead of ${length}`);
  }
  values.forEach((value, index) => {
    write(at + index * size, value);
  });
}

/** Returns `value` when it is an unsigned integer of at most `width` (1..32) bits, else throws RangeError. */
export function checkUint(value: number, width: number, name: string): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** width)
    throw unfit(value, 'an unsigned', width, name);
  return value;
}

/** Returns `value` when it is a signed integer of at most `width` (1..32) bits, else throws RangeError. */
export function checkSint(value: number, width: number, name: string): number {
  const limit = 2 ** (width - 1);
  if (!Number.isInteger(value) || value < -limit || value >= limit)
    throw unfit(value, 'a signed', width, name);
  return value;
}

/** Returns `value` when it is unsigned and has at most `width` bits, else throws RangeError. */
export function checkBigUint(value: bigint, width: number, name: string): bigint {
  if (typeof value !== 'bigint' || BigInt.asUintN(width, value) !== value) {
    throw unfit(value, 'an unsigned', width, name);
  }
  return value;
}

/** Returns `value` when it fits `width` bits in two's complement, else throws RangeError. */
export function checkBigSint(value: bigint, width: number, name: string): bigint {
  if (typeof value !== 'bigint' || BigInt.asIntN(width, value) !== value) {
    throw unfit(value, 'a signed', width, name);
  }
  return value;
}

function unfit(value: unknown, sign: string, width: number, name: string): RangeError {
  return new RangeError(`${name}: ${String(value)} is not ${sign} integer of ${width} bits`);
}

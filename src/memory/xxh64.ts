/** XXH64 of a stream of bytes (xxHash specification), with seed 0, as Zstandard frames end with. */
export interface Xxh64 {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The low 32 bits of the hash of all bytes so far. */
  low32(): number;
}

/** The specification's five primes, as high and low halves. */
const P1 = [0x9e3779b1, 0x85ebca87] as const;
const P2 = [0xc2b2ae3d, 0x27d4eb4f] as const;
const P3 = [0x165667b1, 0x9e3779f9] as const;
const P4 = [0x85ebca77, 0xc2b2ae63] as const;
const P5 = [0x27d4eb2f, 0x165667c5] as const;
const MASK = 0xffff_ffff_ffff_ffffn;
const STRIPE = 32;

/** Starts a hash; 64-bit arithmetic is done on halves, for a BigInt a word would be many times slower. */
export function createXxh64(): Xxh64 {
  // Accumulators as low and high halves, alternately.
  const state = new Int32Array(8);
  start(state);
  const held = new Uint8Array(STRIPE);
  let heldLength = 0;
  let total = 0;

  function update(bytes: Uint8Array): void {
    total += bytes.length;
    let at = 0;
    if (heldLength > 0) {
      at = Math.min(STRIPE - heldLength, bytes.length);
      held.set(bytes.subarray(0, at), heldLength);
      heldLength += at;
      if (heldLength < STRIPE) return;
      consume(state, held, 0, STRIPE);
      heldLength = 0;
    }
    const whole = at + Math.floor((bytes.length - at) / STRIPE) * STRIPE;
    consume(state, bytes, at, whole);
    held.set(bytes.subarray(whole));
    heldLength = bytes.length - whole;
  }

  return { update, low32: () => finish(state, held.subarray(0, heldLength), total) };
}

function start(state: Int32Array): void {
  const first = big(P1) + big(P2);
  [first, big(P2), 0n, -big(P1)].forEach((value, i) => {
    state[2 * i] = Number(BigInt.asIntN(32, value));
    state[2 * i + 1] = Number(BigInt.asIntN(32, value >> 32n));
  });
}

/** Adds whole stripes: each lane becomes rotl(lane + word * P2, 31) * P1. */
function consume(state: Int32Array, bytes: Uint8Array, from: number, to: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let lane = 0; lane < 8; lane += 2) {
    let low = state[lane] ?? 0;
    let high = state[lane + 1] ?? 0;
    for (let at = from + lane * 4; at < to; at += STRIPE) {
      const wordLow = view.getInt32(at, true);
      const wordHigh = view.getInt32(at + 4, true);
      const productHigh =
        (mulHigh(wordLow, P2[1]) + Math.imul(wordLow, P2[0]) + Math.imul(wordHigh, P2[1])) | 0;
      const sum = (low >>> 0) + (Math.imul(wordLow, P2[1]) >>> 0);
      high = (high + productHigh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
      low = sum | 0;
      const rotatedLow = (low << 31) | (high >>> 1);
      const rotatedHigh = (high << 31) | (low >>> 1);
      high = (mulHigh(rotatedLow, P1[1]) + Math.imul(rotatedLow, P1[0]) + Math.imul(rotatedHigh, P1[1])) | 0;
      low = Math.imul(rotatedLow, P1[1]);
    }
    state[lane] = low;
    state[lane + 1] = high;
  }
}

/** The high half of the product of two unsigned 32-bit numbers. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000)) | 0;
}

/** The end of the hash: once a frame, so in BigInt. */
function finish(state: Int32Array, tail: Uint8Array, total: number): number {
  let hash: bigint;
  if (total >= STRIPE) {
    const lanes = [0, 1, 2, 3].map(
      (i) => (BigInt((state[2 * i + 1] ?? 0) >>> 0) << 32n) | BigInt((state[2 * i] ?? 0) >>> 0),
    );
    hash = [1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotate(lanes[i] ?? 0n, bits), 0n) & MASK;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * big(P1) + big(P4)) & MASK;
  } else {
    hash = big(P5);
  }
  hash = (hash + BigInt(total)) & MASK;
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let at = 0;
  for (; at + 8 <= tail.length; at += 8) {
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * big(P1) + big(P4)) & MASK;
  }
  if (at + 4 <= tail.length) {
    hash =
      (rotate((hash ^ (BigInt(view.getUint32(at, true)) * big(P1))) & MASK, 23n) * big(P2) + big(P3)) & MASK;
    at += 4;
  }
  for (; at < tail.length; at++) {
    hash = (rotate((hash ^ (BigInt(view.getUint8(at)) * big(P5))) & MASK, 11n) * big(P1)) & MASK;
  }
  hash = ((hash ^ (hash >> 33n)) * big(P2)) & MASK;
  hash = ((hash ^ (hash >> 29n)) * big(P3)) & MASK;
  return Number((hash ^ (hash >> 32n)) & 0xffff_ffffn);
}

function round(lane: bigint, word: bigint): bigint {
  return (rotate((lane + word * big(P2)) & MASK, 31n) * big(P1)) & MASK;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function big([high, low]: readonly [number, number]): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

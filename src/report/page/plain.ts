/** Values that JSON has no words for, as objects of one key each. */

/** What JSON can have. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

const HEX = /../g;

/** A value as JSON: numbers of 64 bits, bytes, columns and maps keep their kinds. Undefined keys are left out. */
export function toPlain(value: unknown): Plain {
  if (typeof value === 'bigint') return { $n: value < 0n ? `${value}` : `0x${value.toString(16)}` };
  if (value instanceof Uint8Array)
    return { $b: Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') };
  if (value instanceof Int32Array) return { $i: [...value] };
  if (value instanceof Map) return { $m: [...value].map(([key, own]) => [toPlain(key), toPlain(own)]) };
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value !== 'object' || value === null) return (value ?? null) as Plain;
  const out: { [key: string]: Plain } = {};
  for (const [key, own] of Object.entries(value)) if (own !== undefined) out[key] = toPlain(own);
  return out;
}

/** The value again; of text that {@link toPlain} did not write, whatever it says. */
export function fromPlain(plain: Plain): unknown {
  if (Array.isArray(plain)) return plain.map(fromPlain);
  if (typeof plain !== 'object' || plain === null) return plain;
  const { $n, $b, $i, $m } = plain as { readonly [key: string]: Plain };
  if (typeof $n === 'string') return BigInt($n);
  if (typeof $b === 'string')
    return Uint8Array.from($b.match(HEX) ?? [], (byte) => Number.parseInt(byte, 16));
  if (Array.isArray($i)) return Int32Array.from($i as number[]);
  if (Array.isArray($m))
    return new Map(($m as Plain[][]).map(([key = 0, own = 0]) => [fromPlain(key), fromPlain(own)]));
  return Object.fromEntries(Object.entries(plain).map(([key, own]) => [key, fromPlain(own)]));
}

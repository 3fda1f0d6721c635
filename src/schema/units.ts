/** Numbers as kernel people read them. */

/** `0x100031000`: lower case, no padding. */
export function hex(value: bigint | number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Bytes with a binary unit, exact where the unit divides it and with one decimal (marked `~`) where not. */
export function size(bytes: bigint | number): string {
  let value = BigInt(bytes);
  let unit = 0;
  while (unit < UNITS.length - 1 && value >= 1024n && value % 1024n === 0n) {
    value /= 1024n;
    unit++;
  }
  if (value < 10240n) return `${value} ${UNITS[unit]}`;
  let tenths = value * 10n;
  while (unit < UNITS.length - 1 && tenths >= 10240n) {
    tenths /= 1024n;
    unit++;
  }
  return `~${tenths / 10n}.${tenths % 10n} ${UNITS[unit]}`;
}

/** PCI `bus:slot.function` as lspci prints it. */
export function pciAddress(bus: number, devfn: number): string {
  return `${bus.toString(16).padStart(2, '0')}:${(devfn >> 3).toString(16).padStart(2, '0')}.${devfn & 7}`;
}

/** Names of the set bits joined by `|`; bits without a name as one hex number; `0` when none is set. */
export function flags(value: number, names: ReadonlyMap<number, string>): string {
  const parts: string[] = [];
  let rest = value >>> 0;
  for (const [bit, name] of names) {
    if ((rest & bit) === 0) continue;
    parts.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) parts.push(hex(rest));
  return parts.length === 0 ? '0' : parts.join('|');
}

/** `1 page`, `3 pages`; the one place where text for people counts things. */
export function counted(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count} ${BigInt(count) === 1n ? one : many}`;
}

/** Items that a line names of many. */
const NAMED = 16;

/** `a, b and 9 more`: what a dump may have a great many of, in a line. */
export function several(items: readonly string[], separator = ', '): string {
  const rest = items.length - NAMED;
  const named = items.slice(0, NAMED).join(separator);
  return rest > 0 ? `${named} and ${rest} more` : named;
}

/** `1,234,567`; toLocaleString says the same, but loads all it knows of languages first, which takes 20 ms. */
export function thousands(count: number | bigint): string {
  return `${count}`.replace(/\B(?=(?:[0-9]{3})+$)/g, ',');
}

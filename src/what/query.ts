/** Addresses as people and other commands write them. */
import { numberFromText } from '../schema/number-text.js';
import { type DeviceId, parseDeviceId } from '../vtd/device-id.js';

/** An I/O virtual address space: of a domain, or of a device. */
export type SpaceName =
  /** persistent_id of the 2024 series; address or attachment id of an IOMMU domain of LUO. */
  { readonly domain: bigint } | { readonly device: DeviceId };

/** What is asked about. */
export type Query =
  | { readonly kind: 'physical'; readonly text: string; readonly address: bigint }
  | { readonly kind: 'pfn'; readonly text: string; readonly pfn: bigint }
  | { readonly kind: 'iova'; readonly text: string; readonly space: SpaceName; readonly iova: bigint };

const LIMIT = 1n << 64n;

/** A number below 2^64. */
function numberOf(text: string): bigint | undefined {
  const value = numberFromText(text);
  return value !== undefined && value < LIMIT ? value : undefined;
}

/**
 * Reads `0x1000`, `4096`, `4K`, `pfn:1`, `DOMAIN@IOVA` or `[SSSS:]BB:DD.F@IOVA`.
 *
 * @returns what is wrong with it, in words, for any other text
 *
 * @example
 * ```ts
 * import { parseQuery } from 'kho-toolkit';
 *
 * const query = parseQuery('0000:00:03.0@0x200000');
 * console.log(typeof query === 'string' ? query : query.kind);
 * console.log(parseQuery('here'));
 * //=> iova
 * //=> "here" is not an address, e.g. 0x1000, pfn:0x1, 0x2228010@0x200000 (domain@IOVA) or 0000:00:03.0@0x200000 (device@IOVA)
 * ```
 */
export function parseQuery(text: string): Query | string {
  const at = text.lastIndexOf('@');
  if (at >= 0) return spaceQuery(text, text.slice(0, at), text.slice(at + 1));
  const frame = /^pfn:(.*)$/i.exec(text);
  if (frame !== null) {
    const pfn = numberOf(frame[1] ?? '');
    if (pfn === undefined) return `"${text}" is not a page frame, e.g. pfn:0x1000`;
    // Of the smallest page size: no address has more bits.
    return pfn < LIMIT >> 12n ? { kind: 'pfn', text, pfn } : `${text} is beyond 64 bits of address`;
  }
  const address = numberOf(text);
  if (address !== undefined) return { kind: 'physical', text, address };
  if (numberFromText(text) !== undefined) return `${text} does not fit 64 bits`;
  return `"${text}" is not an address, e.g. 0x1000, pfn:0x1, 0x2228010@0x200000 (domain@IOVA) or 0000:00:03.0@0x200000 (device@IOVA)`;
}

function spaceQuery(text: string, name: string, place: string): Query | string {
  const iova = numberOf(place);
  if (iova === undefined) return `"${text}": "${place}" is not an IOVA, e.g. 00:03.0@0x200000`;
  const domain = numberOf(name);
  if (domain !== undefined) return { kind: 'iova', text, space: { domain }, iova };
  const device = parseDeviceId(name);
  if (device !== undefined) return { kind: 'iova', text, space: { device }, iova };
  return `"${text}": "${name}" is neither a domain nor a device, e.g. 0x2228010@0x200000 or 0000:00:03.0@0x200000`;
}

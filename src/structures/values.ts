/** Numbers that have a form of their own for people and in JSON. */
import { functionText, parseDeviceId } from '../vtd/device-id.js';

/** A PCI function number as `bb:dd.f`; undefined for a number that is none. */
export function bdfText(bdf: number): string | undefined {
  return bdf > 0xffff ? undefined : functionText(bdf >> 8, bdf & 0xff);
}

/** The number of `bb:dd.f`; undefined for other text. */
export function parseBdf(text: string): number | undefined {
  const id = /^[0-9a-f]{2}:/i.test(text) ? parseDeviceId(text) : undefined;
  return id === undefined ? undefined : (id.bus << 8) | id.devfn;
}

/** `ssss:bb:dd.f`, as the kernel prints a device. */
export function pciText(segment: number, bdf: number): string {
  return `${segment.toString(16).padStart(4, '0')}:${bdfText(bdf) ?? `0x${bdf.toString(16)}`}`;
}

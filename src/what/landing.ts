/** Where an I/O virtual address leads. */
import { hex } from '../schema/units.js';
import { type DeviceId, deviceText } from '../vtd/device-id.js';
import { type TranslateRequest, translate } from '../vtd/walk/translate.js';

/** Where an I/O virtual address leads; in words why nowhere. */
export interface Landing {
  readonly address?: bigint;
  readonly why?: string;
  /** What was asked for is not there: the question itself is wrong. */
  readonly unknown?: true;
}

/** Translates through tables. The stages of a nested translation follow each other; the first is read through the second. */
export function follow(requests: readonly TranslateRequest[], iova: bigint): Landing {
  let at = iova;
  for (const request of requests) {
    const { result } = translate(request, at);
    if (result.kind !== 'mapped') return { why: unmappedText(result.kind, at) };
    at = result.address;
  }
  return { address: at };
}

function unmappedText(kind: string, iova: bigint): string {
  if (kind === 'unknown') return `the page tables for IOVA ${hex(iova)} are not in the dump`;
  if (kind === 'invalid') return `an entry for IOVA ${hex(iova)} has reserved bits set: hardware faults`;
  if (kind === 'beyond-width') return `IOVA ${hex(iova)} is beyond the width of the tables`;
  if (kind === 'unsupported-levels') return 'the tables have a depth that no walk has';
  return `IOVA ${hex(iova)} is not mapped`;
}

/** @param there the domains that there are, in words */
export function noDomain(id: bigint, there: string): Landing {
  return { why: `there is no domain ${hex(id)}${there}`, unknown: true };
}

/** @param units names of the units that were looked in; empty where there is none */
export function noDevice(device: DeviceId, units: string): Landing {
  const name = deviceText(device);
  return {
    why:
      units === ''
        ? `no table of the handover has the device ${name}; name its unit with --root or --regset`
        : `${name} has no page tables below ${units}`,
    unknown: true,
  };
}

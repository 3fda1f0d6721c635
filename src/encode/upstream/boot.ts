/** The way of an x86 boot to the tree: boot_params, the setup_data element of type 10, the scratch array. */
import type { AddressRange } from '../../abi/origin.js';
import { khoData, khoScratch } from '../../records/kho_root.js';
import { hex } from '../../schema/units.js';
import { bootParamsBytes, khoElementBytes } from '../boot-params.js';
import { type Json, jsonObjects, jsonWide, optionalWide } from './json.js';
import { recordBytes } from './lists.js';
import type { Place } from './place.js';

/**
 * Writes what `setupData` of a document says; parts of it without an address get one.
 *
 * @param json the document, for its `scratch`
 */
export function writeBoot(place: Place, setupData: Json, json: Json, fdtAddress: bigint): void {
  const address = (key: string, fresh: () => bigint): bigint =>
    optionalWide(setupData[key], `setupData.${key}`) ?? fresh();
  const regions = scratchRegions(json);
  const scratch = recordBytes(
    khoScratch,
    regions.map(({ start, end }) => ({ addr: start, size: end - start })),
  );
  const scratchAddr = address('scratchAddr', () => BigInt(place.pages(1)));
  const element = address('address', () => BigInt(place.pages(1)));
  const bootParams = address('bootParams', () => BigInt(place.pages(1)));
  const payload = khoElementBytes(0n, khoData, {
    fdtAddr: fdtAddress,
    fdtSize: address('fdtSize', () => BigInt(place.pageSize)),
    scratchAddr,
    scratchSize: address('scratchSize', () => BigInt(scratch.length)),
  });
  place.put(element, payload, `setup_data at ${hex(element)}`);
  place.put(scratchAddr, scratch, 'the scratch array');
  place.put(bootParams, bootParamsBytes(element), 'boot_params');
}

/** The scratch regions of a document. */
export function scratchRegions(json: Json): AddressRange[] {
  return jsonObjects(json.scratch, 'scratch').map(({ start, end }, i) => ({
    start: jsonWide(start, `scratch[${i}].start`),
    end: jsonWide(end, `scratch[${i}].end`),
  }));
}

/** The way of an x86 boot to the tree: boot_params, the setup_data element of type 10, the scratch array. */
import { SETUP_KEXEC_KHO } from '../../decode/boot-params.js';
import { BOOT_PARAMS, BOOT_PARAMS_SIZE, SETUP_DATA_SIZE, writeSetupData } from '../../records/kho.js';
import { KHO_DATA_SIZE, khoScratch, writeKhoData } from '../../records/kho_root.js';
import { hex } from '../../schema/units.js';
import { type Json, jsonObjects, jsonWide, optionalWide } from './json.js';
import { recordBytes } from './lists.js';
import type { Place } from './place.js';

/** boot_params.hdr.boot_flag and .header (Documentation/arch/x86/boot.rst). */
const BOOT_FLAG = 0xaa55;
const HEADER = new TextEncoder().encode('HdrS');

/**
 * Writes what `setupData` of a document says; parts of it without an address get one.
 *
 * @param json the document, for its `scratch`
 */
export function writeBoot(place: Place, setupData: Json, json: Json, fdtAddress: bigint): void {
  const address = (key: string, fresh: () => bigint): bigint =>
    optionalWide(setupData[key], `setupData.${key}`) ?? fresh();
  const regions = jsonObjects(json.scratch, 'scratch').map(({ start, end }, i) => {
    const addr = jsonWide(start, `scratch[${i}].start`);
    return { addr, size: jsonWide(end, `scratch[${i}].end`) - addr };
  });
  const scratch = recordBytes(khoScratch, regions);
  const scratchAddr = address('scratchAddr', () => place.page());
  const element = address('address', () => place.page());
  const bootParams = address('bootParams', () => place.page());
  const payload = new Uint8Array(SETUP_DATA_SIZE + KHO_DATA_SIZE);
  const view = new DataView(payload.buffer);
  writeSetupData(view, 0, { next: 0n, type: SETUP_KEXEC_KHO, len: KHO_DATA_SIZE });
  writeKhoData(view, SETUP_DATA_SIZE, {
    fdtAddr: fdtAddress,
    fdtSize: address('fdtSize', () => BigInt(place.pageSize)),
    scratchAddr,
    scratchSize: address('scratchSize', () => BigInt(scratch.length)),
  });
  const page = new Uint8Array(BOOT_PARAMS_SIZE);
  const params = new DataView(page.buffer);
  params.setUint16(BOOT_PARAMS.bootFlag, BOOT_FLAG, true);
  page.set(HEADER, BOOT_PARAMS.header);
  params.setBigUint64(BOOT_PARAMS.setupData, element, true);
  place.put(element, payload, `setup_data at ${hex(element)}`);
  place.put(scratchAddr, scratch, 'the scratch array');
  place.put(bootParams, page, 'boot_params');
}

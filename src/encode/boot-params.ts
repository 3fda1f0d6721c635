/** What leads an x86 kernel to the tree: a boot_params page, and elements of its setup_data list (boot protocol). */
import {
  BOOT_PARAMS_SIZE,
  BootParamsBootFlag,
  BootParamsHeader,
  readBootParams,
  SETUP_DATA_SIZE,
  SetupDataType,
  writeBootParams,
  writeSetupData,
} from '../records/kho.js';
import type { RecordType } from '../schema/record.js';
import { recordBytes } from './upstream/lists.js';

/** A setup_data element of type 10 with its payload. */
export function khoElementBytes<T>(next: bigint, payload: RecordType<T>, data: T): Uint8Array {
  const bytes = recordBytes(payload, [data], SETUP_DATA_SIZE);
  const len = bytes.length - SETUP_DATA_SIZE;
  writeSetupData(new DataView(bytes.buffer), 0, { next, type: SetupDataType.kexecKho, len });
  return bytes;
}

/**
 * A boot_params page with nothing in it but what leads to a list of setup_data.
 *
 * @param setupData physical address of the first element
 */
export function bootParamsBytes(setupData: bigint): Uint8Array {
  const bytes = new Uint8Array(BOOT_PARAMS_SIZE);
  const view = new DataView(bytes.buffer);
  writeBootParams(view, 0, {
    ...readBootParams(view, 0),
    bootFlag: BootParamsBootFlag.bootFlag,
    header: BootParamsHeader.hdrs,
    setupData,
  });
  return bytes;
}

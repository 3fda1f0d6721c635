/**
 * The x86 boot protocol's way to a handover: boot_params.hdr.setup_data heads a list whose element of
 * type 10 (SETUP_KEXEC_KHO) carries the addresses (arch/x86/kernel/setup.c, add_kho).
 */
import type { BrokenList, SetupDataKho } from '../abi/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress, readBytes } from '../memory/read.js';
import { searchMemory } from '../memory/search.js';
import {
  BOOT_PARAMS,
  BootParamsBootFlag,
  KHO_DATA_RFC2024_SIZE,
  readKhoDataRfc2024,
  readSetupData,
  SETUP_DATA_SIZE,
  SetupDataType,
} from '../records/kho.js';
import { KHO_DATA, KHO_DATA_SIZE, readKhoData } from '../records/kho_root.js';
import { dataView } from './bytes.js';

/** setup_data.type of a handover (arch/x86/include/uapi/asm/setup_data.h). */
export const SETUP_KEXEC_KHO = SetupDataType.kexecKho;
/** Elements followed before a list counts as endless; real lists have fewer than ten. */
const MAX_ELEMENTS = 1024;
/**
 * Elements followed in one memory, so that a damaged one full of headers ends; real ones have a handful. Each may be in
 * another part of the file, so that its read costs a window: one more for so many bytes that the input has.
 */
const LEAST_STEPS = 1 << 15;
const BYTES_PER_STEP = 4096;

/** boot_params.hdr.header. */
export const SETUP_HEADER: Uint8Array = new TextEncoder().encode('HdrS');

/** A list that leads to a handover, and whether its head has the boot flag 0xAA55. */
export interface SetupDataList {
  readonly setupData: SetupDataKho;
  readonly flagged: boolean;
}

/**
 * Follows the list of a boot_params at the physical address of its `HdrS`; undefined when none leads to a handover. Of
 * boot_params with the boot flag it tells also where a list breaks off.
 */
export type SetupDataFollower = (header: number) => SetupDataList | BrokenList | undefined;

/**
 * Every boot_params in memory, at any byte address, whose list reaches an element of type 10, those with
 * the boot flag 0xAA55 first. The flag is not a condition: a loader that fills in only what the next kernel
 * reads leaves it 0 (the dumps of the 2024 series are like that), and a list that ends in a handover is
 * evidence enough. Reads all present memory once, in windows.
 */
export function findBootParams(memory: PhysicalMemory): SetupDataKho[] {
  const follow = setupDataFollower(memory);
  const found: SetupDataList[] = [];
  searchMemory(memory, [SETUP_HEADER], (_, address) => {
    const list = follow(address);
    if (list !== undefined && 'setupData' in list) found.push(list);
  });
  return flaggedFirst(found);
}

/** The elements, those of boot_params with the boot flag first. */
export function flaggedFirst(lists: readonly SetupDataList[]): SetupDataKho[] {
  return [...lists.filter(({ flagged }) => flagged), ...lists.filter(({ flagged }) => !flagged)].map(
    ({ setupData }) => setupData,
  );
}

/** A function that follows lists in this memory, in all not more elements than are in proportion to it. */
export function setupDataFollower(memory: PhysicalMemory): SetupDataFollower {
  const most = LEAST_STEPS + Math.floor((memory.budget?.real ?? 0) / BYTES_PER_STEP);
  let steps = 0;

  return (header) => {
    const bootParams = header - BOOT_PARAMS.header;
    if (bootParams < 0 || steps >= most) return undefined;
    steps++;
    const head = readBytes(memory, bootParams, BOOT_PARAMS.setupData + 8);
    if (head === undefined) return undefined;
    const view = dataView(head);
    const flagged = view.getUint16(BOOT_PARAMS.bootFlag, true) === BootParamsBootFlag.bootFlag;
    const broken = (at: bigint, ends: BrokenList['ends']): BrokenList | undefined =>
      flagged ? { bootParams: BigInt(bootParams), element: at, ends } : undefined;
    const seen = new Set<bigint>();
    let element = view.getBigUint64(BOOT_PARAMS.setupData, true);
    while (element !== 0n && seen.size < MAX_ELEMENTS && steps < most) {
      if (seen.has(element)) return broken(element, 'endless');
      steps++;
      seen.add(element);
      const bytes = readBytes(memory, element, SETUP_DATA_SIZE);
      if (bytes === undefined) {
        return broken(element, physicalAddress(element) === undefined ? 'impossible' : 'absent');
      }
      const { next, type, len } = readSetupData(dataView(bytes), 0);
      if (type === SETUP_KEXEC_KHO) {
        const setupData = khoElement(memory, BigInt(bootParams), element, len);
        return setupData === undefined ? broken(element, 'absent') : { setupData, flagged };
      }
      element = next;
    }
    return undefined;
  };
}

/** Reads the payload by its length, of any but the 2024 series' as that of 6.16 and later. */
function khoElement(
  memory: PhysicalMemory,
  bootParams: bigint,
  element: bigint,
  len: number,
): SetupDataKho | undefined {
  const payload = element + BigInt(SETUP_DATA_SIZE);
  if (len === KHO_DATA_RFC2024_SIZE) {
    const bytes = readBytes(memory, payload, len);
    if (bytes === undefined) return undefined;
    const rfc2024 = readKhoDataRfc2024(dataView(bytes), 0);
    return { bootParams, element, len, rfc2024, fdtAddress: rfc2024.dtAddr };
  }
  // The kernel reads its own structure whatever len says.
  const bytes = readBytes(memory, payload, KHO_DATA_SIZE);
  if (bytes !== undefined) {
    const khoData = readKhoData(dataView(bytes), 0);
    return { bootParams, element, len, khoData, fdtAddress: khoData.fdtAddr };
  }
  const first = readBytes(memory, payload, KHO_DATA.fdtSize);
  if (first === undefined) return undefined;
  return { bootParams, element, len, fdtAddress: dataView(first).getBigUint64(KHO_DATA.fdtAddr, true) };
}

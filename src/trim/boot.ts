/**
 * The x86 boot protocol's way to the handover: of boot_params the three fields that lead to the list, of the
 * list's elements the links, and of the element of type 10 its payload. Everything else there is private: the
 * command line, seeds, the machine's tables (arch/x86/include/uapi/asm/{bootparam,setup_data}.h).
 */
import type { Handover } from '../abi/model.js';
import { SETUP_HEADER, SETUP_KEXEC_KHO } from '../decode/boot-params.js';
import { dataView } from '../decode/bytes.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { readBytes } from '../memory/read.js';
import {
  BOOT_PARAMS,
  KHO_DATA_RFC2024_SIZE,
  readSetupData,
  SETUP_DATA,
  SETUP_DATA_SIZE,
} from '../records/kho.js';
import { KHO_DATA_SIZE } from '../records/kho_root.js';
import type { TrimParts } from './parts.js';

/** Elements followed, as many as decoding follows. */
const MAX_ELEMENTS = 1024;
/** A longer payload is not believed (the longest real ones are option ROMs): it would hide all that is after. */
const MAX_PAYLOAD = 1 << 20;
const ADDRESS = BigUint64Array.BYTES_PER_ELEMENT;
const BOOT_FLAG_SIZE = Uint16Array.BYTES_PER_ELEMENT;

/** Collects what leads to the tree, and marks the payload of every other element as secret. */
export function collectBoot({ setupData }: Handover, memory: PhysicalMemory, parts: TrimParts): void {
  if (setupData === undefined) return;
  const { bootParams, len } = setupData;
  const { boot, zeroed } = parts;
  boot.add(bootParams + BigInt(BOOT_PARAMS.bootFlag), BOOT_FLAG_SIZE);
  boot.add(bootParams + BigInt(BOOT_PARAMS.header), SETUP_HEADER.length);
  boot.add(bootParams + BigInt(BOOT_PARAMS.setupData), ADDRESS);
  zeroed.add(bootParams, BOOT_PARAMS.setupData + ADDRESS);
  collectList(memory, bootParams, setupData.element, parts);
  boot.add(setupData.element, SETUP_DATA_SIZE);
  // The kernel reads its own structure whatever len says.
  const payload = len === KHO_DATA_RFC2024_SIZE ? len : KHO_DATA_SIZE;
  boot.add(setupData.element + BigInt(SETUP_DATA_SIZE), payload);
}

/** The links up to the element of type 10; after it nothing is kept, but what is there stays secret. */
function collectList(memory: PhysicalMemory, bootParams: bigint, element: bigint, parts: TrimParts): void {
  const head = readBytes(memory, bootParams + BigInt(BOOT_PARAMS.setupData), ADDRESS);
  const seen = new Set<bigint>();
  let reached = false;
  let at = head === undefined ? 0n : dataView(head).getBigUint64(0, true);
  while (at !== 0n && !seen.has(at) && seen.size < MAX_ELEMENTS) {
    seen.add(at);
    const bytes = readBytes(memory, at, SETUP_DATA_SIZE);
    if (bytes === undefined) return;
    const { next, type, len } = readSetupData(dataView(bytes), 0);
    if (at === element) {
      reached = true;
    } else {
      if (type !== SETUP_KEXEC_KHO)
        parts.secret.add(at + BigInt(SETUP_DATA_SIZE), Math.min(len, MAX_PAYLOAD));
      if (!reached) {
        parts.boot.add(at + BigInt(SETUP_DATA.next), ADDRESS);
        parts.zeroed.add(at, SETUP_DATA_SIZE);
      }
    }
    at = next;
  }
}

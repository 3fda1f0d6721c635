/**
 * What the kexec loader has put into memory for the next kernel, as far as the entry tells (x86:
 * arch/x86/kernel/kexec-bzimage64.c; device tree: drivers/of/kexec.c). The kernel itself is not among it: bzImage64
 * leaves the header's addresses as the image has them, and KASLR moves the kernel afterwards.
 */
import type { ImagePart, SetupDataKho } from '../abi/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress, readBytes } from '../memory/read.js';
import { BOOT_PARAMS, BOOT_PARAMS_SIZE, readSetupData, SETUP_DATA_SIZE } from '../records/kho.js';
import { dataView } from './bytes.js';
import type { ChosenHandover } from './find-chosen.js';

/** Elements followed; real lists have fewer than ten. */
const MAX_ELEMENTS = 64;
/** Payloads believed; real ones are smaller. */
const MAX_PAYLOAD = 1 << 20;
/** The loader's elements are after boot_params and the command line, in one segment. */
const MAX_SEGMENT = 1n << 20n;

/** The parts that boot_params of an entry and its list name, each once. */
export function imageParts(memory: PhysicalMemory, entries: readonly SetupDataKho[]): ImagePart[] {
  const parts = new Map<string, ImagePart>();
  for (const entry of entries) {
    for (const part of entryParts(memory, entry)) {
      const key = `${part.what} ${part.start} ${part.end}`;
      if (!parts.has(key)) parts.set(key, part);
    }
  }
  return [...parts.values()];
}

function* entryParts(memory: PhysicalMemory, entry: SetupDataKho): Generator<ImagePart> {
  const { bootParams, khoData, element: own } = entry;
  // A kernel copies boot_params into its own data; the loader's is in front of its list.
  const copied = own < bootParams || own - bootParams > MAX_SEGMENT;
  yield {
    ...part('boot_params', bootParams, BigInt(BOOT_PARAMS_SIZE)),
    ...(copied ? { copied: true } : {}),
  };
  const bytes = readBytes(memory, bootParams, BOOT_PARAMS.setupData + 8);
  const view = bytes === undefined ? undefined : dataView(bytes);
  if (view !== undefined) yield* named(view, bootParams);
  const seen = new Set<bigint>();
  let at = view?.getBigUint64(BOOT_PARAMS.setupData, true) ?? own;
  while (at !== 0n && !seen.has(at) && seen.size < MAX_ELEMENTS) {
    seen.add(at);
    const head = readBytes(memory, at, SETUP_DATA_SIZE);
    if (head === undefined) break;
    const { next, type, len } = readSetupData(dataView(head), 0);
    const size = BigInt(SETUP_DATA_SIZE + Math.min(len, MAX_PAYLOAD));
    yield { ...part(`the setup_data element of type ${type}`, at, size), field: 'setup_data.next' };
    at = next;
  }
  if (khoData !== undefined && khoData.scratchSize > 0n) {
    const { scratchAddr, scratchSize } = khoData;
    yield { ...part('the scratch array', scratchAddr, scratchSize), field: 'kho_scratch.addr' };
  }
}

/**
 * Initrd and command line; of the latter the first byte, as nothing says where it ends. None where a value is not
 * an address: the running kernel gives the page of the loader's boot_params to others.
 */
function named(view: DataView, bootParams: bigint): ImagePart[] {
  const wide = (high: number, low: number): bigint =>
    (BigInt(view.getUint32(high, true)) << 32n) | BigInt(view.getUint32(low, true));
  const initrd = wide(BOOT_PARAMS.extRamdiskImage, BOOT_PARAMS.ramdiskImage);
  const size = wide(BOOT_PARAMS.extRamdiskSize, BOOT_PARAMS.ramdiskSize);
  const line = wide(BOOT_PARAMS.extCmdLinePtr, BOOT_PARAMS.cmdLinePtr);
  if ([initrd, size, initrd + size, line].some((value) => physicalAddress(value) === undefined)) return [];
  const place = (field: number) => ({ namedAt: bootParams + BigInt(field) });
  return [
    ...(initrd === 0n || size === 0n
      ? []
      : [{ ...part('the initrd', initrd, size), ...place(BOOT_PARAMS.ramdiskImage) }]),
    ...(line === 0n ? [] : [{ ...part('the command line', line, 1n), ...place(BOOT_PARAMS.cmdLinePtr) }]),
  ];
}

/** The parts that `/chosen` names. */
export function chosenParts({ property, scratch, initrd }: ChosenHandover): ImagePart[] {
  return [
    // In the 2024 series it is scratch itself that is named.
    ...(property === 'linux,kho-dt' || scratch.size === 0n
      ? []
      : [{ ...part('the scratch array', scratch.address, scratch.size), field: 'kho_scratch.addr' }]),
    ...(initrd === undefined ? [] : [part('the initrd', initrd.address, initrd.size)]),
  ];
}

function part(what: string, start: bigint, size: bigint): ImagePart {
  return { what, start, end: start + size };
}

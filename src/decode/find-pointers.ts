/**
 * Where a running kernel has its trees: it knows them by pointers in its own data (kernel/liveupdate/kexec_handover.c:
 * kho_out.fdt, kho_in.fdt_phys), so that only the image is searched, and no other memory.
 */
import { type DirectRange, directAddress, type PhysicalRange } from '../memory/elf/kcore.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { FDT_HEADER_SIZE } from '../records/fdt.js';
import { dataView } from './bytes.js';

/** What a devicetree blob begins with, as its bytes read in little-endian order. */
const MAGIC = 0xedfe0dd0;
const PAGE_MASK = 0xfff;
/**
 * Virtual addresses of kernels, by their upper 32 bits: the upper half, however many bits the machine has (the direct map
 * of x86 with five levels is from 0xff11000000000000 on, that of arm64 with 52 bits from 0xfff0000000000000).
 */
const KERNEL_HALF = 0x8000_0000;
const WINDOW = 1 << 20;
/** Pages looked at. */
const MAX_PAGES = 1 << 20;

/**
 * Pages that begin like a devicetree blob and that the image points to, by virtual or physical address.
 *
 * @param image where the kernel's text, data and bss are
 * @param direct what its pointers mean
 * @returns physical addresses, ascending
 */
export function blobsPointedTo(
  memory: PhysicalMemory,
  image: PhysicalRange,
  direct: readonly DirectRange[],
): readonly number[] {
  const pages = new Set<number>();
  const bytes = new Uint8Array(WINDOW);
  const words = new Uint32Array(bytes.buffer);
  for (let at = image.start; at < image.end; at += WINDOW) {
    const count = memory.read(at, Math.min(WINDOW, image.end - at), bytes) >> 3;
    for (let i = 0; i < count; i++) {
      const low = words[2 * i] ?? 0;
      const high = words[2 * i + 1] ?? 0;
      if ((low & PAGE_MASK) !== 0 || (low === 0 && high === 0) || pages.size >= MAX_PAGES) continue;
      const page =
        high >= KERNEL_HALF
          ? directAddress(direct, (BigInt(high) << 32n) | BigInt(low))
          : isRam(direct, high * 2 ** 32 + low);
      if (page !== undefined) pages.add(page);
    }
  }
  const head = new Uint8Array(FDT_HEADER_SIZE);
  const begins = (page: number) =>
    memory.read(page, head.length, head) === head.length && dataView(head).getUint32(0, true) === MAGIC;
  return [...pages].filter(begins).sort((a, b) => a - b);
}

function isRam(direct: readonly DirectRange[], address: number): number | undefined {
  return direct.some(({ start, end }) => address >= start && address < end) ? address : undefined;
}

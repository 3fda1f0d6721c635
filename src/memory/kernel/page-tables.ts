/** The kernel's own page tables, walked by software: virtual addresses → physical ones, from VMCOREINFO alone. */
import {
  ARM64_PAGE_ENTRY_SIZE,
  readArm64PageEntry,
  readX86PageEntry,
  X86_PAGE_ENTRY_SIZE,
} from '../../records/page_state.js';
import type { PhysicalMemory } from '../physical.js';
import { physicalAddress, readBytes } from '../read.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';

/** One stretch of virtual memory that the tables map to one of physical memory. */
export interface Mapping {
  readonly virtual: bigint;
  /** Physical byte address. */
  readonly physical: number;
  readonly size: number;
}

/** The tables of one kernel. */
export interface PageTables {
  readonly arch: 'x86-64' | 'arm64';
  /** Physical byte address of a virtual one; undefined where nothing is mapped or a table is not in the dump. */
  translate(virtual: bigint): number | undefined;
  /**
   * What is mapped in [start, end), ascending. Each table is read once, and at most `budget` entries are looked at, so
   * that damaged tables end.
   */
  mappings(start: bigint, end: bigint, budget: number): Iterable<Mapping>;
}

interface Shape {
  readonly arch: PageTables['arch'];
  /** Physical byte address of the top table. */
  readonly top: number;
  /** Bits of the address below each level's index, top first. */
  readonly shifts: readonly number[];
  /** Entries of a table. */
  readonly entries: number;
  /** Bits that are addresses: those above repeat the highest. */
  readonly width: number;
}

interface Entry {
  readonly kind: 'none' | 'table' | 'page';
  readonly address: number;
}

const ENTRY_SIZE = X86_PAGE_ENTRY_SIZE;
if (ENTRY_SIZE !== ARM64_PAGE_ENTRY_SIZE) throw new Error('page table entries have 8 bytes');
/** Where the kernel image is linked to be (__START_KERNEL_map; arch/x86/include/asm/page_64_types.h). */
const START_KERNEL_MAP = 0xffff_ffff_8000_0000n;
const ALL = (1n << 64n) - 1n;

/**
 * The tables of the kernel that wrote this VMCOREINFO.
 *
 * @returns undefined when it does not say where they are
 */
export function kernelPageTables(memory: PhysicalMemory, info: Vmcoreinfo): PageTables | undefined {
  const shape = x86Shape(info) ?? arm64Shape(info);
  return shape === undefined ? undefined : pageTables(memory, shape);
}

/** arch/x86/kernel/vmcore_info_64.c */
function x86Shape({ values }: Vmcoreinfo): Shape | undefined {
  const base = numberOf(values.get('NUMBER(phys_base)'));
  const directory =
    symbolOf(values.get('SYMBOL(swapper_pg_dir)')) ?? symbolOf(values.get('SYMBOL(init_top_pgt)'));
  if (base === undefined || directory === undefined) return undefined;
  const top = physicalAddress(directory - START_KERNEL_MAP + base);
  if (top === undefined) return undefined;
  const five = numberOf(values.get('NUMBER(pgtable_l5_enabled)')) === 1n;
  return {
    arch: 'x86-64',
    top,
    shifts: five ? [48, 39, 30, 21, 12] : [39, 30, 21, 12],
    entries: 512,
    width: five ? 57 : 48,
  };
}

/** arch/arm64/kernel/vmcore_info.c */
function arm64Shape({ values, pageSize }: Vmcoreinfo): Shape | undefined {
  const offset = numberOf(values.get('NUMBER(kimage_voffset)'));
  const directory = symbolOf(values.get('SYMBOL(swapper_pg_dir)'));
  if (offset === undefined || directory === undefined || pageSize === undefined) return undefined;
  const top = physicalAddress((directory - offset) & ALL);
  // T1SZ says what is in use, VA_BITS what the kernel was built for.
  const unused = numberOf(values.get('NUMBER(TCR_EL1_T1SZ)'));
  const width = Number(unused === undefined ? (numberOf(values.get('NUMBER(VA_BITS)')) ?? 0n) : 64n - unused);
  if (top === undefined || !(width >= 36 && width <= 52)) return undefined;
  const page = Math.log2(pageSize);
  const index = page - Math.log2(ENTRY_SIZE);
  const shifts: number[] = [];
  for (let shift = page; shift < width; shift += index) shifts.unshift(shift);
  return { arch: 'arm64', top, shifts, entries: 2 ** index, width };
}

function pageTables(memory: PhysicalMemory, shape: Shape): PageTables {
  const { arch, top, shifts, entries, width } = shape;
  const read = arch === 'x86-64' ? x86Entry : arm64Entry;
  const canonical = (virtual: bigint) => BigInt.asUintN(64, BigInt.asIntN(width, virtual));
  const indexAt = (virtual: bigint, shift: number) =>
    Number((virtual >> BigInt(shift)) & BigInt(entries - 1));

  function translate(virtual: bigint): number | undefined {
    if (canonical(virtual) !== virtual) return undefined;
    let table = top;
    for (const shift of shifts) {
      const bytes = readBytes(memory, table + indexAt(virtual, shift) * ENTRY_SIZE, ENTRY_SIZE);
      if (bytes === undefined) return undefined;
      const { kind, address } = read(new DataView(bytes.buffer), 0, shift, shifts.at(-1) ?? 0);
      if (kind === 'none') return undefined;
      if (kind === 'page') {
        const inside = Number(virtual & ((1n << BigInt(shift)) - 1n));
        return address - (address % 2 ** shift) + inside;
      }
      table = address;
    }
    return undefined;
  }

  function* mappings(start: bigint, end: bigint, budget: number): Generator<Mapping> {
    const seen = new Set<number>();
    // Tables still to be read, the next one last: a level of them at most.
    const open: { table: number; level: number; base: bigint }[] = [{ table: top, level: 0, base: 0n }];
    let left = budget;
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { table, level, base } = next;
      const shift = shifts[level];
      if (shift === undefined || seen.has(table)) continue;
      seen.add(table);
      const below: typeof open = [];
      for (let i = 0; i < entries; i++) {
        const low = base | (BigInt(i) << BigInt(shift));
        const virtual = canonical(low);
        if (virtual + (1n << BigInt(shift)) <= start || virtual >= end) continue;
        if (left-- <= 0) return;
        const bytes = readBytes(memory, table + i * ENTRY_SIZE, ENTRY_SIZE);
        if (bytes === undefined) continue;
        const { kind, address } = read(new DataView(bytes.buffer), 0, shift, shifts.at(-1) ?? 0);
        if (kind === 'table') below.push({ table: address, level: level + 1, base: low });
        else if (kind === 'page') {
          const size = 2 ** shift;
          yield { virtual, physical: address - (address % size), size };
        }
      }
      open.push(...below.reverse());
    }
  }

  return { arch, translate, mappings };
}

function x86Entry(view: DataView, at: number, shift: number, last: number): Entry {
  const { present, pageSize, address } = readX86PageEntry(view, at);
  if (present === 0) return { kind: 'none', address: 0 };
  // Levels above 1 GiB have no pages.
  const isPage = shift === last || (pageSize === 1 && shift <= 30);
  return { kind: isPage ? 'page' : 'table', address: Number(address) * 4096 };
}

function arm64Entry(view: DataView, at: number, shift: number, last: number): Entry {
  const { valid, table, address } = readArm64PageEntry(view, at);
  if (valid === 0) return { kind: 'none', address: 0 };
  const isPage = shift === last || table === 0;
  // With pages of 64 KiB the lowest four bits of the field are bits 51:48 of the address (FEAT_LPA).
  const frame = Number(address);
  const bytes = last === 16 ? (frame - (frame % 16)) * 4096 + (frame % 16) * 2 ** 48 : frame * 4096;
  return { kind: isPage ? 'page' : 'table', address: bytes };
}

/** `NUMBER(…)`: decimal, or hexadecimal with 0x; negative ones as 64 bits. */
export function numberOf(text: string | undefined): bigint | undefined {
  return text !== undefined && /^(?:-?[0-9]{1,20}|0x[0-9a-f]{1,16})$/i.test(text)
    ? BigInt.asUintN(64, BigInt(text))
    : undefined;
}

/** `SYMBOL(…)`: hexadecimal without a prefix. */
export function symbolOf(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[0-9a-f]{1,16}$/i.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** The marks that a kernel puts into struct page of the blocks that it was handed, until it has restored them. */
import { KHO_PAGE_INFO_SIZE, KhoPageMagic, readKhoPageInfo } from '../../records/page_state.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../physical.js';
import { readBytes } from '../read.js';
import type { Vmcoreinfo } from '../vmcoreinfo.js';
import { kernelPageTables, numberOf, type PageTables, symbolOf } from './page-tables.js';

/** Blocks that still have their mark. */
export interface MarkedBlocks {
  /** Physical byte address of each, ascending. */
  readonly addresses: Float64Array;
  readonly orders: Uint8Array;
  /** Pages of struct page that the dump does not have, so that there may be more blocks. */
  readonly unread: number;
}

/** struct page of one kernel. */
export interface PageMarks {
  /** Bytes of a page. */
  readonly pageSize: number;
  /**
   * Order of the marked block whose first page is at a physical byte address; undefined where there is no mark.
   * `absent` when struct page is not in the dump.
   */
  orderAt(address: number): number | undefined | 'absent';
  /** Every mark; reads all of struct page that the dump has. */
  blocks(): MarkedBlocks;
}

interface Layout {
  readonly tables: PageTables;
  /** Virtual address of the struct page of page frame 0. */
  readonly base: bigint;
  readonly pageSize: number;
  /** SIZE(page) and OFFSET(page.private), bytes. */
  readonly size: number;
  readonly offset: number;
}

/** Where struct page begins without randomisation (arch/x86/include/asm/pgtable_64_types.h). */
const VMEMMAP = { four: 0xffff_ea00_0000_0000n, five: 0xffd4_0000_0000_0000n };
/** struct page has 64 bytes, or 56 or 80 with other options. */
const MAX_STRUCT_PAGE = 256;
/** Bytes of struct page looked at together: what one table entry may map less of is a page. */
const WINDOW = 4096;
/** Entries of tables looked at, beside a few for each page that the dump holds. */
const MIN_BUDGET = 1 << 20;
/** Orders beyond this are not those of a block. */
const MAX_ORDER = 40;
/** Marks kept; those of a terabyte in single pages. */
const MAX_MARKS = 1 << 28;

/**
 * The marks in the memory of the kernel that wrote this VMCOREINFO.
 *
 * @returns undefined when it does not say where struct page is (6.16 and 6.17 have no mark that could be told)
 */
export function pageMarks(memory: PhysicalMemory, info: Vmcoreinfo): PageMarks | undefined {
  const layout = layoutOf(memory, info);
  if (layout === undefined) return undefined;
  const { tables, base, pageSize, size, offset } = layout;
  return {
    pageSize,
    orderAt(address) {
      const at = tables.translate(
        base + BigInt(Math.floor(address / pageSize)) * BigInt(size) + BigInt(offset),
      );
      const bytes = at === undefined ? undefined : readBytes(memory, at, KHO_PAGE_INFO_SIZE);
      return bytes === undefined ? 'absent' : markIn(new DataView(bytes.buffer), 0);
    },
    blocks: () => findMarks(memory, layout),
  };
}

function markIn(view: DataView, at: number): number | undefined {
  const { order, magic } = readKhoPageInfo(view, at);
  return magic === KhoPageMagic.khop && order <= MAX_ORDER ? order : undefined;
}

function layoutOf(memory: PhysicalMemory, info: Vmcoreinfo): Layout | undefined {
  const { values, pageSize } = info;
  const tables = kernelPageTables(memory, info);
  const size = Number(numberOf(values.get('SIZE(page)')) ?? 0n);
  const offset = Number(numberOf(values.get('OFFSET(page.private)')) ?? -1n);
  const fits = size > 0 && size <= MAX_STRUCT_PAGE && offset >= 0 && offset + KHO_PAGE_INFO_SIZE <= size;
  if (tables === undefined || pageSize === undefined || !fits) return undefined;
  const base = tables.arch === 'x86-64' ? x86Base(info) : arm64Base(info, pageSize, size);
  return base === undefined ? undefined : { tables, base, pageSize, size, offset };
}

function x86Base({ values }: Vmcoreinfo): bigint {
  const five = numberOf(values.get('NUMBER(pgtable_l5_enabled)')) === 1n;
  return symbolOf(values.get('SYMBOL(vmemmap)')) ?? (five ? VMEMMAP.five : VMEMMAP.four);
}

/** VMEMMAP_START is the struct page of the first page of memory (arch/arm64/include/asm/pgtable.h, vmemmap). */
function arm64Base({ values }: Vmcoreinfo, pageSize: number, size: number): bigint | undefined {
  const start = numberOf(values.get('NUMBER(VMEMMAP_START)'));
  const memory = numberOf(values.get('NUMBER(PHYS_OFFSET)'));
  if (start === undefined || memory === undefined) return undefined;
  return start - (BigInt.asIntN(64, memory) / BigInt(pageSize)) * BigInt(size);
}

function findMarks(memory: PhysicalMemory, { tables, base, pageSize, size, offset }: Layout): MarkedBlocks {
  let known = 0;
  for (const { start, end } of memory.known()) known += end - start;
  const budget = MIN_BUDGET + 4 * Math.ceil(known / pageSize);
  const limit = base + BigInt(Math.floor(PHYSICAL_LIMIT / pageSize)) * BigInt(size);
  const marks: { address: number; order: number }[] = [];
  const bytes = new Uint8Array(WINDOW + MAX_STRUCT_PAGE);
  const view = new DataView(bytes.buffer);
  let unread = 0;
  const start = base < 0n ? 0n : base;
  for (const { virtual, physical, size: mapped } of tables.mappings(start, limit, budget)) {
    for (let window = 0; window < mapped; window += WINDOW) {
      if (memory.read(physical + window, WINDOW, bytes) < WINDOW) {
        unread++;
        continue;
      }
      const from = Number(virtual - base) + window;
      // A struct page of another size than 64 bytes may straddle pages; its private seldom does, and is then left out.
      for (let frame = Math.max(0, Math.ceil((from - offset) / size)); ; frame++) {
        const at = frame * size + offset - from;
        if (at + KHO_PAGE_INFO_SIZE > WINDOW) break;
        const order = markIn(view, at);
        if (order === undefined || frame % 2 ** order !== 0 || marks.length >= MAX_MARKS) continue;
        marks.push({ address: frame * pageSize, order });
      }
    }
  }
  marks.sort((a, b) => a.address - b.address);
  return {
    addresses: Float64Array.from(marks, ({ address }) => address),
    orders: Uint8Array.from(marks, ({ order }) => order),
    unread,
  };
}

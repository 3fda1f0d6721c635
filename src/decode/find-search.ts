/** What one pass over memory brings up: lists that lead to a handover, trees, and the kernel's notes. */
import type { BrokenList } from '../abi/model.js';
import type { FdtTree } from '../fdt/parse.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { readBytes } from '../memory/read.js';
import { type Pattern, searchMemory } from '../memory/search.js';
import { VMCOREINFO_START, type Vmcoreinfo, vmcoreinfoAt } from '../memory/vmcoreinfo.js';
import {
  FDT_HEADER_SIZE,
  FDT_PROP_SIZE,
  FdtHeaderMagic,
  FdtToken,
  readFdtHeader,
  readFdtProp,
} from '../records/fdt.js';
import { BOOT_PARAMS } from '../records/kho.js';
import { SETUP_HEADER, type SetupDataList, setupDataFollower } from './boot-params.js';
import { dataView } from './bytes.js';
import { classify } from './classify.js';
import { parseOnce } from './parsed.js';

/** A blob in memory, parsed. */
export interface TreeInMemory {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly tree: FdtTree;
}

export interface MemorySearch {
  readonly lists: readonly SetupDataList[];
  /** Lists of boot_params with the boot flag that break off before one; of copies where there is nothing else. */
  readonly broken: readonly BrokenList[];
  /** Page-aligned handover trees that are complete. */
  readonly trees: readonly TreeInMemory[];
  /** Page-aligned trees that begin like a handover and break off. */
  readonly truncated: readonly TreeInMemory[];
  /** VMCOREINFO texts, with their physical addresses. */
  readonly vmcoreinfo: readonly { readonly address: bigint; readonly info: Vmcoreinfo }[];
}

/** FDT_MAGIC as the bytes are in memory, big-endian. */
const MAGIC = [24, 16, 8, 0].map((shift) => (FdtHeaderMagic.fdtMagic >>> shift) & 0xff);
/** A root tree larger than this is not believed (the 2024 series' dt_max defaults to 10 MiB). */
const MAX_TREE = 64 << 20;
/** The smallest page: trees begin where one does. */
const PAGE = 4096;
/** Bytes at the start of the structure block in which the root's `compatible` has to be. */
const ROOT_BYTES = 4096;
/** How the root's `compatible` begins. */
const COMPATIBLE = new TextEncoder().encode('kho-v');
/** Trees and texts kept; no real dump has more, and each costs memory. */
const MAX_TREES = 256;
const MAX_TEXTS = 64;
/** Lists kept that break off; the first is what is reported. */
const MAX_BROKEN = 16;
/** Texts looked at. */
const MAX_TEXT_READS = 4096;
/** Bytes of trees parsed in all: many large ones that overlap would cost the square of the memory. */
const MAX_PARSED = 512 << 20;

/** What {@link searchHandovers} looks for; trees begin where a page does. */
export const HANDOVER_PATTERNS: readonly Pattern[] = [
  SETUP_HEADER,
  VMCOREINFO_START,
  { bytes: Uint8Array.from(MAGIC), align: PAGE },
];

/** Reads all present memory once, in windows. */
export function searchHandovers(memory: PhysicalMemory): MemorySearch {
  const lists: SetupDataList[] = [];
  const broken: BrokenList[] = [];
  /** Those of copies: at places where no loader puts boot_params. */
  const brokenCopies: BrokenList[] = [];
  let atPage = false;
  const starts: number[] = [];
  const vmcoreinfo: { address: bigint; info: Vmcoreinfo }[] = [];
  const follow = setupDataFollower(memory);
  let textReads = 0;

  function onPattern(pattern: number, address: number): void {
    if (pattern === 2) starts.push(address);
    else if (pattern === 0) {
      // kexec_add_buffer (kernel/kexec_file.c) aligns boot_params to a page; user space that has read
      // /sys/kernel/boot_params/data leaves copies anywhere, which it then overwrites.
      const aligned = (address - BOOT_PARAMS.header) % PAGE === 0;
      atPage ||= aligned;
      const list = follow(address);
      if (list === undefined) return;
      const among = aligned ? broken : brokenCopies;
      if ('setupData' in list) lists.push(list);
      else if (among.length < MAX_BROKEN) among.push(list);
    } else if (vmcoreinfo.length < MAX_TEXTS && textReads++ < MAX_TEXT_READS) {
      const info = vmcoreinfoAt(memory, address);
      if (info !== undefined) vmcoreinfo.push({ address: BigInt(address), info });
    }
  }

  searchMemory(memory, HANDOVER_PATTERNS, onPattern);
  return { lists, broken: atPage ? broken : brokenCopies, ...treesAt(memory, starts), vmcoreinfo };
}

/** The blob at an address as far as its header says and memory holds it; undefined when no header is there. */
export function readTree(memory: PhysicalMemory, address: bigint): Uint8Array | undefined {
  const totalsize = treeSize(memory, address);
  if (totalsize === undefined) return undefined;
  return readBytes(memory, address, totalsize) ?? knownPrefix(memory, Number(address), totalsize);
}

/** Bytes that the header at an address claims for its blob; undefined where there is none that may be believed. */
export function treeSize(memory: PhysicalMemory, address: bigint): number | undefined {
  const head = readBytes(memory, address, FDT_HEADER_SIZE);
  if (head === undefined || !MAGIC.every((byte, i) => head[i] === byte)) return undefined;
  const { totalsize } = readFdtHeader(dataView(head), 0);
  return totalsize < FDT_HEADER_SIZE || totalsize > MAX_TREE ? undefined : totalsize;
}

/** The bytes from an address on, up to the first that memory does not hold. */
export function knownPrefix(memory: PhysicalMemory, address: number, length: number): Uint8Array {
  let known = 0;
  for (const run of memory.runs(address, address + length)) {
    if (run.state === 'absent') break;
    known = run.end - address;
  }
  const bytes = new Uint8Array(known);
  memory.read(address, known, bytes);
  return bytes;
}

function treesAt(
  memory: PhysicalMemory,
  starts: readonly number[],
): { trees: TreeInMemory[]; truncated: TreeInMemory[] } {
  const trees: TreeInMemory[] = [];
  const truncated: TreeInMemory[] = [];
  let parsed = 0;
  for (const start of starts) {
    const address = BigInt(start);
    if (!beginsLikeHandover(memory, address)) continue;
    parsed += treeSize(memory, address) ?? 0;
    if (memory.budget?.take('held', 4 * (treeSize(memory, address) ?? 0)) === false) break;
    if (parsed > MAX_PARSED || trees.length + truncated.length >= MAX_TREES) break;
    const bytes = readTree(memory, address);
    if (bytes === undefined) continue;
    const found = { address, bytes, tree: parseOnce(bytes) };
    if (!found.tree.complete) truncated.push(found);
    else if (classify(found.tree).kind === 'handover') trees.push(found);
  }
  return { trees, truncated };
}

/**
 * Whether a property of the root node has a value that begins with `kho-v`. Names are not looked at: of a
 * truncated copy they are lost, as they are at the end.
 */
function beginsLikeHandover(memory: PhysicalMemory, address: bigint): boolean {
  const head = readBytes(memory, address, FDT_HEADER_SIZE);
  if (head === undefined) return false;
  const { offDtStruct } = readFdtHeader(dataView(head), 0);
  const bytes = new Uint8Array(ROOT_BYTES);
  const view = dataView(bytes);
  const known = memory.read(Number(address) + offDtStruct, ROOT_BYTES, bytes);
  let at = 0;
  for (let tokens = 0; at + 4 <= known; tokens++) {
    const token = view.getUint32(at);
    at += 4;
    if (token === FdtToken.beginNode && tokens === 0) {
      // The root's name is empty: its NUL, and padding.
      at += 4;
    } else if (token === FdtToken.prop && at + FDT_PROP_SIZE <= known) {
      const { len } = readFdtProp(view, at);
      at += FDT_PROP_SIZE;
      if (at + COMPATIBLE.length <= known && COMPATIBLE.every((byte, i) => bytes[at + i] === byte))
        return true;
      at += Math.ceil(len / 4) * 4;
    } else if (token !== FdtToken.nop) {
      return false;
    }
  }
  return false;
}

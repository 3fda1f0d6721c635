/** The .BTF section of an ELF file such as vmlinux, found without reading the file as a whole. */
import type { RandomAccess } from '../memory/random-access.js';
import {
  ELF64_EHDR_SIZE,
  ELF64_SHDR_SIZE,
  type Elf64Shdr,
  ElfClass,
  ElfData,
  readElf64Ehdr,
  readElf64Shdr,
} from '../records/elf.js';

/** Type data of a kernel has some 10 MiB; more than this is not read. */
export const MAX_BTF = 1 << 28;
/** Section headers looked at. */
const MAX_SECTIONS = 1 << 16;
const NAME = '.BTF\0';

/**
 * Reads the section.
 *
 * @returns its bytes, or why there are none, in words
 */
export function readBtfSection(file: RandomAccess): Uint8Array | string {
  const head = readAt(file, 0, ELF64_EHDR_SIZE);
  if (head === undefined) return 'ends within the ELF header';
  const { eiClass, eiData, eShoff, eShnum, eShstrndx, eShentsize } = readElf64Ehdr(viewOf(head), 0);
  if (eiClass !== ElfClass.class64 || eiData !== ElfData.lsb) return 'is not a 64-bit little-endian ELF file';
  if (eShoff === 0n || eShentsize !== ELF64_SHDR_SIZE) return 'is an ELF file without section headers';
  const start = Number(eShoff);
  const section = (index: number): Elf64Shdr | undefined => {
    const bytes = readAt(file, start + index * ELF64_SHDR_SIZE, ELF64_SHDR_SIZE);
    return bytes === undefined ? undefined : readElf64Shdr(viewOf(bytes), 0);
  };
  // With 65,280 sections and more the number is in section 0; no kernel has as many.
  const strings = section(eShstrndx);
  if (strings === undefined) return 'has no section names';
  for (let index = 0; index < Math.min(eShnum, MAX_SECTIONS); index++) {
    const header = section(index);
    if (header === undefined) break;
    const name = readAt(file, Number(strings.shOffset) + header.shName, NAME.length);
    if (name === undefined || String.fromCharCode(...name) !== NAME) continue;
    if (header.shSize > BigInt(MAX_BTF))
      return `has a .BTF section of ${header.shSize} bytes, which is implausible`;
    return readAt(file, Number(header.shOffset), Number(header.shSize)) ?? 'ends within its .BTF section';
  }
  return 'has no .BTF section: the kernel was built without CONFIG_DEBUG_INFO_BTF, or stripped';
}

/** Exactly so many bytes; undefined when the file has not as many. */
function readAt(file: RandomAccess, offset: number, length: number): Uint8Array | undefined {
  if (!(offset >= 0 && offset + length <= file.size)) return undefined;
  const bytes = new Uint8Array(length);
  return file.readAt(offset, length, bytes) === length ? bytes : undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

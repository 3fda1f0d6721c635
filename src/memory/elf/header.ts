import {
  ELF64_EHDR_SIZE,
  ELF64_PHDR_SIZE,
  ELF64_SHDR_SIZE,
  type Elf64Ehdr,
  ElfClass,
  ElfData,
  ElfMachine,
  ElfMag,
  ElfPhnum,
  ElfType,
  readElf64Ehdr,
  readElf64Shdr,
} from '../../records/elf.js';
import type { DiagnosticSink } from '../diagnostics.js';
import type { RandomAccess } from '../random-access.js';

/** The architectures whose memory the toolkit reads. */
export type Machine = 'x86-64' | 'arm64';

/** Where the program headers of a core are. */
export interface ElfLayout {
  readonly machine: Machine;
  /** File offset of the first program header. */
  readonly phoff: number;
  /** Program headers that are there, which may be fewer than the header says. */
  readonly phnum: number;
}

/** Far above the 65,535 of any core seen; bounds what a bad count costs (56 MiB of headers). */
const MAX_PROGRAM_HEADERS = 1 << 20;

const MACHINES: ReadonlyMap<number, Machine> = new Map([
  [ElfMachine.x8664, 'x86-64'],
  [ElfMachine.aarch64, 'arm64'],
]);

const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [ElfType.rel, 'an object file (ET_REL)'],
  [ElfType.exec, 'a program (ET_EXEC)'],
  [ElfType.dyn, 'a shared object (ET_DYN)'],
]);

/**
 * Whether a file that begins with these bytes says that it is ELF, of whatever kind.
 *
 * @param head its first bytes, four or more
 */
export function isElf(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  return new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true) === ElfMag.elf;
}

/**
 * Reads and checks the file header.
 *
 * @returns undefined, with a diagnostic that says why, when this is not a core of physical memory that
 *   the toolkit reads
 */
export function readElfLayout(file: RandomAccess, diagnostics: DiagnosticSink): ElfLayout | undefined {
  const bytes = new Uint8Array(ELF64_EHDR_SIZE);
  const length = file.readAt(0, ELF64_EHDR_SIZE, bytes);
  if (length < ELF64_EHDR_SIZE) {
    diagnostics.add('elf-header-truncated', `the file ends after ${length} bytes, within the ELF header`, 0);
    return undefined;
  }
  const header = readElf64Ehdr(new DataView(bytes.buffer), 0);
  const machine = checkHeader(header, diagnostics);
  if (machine === undefined) return undefined;
  const declared = declaredCount(file, header, diagnostics);
  if (declared === undefined) return undefined;
  const phoff = Number(header.ePhoff);
  return { machine, phoff, phnum: boundedCount(file, phoff, declared, diagnostics) };
}

function checkHeader(header: Elf64Ehdr, diagnostics: DiagnosticSink): Machine | undefined {
  if (header.eiMag !== ElfMag.elf) {
    diagnostics.add('elf-magic', 'the file does not begin with 7f 45 4c 46 (ELF)', 0);
    return undefined;
  }
  if (header.eiClass !== ElfClass.class64) {
    const kind = header.eiClass === ElfClass.class32 ? 'a 32-bit ELF file' : `of ELF class ${header.eiClass}`;
    diagnostics.add('elf-class', `the file is ${kind}; 64-bit cores are read`, 4);
    return undefined;
  }
  if (header.eiData !== ElfData.lsb) {
    const kind = header.eiData === ElfData.msb ? 'big-endian' : `of ELF data encoding ${header.eiData}`;
    diagnostics.add('elf-byte-order', `the file is ${kind}; little-endian cores are read`, 5);
    return undefined;
  }
  if (header.eType !== ElfType.core) {
    const kind = TYPE_NAMES.get(header.eType) ?? `of ELF type ${header.eType}`;
    diagnostics.add('elf-type', `the ELF file is ${kind}, not a core (ET_CORE)`);
    return undefined;
  }
  const machine = MACHINES.get(header.eMachine);
  if (machine === undefined) {
    diagnostics.add(
      'elf-machine',
      `the core is of ELF machine ${header.eMachine}; x86-64 (${ElfMachine.x8664}) and arm64 (${ElfMachine.aarch64}) are read`,
    );
    return undefined;
  }
  if (header.ePhentsize !== ELF64_PHDR_SIZE && header.ePhnum !== 0) {
    diagnostics.add(
      'elf-program-header-size',
      `e_phentsize is ${header.ePhentsize}; a 64-bit program header has ${ELF64_PHDR_SIZE} bytes`,
    );
    return undefined;
  }
  return machine;
}

/** The number of program headers, from section header 0 when it does not fit into e_phnum (PN_XNUM). */
function declaredCount(
  file: RandomAccess,
  header: Elf64Ehdr,
  diagnostics: DiagnosticSink,
): number | undefined {
  if (header.ePhnum !== ElfPhnum.xnum) return header.ePhnum;
  const shoff = Number(header.eShoff);
  const bytes = new Uint8Array(ELF64_SHDR_SIZE);
  if (
    header.eShnum === 0 ||
    header.eShentsize !== ELF64_SHDR_SIZE ||
    shoff === 0 ||
    shoff > file.size - ELF64_SHDR_SIZE ||
    file.readAt(shoff, ELF64_SHDR_SIZE, bytes) < ELF64_SHDR_SIZE
  ) {
    diagnostics.add(
      'elf-extended-count',
      'e_phnum is PN_XNUM, but section header 0 that holds it is missing',
    );
    return undefined;
  }
  return readElf64Shdr(new DataView(bytes.buffer), 0).shInfo;
}

function boundedCount(
  file: RandomAccess,
  phoff: number,
  declared: number,
  diagnostics: DiagnosticSink,
): number {
  const room = phoff < file.size ? Math.floor((file.size - phoff) / ELF64_PHDR_SIZE) : 0;
  if (room < declared) {
    diagnostics.add(
      'elf-program-headers-truncated',
      `the file ends after ${room} of ${declared} program headers`,
      Math.min(phoff, file.size),
    );
  }
  const count = Math.min(room, declared);
  if (count <= MAX_PROGRAM_HEADERS) return count;
  diagnostics.add(
    'elf-program-headers-too-many',
    `${declared} program headers; only the first ${MAX_PROGRAM_HEADERS} are read`,
    phoff,
  );
  return MAX_PROGRAM_HEADERS;
}

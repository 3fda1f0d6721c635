/** A copy of a host's /sys and /proc, made of a dump of a running kernel. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openMemory } from '../../src/memory/node/open-memory.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import {
  ELF64_EHDR_SIZE,
  ELF64_PHDR_SIZE,
  ElfClass,
  ElfData,
  ElfMachine,
  ElfMag,
  ElfSegment,
  ElfType,
  writeElf64Ehdr,
  writeElf64Phdr,
} from '../../src/records/elf.js';

/** Where x86-64 kernels without KASLR have their direct map and their image. */
const DIRECT = 0xffff888000000000n;
const IMAGE = 0xffffffff81000000n;
const PAGE = 4096;
/** A page that no fixture has. */
const IMAGE_PAGE = 0x7_0000_0000;

export interface FakeHost {
  /** Folder for its files. */
  readonly root: string;
  /** Core of the running kernel. */
  readonly core?: string;
  /** Copy of debugfs. */
  readonly debugfs?: string;
  /** Physical addresses that the kernel's image points to. */
  readonly pointers?: readonly bigint[];
  /** Payload of setup_data type 10. */
  readonly setupData?: Uint8Array;
}

export async function makeHost({ root, core, debugfs, pointers = [], setupData }: FakeHost): Promise<void> {
  put(root, '/proc/sys/kernel/osrelease', '7.3.4\n');
  put(
    root,
    '/boot/config-7.3.4',
    'CONFIG_KEXEC_HANDOVER=y\nCONFIG_NET=y\n# CONFIG_STRICT_DEVMEM is not set\n',
  );
  if (debugfs !== undefined) cpSync(debugfs, join(root, 'sys/kernel/debug/kho'), { recursive: true });
  if (setupData !== undefined) {
    put(root, '/sys/kernel/boot_params/data', new Uint8Array(PAGE));
    put(root, '/sys/kernel/boot_params/setup_data/0/type', '0x9\n');
    put(root, '/sys/kernel/boot_params/setup_data/0/data', 'SEED SEED SEED');
    put(root, '/sys/kernel/boot_params/setup_data/1/type', '0xa\n');
    put(root, '/sys/kernel/boot_params/setup_data/1/data', setupData);
  }
  if (core === undefined) return;
  const opened = await openMemory(core);
  try {
    put(root, '/proc/kcore', kcoreOf(opened.memory, pointers));
  } finally {
    opened.close();
  }
}

/** Writes one file of the host. */
export function put(root: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

interface Load {
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly bytes: Uint8Array;
}

/** In the form of fs/proc/kcore.c: the image, vmalloc without a physical address, the direct map. */
function kcoreOf(memory: PhysicalMemory, pointers: readonly bigint[]): Uint8Array {
  const image = new Uint8Array(PAGE);
  const view = new DataView(image.buffer);
  pointers.forEach((address, i) => {
    view.setBigUint64(64 + 8 * i, DIRECT + address, true);
  });
  const loads: Load[] = [
    { virtual: IMAGE, physical: BigInt(IMAGE_PAGE), bytes: image },
    { virtual: 0xffffc90000000000n, physical: 0xffffffffffffffffn, bytes: new Uint8Array(PAGE).fill(7) },
    {
      virtual: DIRECT + BigInt(IMAGE_PAGE - PAGE),
      physical: BigInt(IMAGE_PAGE - PAGE),
      bytes: Uint8Array.from([...new Uint8Array(PAGE), ...image, ...new Uint8Array(PAGE)]),
    },
  ];
  for (const { start, end } of memory.known()) {
    const bytes = new Uint8Array(end - start);
    memory.read(start, bytes.length, bytes);
    loads.push({ virtual: DIRECT + BigInt(start), physical: BigInt(start), bytes });
  }
  return elf(loads);
}

function elf(loads: readonly Load[]): Uint8Array {
  let offset = ELF64_EHDR_SIZE + loads.length * ELF64_PHDR_SIZE;
  const size = loads.reduce((sum, { bytes }) => sum + bytes.length, offset);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  writeElf64Ehdr(view, 0, {
    eiMag: ElfMag.elf,
    eiClass: ElfClass.class64,
    eiData: ElfData.lsb,
    eiVersion: 1,
    eiOsabi: 0,
    eiPad: new Uint8Array(8),
    eType: ElfType.core,
    eMachine: ElfMachine.x8664,
    eVersion: 1,
    eEntry: 0n,
    ePhoff: BigInt(ELF64_EHDR_SIZE),
    eShoff: 0n,
    eFlags: 0,
    eEhsize: ELF64_EHDR_SIZE,
    ePhentsize: ELF64_PHDR_SIZE,
    ePhnum: loads.length,
    eShentsize: 0,
    eShnum: 0,
    eShstrndx: 0,
  });
  loads.forEach(({ virtual, physical, bytes }, i) => {
    writeElf64Phdr(view, ELF64_EHDR_SIZE + i * ELF64_PHDR_SIZE, {
      pType: ElfSegment.load,
      pFlags: 7,
      pOffset: BigInt(offset),
      pVaddr: virtual,
      pPaddr: physical,
      pFilesz: BigInt(bytes.length),
      pMemsz: BigInt(bytes.length),
      pAlign: BigInt(PAGE),
    });
    file.set(bytes, offset);
    offset += bytes.length;
  });
  return file;
}

import { FdtHeaderMagic } from '../../records/fdt.js';
import { isElf } from '../elf/header.js';
import { isFlattened } from '../kdump/flattened.js';
import { isKdump } from '../kdump/header.js';

/** What a file is, by its first bytes. */
export type InputKind = 'elf' | 'kdump' | 'fdt' | 'unknown';

/** A compressed stream that wraps the input. */
export type Packing = 'gzip' | 'zstd';

/** How many first bytes the decisions need, and messages show. */
export const HEAD_SIZE = 16;

// Signatures of the wrappers: gzip with deflate (RFC 1952 section 2.3.1), a Zstandard frame and the
// sixteen kinds of skippable frame (RFC 8878 sections 3.1.1 and 3.1.2).
const GZIP = [0x1f, 0x8b, 0x08];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const ZSTD_SKIPPABLE = [0x2a, 0x4d, 0x18];

/** What a file with these first bytes is, once unpacked. */
export function recogniseKind(head: Uint8Array): InputKind {
  if (isElf(head)) return 'elf';
  if (isKdump(head) || isFlattened(head)) return 'kdump';
  return isFdt(head) ? 'fdt' : 'unknown';
}

/** The compression that these first bytes announce, if any. */
export function recognisePacking(head: Uint8Array): Packing | undefined {
  if (startsWith(head, 0, GZIP)) return 'gzip';
  if (startsWith(head, 0, ZSTD)) return 'zstd';
  if (((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head, 1, ZSTD_SKIPPABLE)) return 'zstd';
  return undefined;
}

function ascii(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

/** What people may well hand over, and what makes it readable. */
const FOREIGN: readonly { readonly signature: readonly number[]; readonly text: string }[] = [
  { signature: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], text: 'it is compressed with xz: unpack it with xz -d' },
  { signature: [0x42, 0x5a, 0x68], text: 'it is compressed with bzip2: unpack it with bzip2 -d' },
  { signature: [0x04, 0x22, 0x4d, 0x18], text: 'it is compressed with lz4: unpack it with lz4 -d' },
  // "EMiL": the header of each range (LiME's lime.h: magic, version, start, end).
  {
    signature: [0x45, 0x4d, 0x69, 0x4c],
    text: 'it is a LiME image: take it with format=padded, which --base 0 reads',
  },
  // "QEVM" (QEMU migration/savevm.h: QEMU_VM_FILE_MAGIC, big-endian).
  {
    signature: ascii('QEVM'),
    text: 'it is a migration stream of QEMU, the state of a machine: let QEMU load it with -incoming file:FILE -S, then dump-guest-memory FILE.elf in its monitor',
  },
  // libvirt src/qemu/qemu_saveimage.h: QEMU_SAVE_MAGIC; PARTIAL while it is being written.
  {
    signature: ascii('LibvirtQemudSave'),
    text: 'it is a save file of libvirt: virsh restore --paused FILE, then virsh dump --memory-only DOMAIN FILE.elf',
  },
  {
    signature: ascii('LibvirtQemudPart'),
    text: 'it is a save file of libvirt that was not finished; take virsh dump --memory-only DOMAIN FILE.elf',
  },
  // QEMU include/qemu/win_dump_defs.h: Signature and ValidDump.
  {
    signature: ascii('PAGEDU64'),
    text: 'it is a Windows crash dump: take it as an ELF core, dump-guest-memory FILE.elf without -w (virsh dump --memory-only --format elf)',
  },
  {
    signature: ascii('PAGEDUMP'),
    text: 'it is a Windows crash dump of a 32-bit machine: take it as an ELF core, dump-guest-memory FILE.elf without -w',
  },
  {
    signature: ascii('PK\x03\x04'),
    text: 'it is a zip archive: unpack it with unzip FILE -d FOLDER and name the folder',
  },
  { signature: ascii('PK\x05\x06'), text: 'it is an empty zip archive' },
  {
    signature: ascii('7z\xbc\xaf\x27\x1c'),
    text: 'it is a 7z archive: unpack it with 7z x FILE -oFOLDER and name the folder',
  },
  { signature: ascii('!<arch>\n'), text: 'it is an ar archive: unpack it with ar x FILE' },
  {
    signature: ascii('0707'),
    text: 'it is a cpio archive: unpack it with cpio -id < FILE and name the folder',
  },
];

/** What a file is that is known and not read, with the way out; undefined for any other. */
export function foreignFormat(head: Uint8Array): string | undefined {
  return FOREIGN.find(({ signature }) => startsWith(head, 0, signature))?.text;
}

/** The first bytes for a message, e.g. `7f 45 4c 46`, or what they say. */
export function describeHead(head: Uint8Array): string {
  if (head.length === 0) return 'it is empty';
  const foreign = foreignFormat(head);
  if (foreign !== undefined) return foreign;
  const bytes = Array.from(head.subarray(0, HEAD_SIZE), (byte) => byte.toString(16).padStart(2, '0'));
  return `it begins with ${bytes.join(' ')}`;
}

function isFdt(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  return new DataView(head.buffer, head.byteOffset, 4).getUint32(0) === FdtHeaderMagic.fdtMagic;
}

function startsWith(bytes: Uint8Array, from: number, signature: readonly number[]): boolean {
  return signature.every((value, i) => bytes[from + i] === value);
}

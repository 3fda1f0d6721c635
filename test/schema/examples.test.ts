import { describe, expect, it } from 'vitest';
import { readAgaw, readDevfn, readPgd } from '../../src/records/dmar_domain.js';
import { FDT_HEADER_SIZE, FdtHeaderMagic, FdtToken, readFdtHeader } from '../../src/records/fdt.js';
import {
  GUESTMEMFS_INODE_SIZE,
  GUESTMEMFS_SB_SIZE,
  readGuestmemfsInode,
  readGuestmemfsSb,
  writeGuestmemfsInode,
} from '../../src/records/guestmemfs.js';
import { readIommuProt, readIovaLen } from '../../src/records/iommufd.js';
import {
  BOOT_PARAMS,
  BOOT_PARAMS_SIZE,
  KHO_DATA_RFC2024_SIZE,
  KHO_MEM_SIZE,
  readKhoDataRfc2024,
  readKhoMem,
  readSetupData,
  SETUP_DATA_SIZE,
  SetupDataType,
  writeKhoMem,
} from '../../src/records/kho.js';
import { bytesToText, hexToBytes, textToBytes } from '../../src/schema/text.js';

/** The bytes that hexadecimal text with blanks stands for. */
function view(text: string): DataView {
  const bytes = hexToBytes(text.replaceAll(/\s/g, ''));
  if (bytes === undefined) throw new Error(`no hexadecimal digits: ${text}`);
  return new DataView(bytes.buffer);
}

// The values are those of the worked example of the RFC-era specification.
describe('worked example', () => {
  it('sizes', () => {
    expect([KHO_MEM_SIZE, SETUP_DATA_SIZE, KHO_DATA_RFC2024_SIZE]).toEqual([16, 16, 48]);
    expect([GUESTMEMFS_SB_SIZE, GUESTMEMFS_INODE_SIZE, BOOT_PARAMS_SIZE, FDT_HEADER_SIZE]).toEqual([
      40, 296, 4096, 40,
    ]);
    expect([BOOT_PARAMS.bootFlag, BOOT_PARAMS.header, BOOT_PARAMS.setupData]).toEqual([0x1fe, 0x202, 0x250]);
  });

  it('kho_mem: the NOINIT region and a mem cache whose entry lost the flag', () => {
    const fsMem = readKhoMem(view('0100000001000000 0000000100000000'), 0);
    expect(fsMem).toEqual({ addr: 0x100000001n, len: 0x1000000n });
    const cache = view(`0020341200000000 0020000000000000 0000351200000000 0030000000000000
      0000401200000000 0000300000000000 0000000001000000 0010000100000000`);
    expect([0, 16, 32, 48].map((at) => readKhoMem(cache, at))).toEqual([
      { addr: 0x12342000n, len: 0x2000n },
      { addr: 0x12350000n, len: 0x3000n },
      { addr: 0x12400000n, len: 0x300000n },
      { addr: 0x100000000n, len: 0x1001000n },
    ]);
    const written = new DataView(new ArrayBuffer(16));
    writeKhoMem(written, 0, fsMem);
    expect(written.getUint8(0)).toBe(1);
    expect(written.getUint8(11)).toBe(1);
  });

  it('setup_data element of type 10', () => {
    const element = view(`0000000000000000 0a000000 30000000 0000fe5f00000000 1104000000000000
      0000004000000000 0000002000000000 0000ff5f00000000 4000000000000000`);
    expect(readSetupData(element, 0)).toEqual({ next: 0n, type: SetupDataType.kexecKho, len: 48 });
    expect(readKhoDataRfc2024(element, SETUP_DATA_SIZE)).toEqual({
      dtAddr: 0x5ffe0000n,
      dtSize: 1041n,
      scratchAddr: 0x40000000n,
      scratchSize: 0x20000000n,
      memCacheAddr: 0x5fff0000n,
      memCacheSize: 64n,
    });
  });

  it('super block', () => {
    const block = view(
      '0300000000000000 0100000000000000 000040128088ffff 000060128088ffff 00000000 01 000000',
    );
    expect(readGuestmemfsSb(block, 0)).toEqual({
      nextFreeIno: 3n,
      allocatedInodes: 1n,
      inodes: 0xffff888012400000n,
      allocatorBitmap: 0xffff888012600000n,
      allocationLock: 0,
      serialised: 1,
      padding: new Uint8Array(3),
    });
  });

  it('inode of the file vm0', () => {
    const table = new Uint8Array(296);
    table.set(
      new Uint8Array(view('0100000000000000 0000000000000000 0000000000000000 766d300000000000').buffer),
    );
    table.set(new Uint8Array(view('001035128088ffff 02000000 01000000').buffer), 280);
    const inode = readGuestmemfsInode(new DataView(table.buffer), 0);
    expect(inode).toMatchObject({ flags: 1, siblingIno: 0n, childIno: 0n, numMappings: 2, longTermPins: 1 });
    expect(inode.mappings).toBe(0xffff888012351000n);
    expect(bytesToText(inode.filename)).toEqual({ text: 'vm0', terminated: true, exact: true });
    const written = new Uint8Array(296);
    writeGuestmemfsInode(new DataView(written.buffer), 0, { ...inode, filename: textToBytes('vm0', 255) });
    expect(written).toEqual(table);
  });

  it('tree header and property values', () => {
    const header = readFdtHeader(
      view(`d00dfeed 00000411 00000040 000003a4 00000030 00000011 00000010 00000000 0000006d 00000364`),
      0,
    );
    expect(header).toEqual({
      magic: FdtHeaderMagic.fdtMagic,
      totalsize: 1041,
      offDtStruct: 64,
      offDtStrings: 0x3a4,
      offMemRsvmap: 48,
      version: 17,
      lastCompVersion: 16,
      bootCpuidPhys: 0,
      sizeDtStrings: 0x6d,
      sizeDtStruct: 0x364,
    });
    expect(FdtToken).toEqual({ beginNode: 1, endNode: 2, prop: 3, nop: 4, end: 9 });
    expect(readPgd(view('0000341200000000'), 0)).toEqual({ value: 0x12340000n });
    expect(readAgaw(view('02000000'), 0)).toEqual({ value: 2 });
    expect(readDevfn(view('08'), 0)).toEqual({ value: 8 });
    expect(readIovaLen(view('0020200000000000'), 0)).toEqual({ value: 0x202000n });
    expect(readIommuProt(view('07000000'), 0)).toEqual({ value: 7 });
  });

  it('reads at odd offsets and never aliases the input', () => {
    const bytes = new Uint8Array(300);
    bytes[3 + 24] = 0x41;
    const inode = readGuestmemfsInode(new DataView(bytes.buffer, 1), 2);
    expect(inode.filename[0]).toBe(0x41);
    inode.filename[0] = 0x42;
    expect(bytes[27]).toBe(0x41);
  });
});

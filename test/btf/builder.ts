/** Type data of a made-up kernel, and an ELF file around it. */
import {
  BTF_ARRAY_SIZE,
  BTF_HEADER_SIZE,
  BTF_INT_SIZE,
  BTF_MEMBER_SIZE,
  BTF_TYPE_SIZE,
  BtfKind,
  BtfMagic,
  writeBtfArray,
  writeBtfHeader,
  writeBtfInt,
  writeBtfMember,
  writeBtfMemberBits,
  writeBtfType,
} from '../../src/records/btf.js';
import { ELF64_EHDR_SIZE, ELF64_SHDR_SIZE, writeElf64Ehdr, writeElf64Shdr } from '../../src/records/elf.js';
import { concat } from '../memory/bytes.js';

export interface Member {
  readonly name: string;
  readonly type: number;
  /** Bits. */
  readonly at: number;
  /** Width of a bit field; with one, all members have the form that has it. */
  readonly bits?: number;
}

/** Collects types; each method gives the number of the type that it adds. */
export function btfBuilder() {
  const types: Uint8Array[] = [];
  const text = new Map<string, number>([['', 0]]);
  let strings = '\0';

  function named(name: string): number {
    const known = text.get(name);
    if (known !== undefined) return known;
    const offset = strings.length;
    strings += `${name}\0`;
    text.set(name, offset);
    return offset;
  }

  function add(
    kind: number,
    name: string,
    sizeOrType: number,
    behind: Uint8Array,
    vlen = 0,
    kindFlag = 0,
  ): number {
    const head = new Uint8Array(BTF_TYPE_SIZE);
    writeBtfType(new DataView(head.buffer), 0, {
      nameOff: named(name),
      vlen,
      unused16: 0,
      kind,
      unused29: 0,
      kindFlag,
      sizeOrType,
    });
    types.push(concat(head, behind));
    return types.length;
  }

  return {
    int(name: string, bytes: number): number {
      const behind = new Uint8Array(BTF_INT_SIZE);
      writeBtfInt(new DataView(behind.buffer), 0, {
        bits: bytes * 8,
        unused8: 0,
        offset: 0,
        encoding: 0,
        unused28: 0,
      });
      return add(BtfKind.int, name, bytes, behind);
    },
    array(type: number, nelems: number): number {
      const behind = new Uint8Array(BTF_ARRAY_SIZE);
      writeBtfArray(new DataView(behind.buffer), 0, { type, indexType: type, nelems });
      return add(BtfKind.array, '', 0, behind);
    },
    refer(kind: number, name: string, type: number): number {
      return add(kind, name, type, new Uint8Array(0));
    },
    struct(name: string, bytes: number, members: readonly Member[], kind: number = BtfKind.struct): number {
      const behind = new Uint8Array(members.length * BTF_MEMBER_SIZE);
      const view = new DataView(behind.buffer);
      const isBits = members.some(({ bits }) => bits !== undefined);
      members.forEach(({ name: member, type, at, bits = 0 }, i) => {
        const nameOff = named(member);
        if (isBits)
          writeBtfMemberBits(view, i * BTF_MEMBER_SIZE, { nameOff, type, bitOffset: at, bitfieldSize: bits });
        else writeBtfMember(view, i * BTF_MEMBER_SIZE, { nameOff, type, offset: at });
      });
      return add(kind, name, bytes, behind, members.length, isBits ? 1 : 0);
    },
    /** A type of a kind that does not exist. */
    unknown(): number {
      return add(31, '', 0, new Uint8Array(0));
    },
    finish(): Uint8Array {
      const body = concat(...types);
      const encoded = new TextEncoder().encode(strings);
      const head = new Uint8Array(BTF_HEADER_SIZE);
      writeBtfHeader(new DataView(head.buffer), 0, {
        magic: BtfMagic.native,
        version: 1,
        flags: 0,
        hdrLen: BTF_HEADER_SIZE,
        typeOff: 0,
        typeLen: body.length,
        strOff: body.length,
        strLen: encoded.length,
      });
      return concat(head, body, encoded);
    },
  };
}

/** A vmlinux: an ELF file with the section .BTF among others. */
export function vmlinuxOf(btf: Uint8Array): Uint8Array {
  const names = new TextEncoder().encode('\0.text\0.BTF\0.BTF_ids\0.shstrtab\0');
  const at = (name: string): number => new TextDecoder().decode(names).indexOf(`\0${name}\0`) + 1;
  const sections = [
    { name: '', bytes: new Uint8Array(0) },
    { name: '.text', bytes: new Uint8Array(100) },
    { name: '.BTF_ids', bytes: new Uint8Array(8) },
    { name: '.BTF', bytes: btf },
    { name: '.shstrtab', bytes: names },
  ];
  const headers = new Uint8Array(sections.length * ELF64_SHDR_SIZE);
  let offset = ELF64_EHDR_SIZE;
  sections.forEach(({ name, bytes }, i) => {
    writeElf64Shdr(new DataView(headers.buffer), i * ELF64_SHDR_SIZE, {
      shName: name === '' ? 0 : at(name),
      shType: i === 0 ? 0 : 1,
      shFlags: 0n,
      shAddr: 0n,
      shOffset: BigInt(offset),
      shSize: BigInt(bytes.length),
      shLink: 0,
      shInfo: 0,
      shAddralign: 1n,
      shEntsize: 0n,
    });
    offset += bytes.length;
  });
  const head = new Uint8Array(ELF64_EHDR_SIZE);
  writeElf64Ehdr(new DataView(head.buffer), 0, {
    eiMag: 0x464c457f,
    eiClass: 2,
    eiData: 1,
    eiVersion: 1,
    eiOsabi: 0,
    eiPad: new Uint8Array(8),
    eType: 2,
    eMachine: 62,
    eVersion: 1,
    eEntry: 0n,
    ePhoff: 0n,
    eShoff: BigInt(offset),
    eFlags: 0,
    eEhsize: ELF64_EHDR_SIZE,
    ePhentsize: 0,
    ePhnum: 0,
    eShentsize: ELF64_SHDR_SIZE,
    eShnum: sections.length,
    eShstrndx: sections.length - 1,
  });
  return concat(head, ...sections.map(({ bytes }) => bytes), headers);
}

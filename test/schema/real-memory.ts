import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ELF64_PHDR_SIZE, readElf64Ehdr, readElf64Phdr } from '../../src/records/elf.js';

/** Unpacks a fixture; undefined names fail with the path. */
export function unpack(name: string): Uint8Array {
  const path = fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
  return new Uint8Array(gunzipSync(new Uint8Array(readFileSync(path))));
}

/** A view of `size` bytes of physical memory in an ELF core. */
export type Memory = (address: bigint, size: number) => DataView;

/** The memory of an ELF core fixture, no more than a test needs: every range must be in one segment. */
export function openMemory(name: string): Memory {
  const bytes = unpack(name);
  const view = new DataView(bytes.buffer);
  const { ePhoff, ePhnum } = readElf64Ehdr(view, 0);
  const segments = Array.from({ length: ePhnum }, (_, index) =>
    readElf64Phdr(view, Number(ePhoff) + index * ELF64_PHDR_SIZE),
  ).filter(({ pType }) => pType === 1);
  return (address, size) => {
    const end = address + BigInt(size);
    const segment = segments.find(({ pPaddr, pFilesz }) => pPaddr <= address && end <= pPaddr + pFilesz);
    if (segment === undefined) throw new Error(`0x${address.toString(16)} is not in ${name}`);
    return new DataView(bytes.buffer, Number(segment.pOffset + address - segment.pPaddr), size);
  };
}

/** The part of a truth file that is compared here. */
export interface Truth {
  readonly map: number;
  readonly page_size?: number;
  readonly subtrees: Readonly<Record<string, readonly [number, number]>>;
  readonly preserved: readonly (readonly [number, number])[];
  readonly luo?: {
    readonly number: number;
    readonly sessions: readonly {
      readonly name: string;
      readonly count: number;
      readonly files: readonly {
        readonly compatible: string;
        readonly token: number;
        readonly pos: number;
        readonly size: number;
        readonly seals: number;
        readonly nr_folios: number;
        readonly folios: readonly (readonly [number, number, number])[];
      }[];
    }[];
  };
}

/** First entry of a truth file. Numbers above 2^53 are not exact there. */
export function readTruth(name: string): Truth {
  const [truth] = JSON.parse(new TextDecoder().decode(unpack(name))) as Truth[];
  if (truth === undefined) throw new Error(`${name} is empty`);
  return truth;
}

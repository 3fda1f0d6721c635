/** Memory and LUO states written by hand, from the tables of the specification. */
import type { Diagnostic, Handover } from '../../src/abi/model.js';
import type { Luo } from '../../src/abi/upstream/model.js';
import { attachStructures } from '../../src/decode/structures/attach.js';
import { createReporter } from '../../src/decode/upstream/report.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { concat } from '../memory/bytes.js';

/** Little-endian fields, each a number of bytes and a value. */
export function le(...fields: readonly (readonly [size: number, value: bigint | number])[]): Uint8Array {
  const parts = fields.map(([size, value]) => {
    const bytes = new Uint8Array(size);
    for (let i = 0, rest = BigInt(value); i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
    return bytes;
  });
  return concat(...parts);
}

/** Fields of one size. */
export function words(size: number, ...values: readonly (bigint | number)[]): Uint8Array {
  return le(...values.map((value) => [size, value] as const));
}

/** Bytes at addresses, their pages filled up with zeros. */
export function memoryOf(parts: Readonly<Record<number, Uint8Array>>): PhysicalMemory {
  return segmentsMemory(
    Object.entries(parts).map(([address, part]) => {
      const bytes = new Uint8Array(Math.max(4096, Math.ceil(part.length / 4096) * 4096));
      bytes.set(part);
      return { address: Number(address), bytes };
    }),
    'a test',
  );
}

const text = (string: string): Uint8Array => {
  const bytes = new Uint8Array(48);
  bytes.set(new TextEncoder().encode(string));
  return bytes;
};

/** What LUO has: FLBs and the files of one session, by name and address of their data. */
export interface Holders {
  readonly flbs?: readonly (readonly [name: string, data: number | bigint])[];
  readonly files?: readonly (readonly [handler: string, data: number | bigint])[];
}

/** A handover whose LUO holds this. */
export function attached(
  parts: Readonly<Record<number, Uint8Array>>,
  { flbs = [], files = [] }: Holders,
): Handover & { readonly luo: Luo; readonly files: readonly (object & { draft?: { draft: string } })[] } {
  const memory = memoryOf(parts);
  const luo: Luo = {
    compatible: 'luo-v5',
    flbs: flbs.map(([name, data]) => ({ name: text(name), data: BigInt(data), count: 1n, origin: {} })),
    sessions: [
      {
        name: text('s'),
        count: BigInt(files.length),
        filesAddress: 0n,
        files: files.map(([handler, data], i) => ({
          compatible: text(handler),
          token: BigInt(i),
          data: BigInt(data),
          origin: {},
        })),
        origin: {},
      },
    ],
  };
  const diagnostics: Diagnostic[] = [];
  const missing: NonNullable<Handover['missing']>[number][] = [];
  const handover: Handover = {
    kind: 'handover',
    pageSize: 4096,
    diagnostics,
    missing,
    luo,
  } as unknown as Handover;
  const reporter = createReporter(diagnostics, memory, missing as never);
  attachStructures(handover, { memory, pageSize: 4096, reporter, claimed: new Set() });
  return { ...handover, luo, files: luo.sessions?.[0]?.files ?? [] };
}

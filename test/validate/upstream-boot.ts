/** boot_params and its setup_data list, as the x86 loader lays them out around the captured payload. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures } from '../fixtures.js';
import { type Patches, patch, u32, u64 } from './upstream-patches.js';

/** Addresses in scratch, where the loader puts segments, that no fixture uses. */
export const BOOT = { params: 0x1800_0000, element: 0x1800_1000, second: 0x1800_1100 } as const;

export interface BootOptions {
  readonly next?: number;
  /** A second element of type 10 after the first. */
  readonly second?: boolean;
  readonly len?: number;
  readonly fdtSize?: bigint;
  readonly scratchSize?: bigint;
}

/** @param dump a fixture, or a dump made of one, whose tree is then at `address` */
export function bootPages(
  dump: string,
  { next, second, len, fdtSize, scratchSize }: BootOptions,
  address?: bigint,
): Patches {
  const [fixture = dump] = dump.split(' as ');
  const payload = readFileSync(join(fixtures, fixture, 'setup_data-type10.bin'));
  if (address !== undefined && fixture !== dump) payload.writeBigUInt64LE(address, 0);
  const scratch = payload.readBigUInt64LE(16);
  return [
    ...u64(BOOT.element, next ?? (second === true ? BOOT.second : 0)),
    ...u32(BOOT.element + 8, 10),
    ...u32(BOOT.element + 12, len ?? payload.length),
    ...(fdtSize === undefined ? [] : u64(BOOT.element + 24, fdtSize)),
    ...(scratchSize === undefined ? [] : u64(BOOT.element + 40, scratchSize)),
    ...patch(BOOT.element + 16, payload),
    ...u64(BOOT.second, 0),
    ...u32(BOOT.second + 8, 10),
    ...u32(BOOT.second + 12, payload.length),
    ...patch(BOOT.second + 16, payload),
    ...patch(BOOT.params + 0x1fe, [0x55, 0xaa]),
    ...patch(BOOT.params + 0x202, [0x48, 0x64, 0x72, 0x53]),
    ...u64(BOOT.params + 0x250, BOOT.element),
    ...scratchArray(fixture, Number(scratch)),
    { address: BOOT.params, zeroLength: 8192 },
  ];
}

/** The regions as debugfs of the old kernel lists them. */
function scratchArray(dump: string, address: number): Patches {
  const lines = (name: string): bigint[] =>
    readFileSync(join(fixtures, dump, 'debugfs-out', name), 'utf8')
      .trim()
      .split('\n')
      .map(BigInt);
  const sizes = lines('scratch_len');
  return lines('scratch_phys').flatMap((start, i) => [
    ...u64(address + i * 16, start),
    ...u64(address + i * 16 + 8, sizes[i] ?? 0n),
  ]);
}

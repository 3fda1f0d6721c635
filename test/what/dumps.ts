/** The real dumps, opened as the command line opens them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Handover } from '../../src/abi/model.js';
import { withDumps } from '../../src/cli/load.js';
import { fixtures, rfcNames } from '../fixtures.js';

/** Cores of booted kernels, and folders of the 2024 series: paths below the fixtures. */
export const linuxDumps = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((name) => /linux-.*\.elf\.gz$/.test(name) && !name.includes('vtd'))
  .sort();
export const rfcDumps = rfcNames.map((name) => join('rfc-2024', name));

/** Hands the trees of a dump over, one by one, while it is open. */
export async function eachHandover(name: string, use: (handover: Handover) => void): Promise<void> {
  await withDumps(join(fixtures, name), {}, async (dumps) => {
    for (const { handover } of dumps) use(handover);
  });
}

/** One way or more to make each upstream rule fail, on a captured core. */
import type { Case } from './case.js';
import { BLOCK, REUSED, VMALLOC } from './lists.js';
import { LUO } from './luo.js';
import { CHUNKS, RADIX } from './map.js';
import { MEMFD } from './memfd.js';
import { RIDERS } from './riders.js';
import { ENTRY, ROOT, SCRATCH, WRITTEN } from './tree.js';

export type { Case, Dump } from './case.js';

export const CASES: readonly Case[] = [
  ...ENTRY,
  ...ROOT,
  ...WRITTEN,
  ...SCRATCH,
  ...CHUNKS,
  ...RADIX,
  ...REUSED,
  ...VMALLOC,
  ...BLOCK,
  ...RIDERS,
  ...LUO,
  ...MEMFD,
];

import { closeSync, openSync, writeSync } from 'node:fs';

/** Physical address of the first byte of a table file: the file is the memory from here on. */
export const TABLE_BASE = 0x1_0000_0000;

/** What a table file holds. */
export interface TableFile {
  readonly path: string;
  readonly leaves: number;
  /** Physical byte address of the top table (4 levels). */
  readonly root: number;
  readonly bytes: number;
}

/** Leaves lead to so many page frames, and to those from this one on: 128 GiB from 128 GiB on. */
export const TARGETS = 0x2000000;

const TABLE = 4096;
/** Entries written at a time: 4 MiB. */
const CHUNK = 512 * 1024;

/** Numbers without a pattern that a branch predictor could learn, the same in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/**
 * Writes a 4-level second-stage table that maps IOVAs from 0 on with 4 KiB pages: first all level-1 tables,
 * then levels 2 to 4.
 *
 * @param leaves a multiple of 512
 * @param longestRun physically contiguous stretches have 1 to this many pages
 */
export function writeTableFile(path: string, leaves: number, longestRun: number): TableFile {
  const fd = openSync(path, 'w');
  const next = randomNumbers(0x2545f491);
  const words = new Uint32Array(2 * CHUNK);
  let target = 0;
  let left = 0;
  for (let done = 0; done < leaves; ) {
    const count = Math.min(CHUNK, leaves - done);
    for (let i = 0; i < count; i++) {
      if (left === 0) {
        left = 1 + (next() % longestRun);
        target = next() % TARGETS;
      }
      const pfn = TARGETS + target;
      words[2 * i] = ((pfn & 0xfffff) << 12) | 3;
      words[2 * i + 1] = pfn >>> 20;
      target = (target + 1) % TARGETS;
      left--;
    }
    writeSync(fd, new Uint8Array(words.buffer, 0, 8 * count));
    done += count;
  }
  let first = TABLE_BASE;
  let tables = leaves / 512;
  let bytes = leaves * 8;
  for (let level = 2; level <= 4; level++) {
    const pages = Math.ceil(tables / 512);
    const page = new Uint32Array((pages * TABLE) / 4);
    for (let i = 0; i < tables; i++) {
      const address = first + i * TABLE;
      page[2 * i] = (address % 0x100000000) | 3;
      page[2 * i + 1] = Math.floor(address / 0x100000000);
    }
    writeSync(fd, new Uint8Array(page.buffer));
    first += tables * TABLE;
    tables = pages;
    bytes += pages * TABLE;
  }
  closeSync(fd);
  return { path, leaves, root: first, bytes };
}

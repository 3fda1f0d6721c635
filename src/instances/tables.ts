/** Page tables of one domain, and the memory that their leaves map. */

import { pagesOf, targetsOf } from '../vtd/walk/batch.js';
import type { EntryFormat } from '../vtd/walk/format.js';
import { mergeBatches } from '../vtd/walk/runs.js';
import type { TableVisit } from '../vtd/walk/state.js';
import { walkTable } from '../vtd/walk/walk.js';
import type { ReferenceContext } from './sink.js';

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
const PAGE = 4096;

/** Where a domain's tables begin. */
export interface TableTree {
  /** Physical address of the top table. */
  readonly root: bigint;
  readonly levels: number;
  readonly format: EntryFormat;
  readonly stage: 'first' | 'second';
  /** Whose they are, e.g. `domain 2`. */
  readonly owner: string;
  /** Address of the record that names them. */
  readonly element?: bigint;
}

/** One walk: a domain's tables, and what their leaves map. */
export function addTables(
  { sink, memory }: Pick<ReferenceContext, 'sink' | 'memory'>,
  { root, levels, format, stage, owner }: TableTree,
): void {
  if (sink.untranslated === true) return;
  const bytes = new Uint8Array(PAGE);
  const words = new Int32Array(bytes.buffer);
  const indices = new Uint16Array(PAGE / ENTRY);
  const onTable = ({ address, level, entryAddress, iova }: TableVisit): void => {
    const known = Math.floor(memory.read(address, PAGE, bytes) / ENTRY);
    let count = 0;
    for (let i = 0; i < known; i++) {
      const lo = (words[2 * i] ?? 0) & format.presentLo;
      const hi = (words[2 * i + 1] ?? 0) & format.presentHi;
      if ((lo | hi) !== 0) indices[count++] = i;
    }
    const present = indices.subarray(0, count);
    sink.table({ address, level, format, stage, owner, words, present, entryAddress, iova, root });
  };
  const listener = sink.mappedOnly === true ? {} : { onTable };
  const walk = walkTable({ memory, root, levels, format, ...listener });
  for (const batch of mergeBatches(walk.batches, format)) {
    sink.mapped?.(batch, root);
    if (sink.contents === undefined) continue;
    const targets = targetsOf(batch);
    const pages = pagesOf(batch);
    for (let i = 0; i < batch.length; i++) sink.contents((targets[i] ?? 0) * PAGE, (pages[i] ?? 0) * PAGE);
  }
}

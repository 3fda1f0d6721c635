/** Page tables of one domain, and the memory that their leaves map. */

import type { RecordType } from '../schema/record.js';
import { firstStageEntry } from '../vtd/first-stage.js';
import { secondStageEntry } from '../vtd/second-stage.js';
import { mergeBatches } from '../vtd/walk/runs.js';
import type { TableVisit } from '../vtd/walk/state.js';
import { walkTable } from '../vtd/walk/walk.js';
import type { TableTree } from './claim.js';
import type { ReferenceContext, TablePage } from './sink.js';

const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
const PAGE = 4096;

/**
 * One walk: a domain's tables, and what their leaves map.
 *
 * @param sharedTableBudget tables that are walked again for further addresses; as many as any walk does by default
 */
export function addTables(
  { sink, memory }: Pick<ReferenceContext, 'sink' | 'memory'>,
  { root, levels, format, stage, owner }: TableTree,
  sharedTableBudget?: number,
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
  const shared = sharedTableBudget === undefined ? {} : { sharedTableBudget };
  const walk = walkTable({ memory, root, levels, format, ...shared, ...listener });
  for (const batch of mergeBatches(walk.batches, format)) sink.mapped?.(batch, root);
}

/** How the n-th entry of a table is laid out; undefined where that is not known. */
export function entryRecord(
  { stage, level, format, words }: TablePage,
  nth: number,
): RecordType<unknown> | undefined {
  const leaf = level === 1 || (level <= 3 && ((words[2 * nth] ?? 0) & format.largeLo) !== 0);
  return (stage === 'first' ? firstStageEntry : secondStageEntry)(level, leaf);
}

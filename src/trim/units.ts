/**
 * The structures of remapping units, entry by entry: what is in the tables that the registers lead to, page tables
 * included, and never what these map.
 */
import type { PhysicalMemory } from '../memory/physical.js';
import type { TableTree } from '../references/claim.js';
import { type ReferenceSink, SILENT } from '../references/sink.js';
import { addTables } from '../references/tables.js';
import { unitTrees } from '../references/translation.js';
import { addDirectories, addUnit } from '../references/vtd.js';
import type { VtdSettings } from '../schema/settings.js';
import { rootPointer } from '../vtd/registers.js';
import { iovasOf, pagesOf, targetsOf } from '../vtd/walk/batch.js';
import {
  type ByteRanges,
  countBytes,
  createRangeCollector,
  type RangeCollector,
  touches,
  union,
  without,
} from './byte-ranges.js';
import type { TrimParts } from './parts.js';

/** A unit, and the one function of it that is wanted. */
export interface TrimUnit {
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
  readonly device?: { readonly bus: number; readonly devfn: number };
}

const PAGE = 4096;
const ENTRY = BigUint64Array.BYTES_PER_ELEMENT;
/** Tables that are walked again for their targets: these are the same, seen from other addresses. */
const SHARED_TABLES = 64;

/**
 * Keeps entries in use; the rest of their tables is zero, as it is where nothing was written. What is in memory that
 * devices reach is left out: a pointer that leads there leads to no table.
 *
 * @returns bytes of entries that were left out
 */
export function collectUnits(units: readonly TrimUnit[], memory: PhysicalMemory, parts: TrimParts): number {
  const records = createRangeCollector();
  const zeroed = createRangeCollector();
  const sink: ReferenceSink = {
    ...SILENT,
    record: ({ size = 0 }, address) => records.add(Number(address), size),
    page: ({ address, length }) => zeroed.add(address, length),
    table({ address, words, present }) {
      zeroed.add(address, words.byteLength);
      for (const i of present) records.add(address + i * ENTRY, ENTRY);
    },
  };
  const trees = new Map<string, TableTree>();
  for (const each of units) {
    const unit = { ...each, name: 'a unit' };
    zeroed.add(rootPointer(unit.rtaddr).address, PAGE);
    addUnit(sink, unit, undefined, memory, Number.POSITIVE_INFINITY);
    addDirectories(sink, unit, memory);
    for (const tree of unitTrees(unit, memory)) trees.set(`${tree.stage} ${tree.root} ${tree.levels}`, tree);
  }
  for (const tree of trees.values()) addTables({ sink, memory }, tree, 0);
  const entries = records.finish();
  const pages = zeroed.finish();
  const mapped = mappedAmong(union(entries, pages), trees.values(), memory);
  const kept = without(entries, mapped);
  addAll(parts.records, kept);
  addAll(parts.zeroed, without(pages, mapped));
  return countBytes(entries) - countBytes(kept);
}

function addAll(collector: RangeCollector, { starts, ends, count }: ByteRanges): void {
  for (let i = 0; i < count; i++) collector.add(starts[i] ?? 0, (ends[i] ?? 0) - (starts[i] ?? 0));
}

/**
 * What of `pages` second stages map to devices elsewhere than at its own address: memory of a guest or of a driver, in
 * which a pointer that leads there finds no table. An identity map says nothing: it maps all memory, tables too.
 */
function mappedAmong(pages: ByteRanges, trees: Iterable<TableTree>, memory: PhysicalMemory): ByteRanges {
  const found = createRangeCollector();
  const sink: ReferenceSink = {
    ...SILENT,
    mappedOnly: true,
    mapped(batch) {
      const targets = targetsOf(batch);
      const counts = pagesOf(batch);
      const iovas = iovasOf(batch);
      for (let i = 0; i < batch.length; i++) {
        const target = targets[i] ?? 0;
        if (target === iovas[i]) continue;
        const start = target * PAGE;
        const length = (counts[i] ?? 0) * PAGE;
        if (touches(pages, start, start + length)) found.add(start, length);
      }
    },
  };
  for (const tree of trees) if (tree.stage === 'second') addTables({ sink, memory }, tree, SHARED_TABLES);
  return found.finish();
}

/** Entries of second-stage tables that are present, by level. */
import type { Domain } from '../src/abi/model.js';
import type { PhysicalMemory } from '../src/memory/physical.js';
import { readBytes } from '../src/memory/read.js';
import {
  ssPdeLeaf,
  ssPdeTable,
  ssPdpeLeaf,
  ssPdpeTable,
  ssPml4e,
  ssPml5e,
  ssPte,
} from '../src/records/vtd.js';
import type { RecordType } from '../src/schema/record.js';
import { fieldsOf, type Site } from './fields.js';

const TABLE: readonly RecordType<unknown>[] = [ssPte, ssPte, ssPdeTable, ssPdpeTable, ssPml4e, ssPml5e];
const LEAF: readonly RecordType<unknown>[] = [ssPte, ssPte, ssPdeLeaf, ssPdpeLeaf];
const LARGE = 1n << 7n;
const ADDRESS = ((1n << 52n) - 1n) & ~0xfffn;
/** Entries of one table that are taken, and tables of one domain. */
const ENTRIES = 6;
const TABLES = 40;

export function* tableSites({ pgd, agaw }: Domain, memory: PhysicalMemory): Generator<Site> {
  if (pgd === undefined || agaw === undefined) return;
  const open: [table: bigint, level: number][] = [[pgd, agaw + 2]];
  let tables = 0;
  for (let next = open.shift(); next !== undefined && tables < TABLES; next = open.shift()) {
    tables++;
    const [table, level] = next;
    const bytes = readBytes(memory, table, 4096);
    if (bytes === undefined) continue;
    const view = new DataView(bytes.buffer);
    let taken = 0;
    for (let i = 0; i < 512 && taken < ENTRIES; i++) {
      const entry = view.getBigUint64(i * 8, true);
      if ((entry & 3n) === 0n) continue;
      taken++;
      const leaf = level === 1 || (level <= 3 && (entry & LARGE) !== 0n);
      const record = (leaf ? LEAF : TABLE)[level];
      if (record !== undefined) yield* fieldsOf(record, Number(table) + i * 8);
      if (!leaf) open.push([entry & ADDRESS, level - 1]);
    }
  }
}

/** The translation tables that structures of a handover lead to: of units, and of domains by themselves. */

import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { rootEntry, scalableRootEntry } from '../records/vtd.js';
import { DEFAULT_SETTINGS, sameSettings } from '../schema/settings.js';
import type { Translation, TranslationUnit } from '../structures/structure.js';
import { stageRequests } from '../vtd/context/stages.js';
import { pageAddress, readStructure } from '../vtd/context/structure.js';
import { firstStageFormat } from '../vtd/first-stage.js';
import { rootPointer, rootSettings } from '../vtd/registers.js';
import { secondStageFormat } from '../vtd/second-stage.js';
import type { TableTree } from './claim.js';
import type { ReferenceContext } from './sink.js';
import { addTables } from './tables.js';
import { addDirectories, addUnit, type UnitInstance, unitPaths } from './vtd.js';

const PAGE = 4096;
const BUSES = 256;

/** Tells root, context and PASID entries, page tables, and where asked what the tables map. */
export function addTranslation(context: ReferenceContext, translation: Translation): void {
  if (context.sink.claimsOnly === true) return;
  for (const unit of distinctUnits(translation)) addTranslationUnit(context, unit);
  for (const tree of translationTrees(context.memory, translation).values()) addTables(context, tree);
}

/**
 * The page tables of a translation, by the address of the top table: those that records name, with what the entries
 * of the units say of their stage and levels, and those that only these lead to.
 */
export function translationTrees(
  memory: PhysicalMemory,
  { units, tables }: Translation,
): ReadonlyMap<bigint, TableTree> {
  const trees = new Map<bigint, TableTree>();
  for (const { element, what, root, levels, stage } of tables) {
    const format = stage === 'first' ? firstStageFormat() : secondStageFormat();
    if (physicalAddress(root) !== undefined)
      trees.set(root, { root, levels, format, stage, owner: what, element });
  }
  for (const unit of distinctUnits({ units })) {
    for (const tree of unitTrees(instanceOf(unit), memory)) {
      const known = trees.get(tree.root) ?? {};
      trees.set(tree.root, {
        ...tree,
        ...known,
        levels: tree.levels,
        format: tree.format,
        stage: tree.stage,
      });
    }
  }
  return trees;
}

/** The page tables that the entries of a unit lead to. The first stage of a nested translation is in the guest's memory. */
export function* unitTrees(unit: UnitInstance, memory: PhysicalMemory): Generator<TableTree> {
  for (const path of unitPaths(unit, memory)) {
    for (const { stage, request } of stageRequests(path, { ...unit, memory })) {
      if (request.memory !== memory) continue;
      const { root, levels, format } = request;
      yield { root: BigInt(root), levels, format, stage, owner: `tables of ${unit.name}` };
    }
  }
}

/** Units that share a root table, which no kernel has, tell the same: the first is enough. */
function distinctUnits({ units }: Pick<Translation, 'units'>): readonly TranslationUnit[] {
  const seen = new Set<bigint>();
  return units.filter(({ rtaddr }) => !seen.has(rtaddr) && seen.add(rtaddr));
}

function instanceOf({ name, rtaddr }: TranslationUnit): UnitInstance {
  return { name, rtaddr, settings: sameSettings({ ...DEFAULT_SETTINGS, ...rootSettings(rtaddr) }) };
}

/** Tells the root, context and PASID entries of a unit, and the pages that they are in. */
export function addTranslationUnit(context: ReferenceContext, of: TranslationUnit): void {
  const { sink, memory } = context;
  const unit = instanceOf(of);
  addRoot(context, unit);
  addUnit(sink, unit, undefined, memory, Number.POSITIVE_INFINITY);
  addDirectories(sink, unit, memory);
}

/** The root table and all context tables: also of buses without a device, whose entries say that there are tables. */
function addRoot({ sink, memory }: ReferenceContext, { name, rtaddr, settings }: UnitInstance): void {
  const root = physicalAddress(rootPointer(rtaddr).address);
  if (root === undefined) return;
  const chain = `structures of ${name}`;
  sink.page({ address: root, length: PAGE, chain, what: `the root table of ${name}` });
  const type = settings.mode === 'scalable' ? scalableRootEntry : rootEntry;
  for (let bus = 0; bus < BUSES; bus++) {
    const entry = readStructure<object>(memory, type, root + bus * (type.size ?? 0));
    if (entry === undefined) return;
    const value = entry.value as Readonly<Record<string, bigint | number>>;
    const tables = [
      [value.p, value.ctp],
      [value.lp, value.lctp],
      [value.up, value.uctp],
    ].flatMap(([present, table]) => (present === 1 && typeof table === 'bigint' ? [table] : []));
    if (tables.length === 0) continue;
    const what = `root entry of bus ${bus.toString(16).padStart(2, '0')}`;
    sink.record(entry.type, entry.address, `${name}: ${what}`, { list: `root entries of ${name}` });
    for (const table of tables)
      sink.page({ address: pageAddress(table), length: PAGE, chain, what: `a context table of ${name}` });
  }
}

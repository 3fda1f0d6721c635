/** Memory that structures keep: their records, the folios of files, and the translation tables that they lead to. */
import type { Handover } from '../../abi/model.js';
import type { PreservedPages } from '../../abi/upstream/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import type { Place } from '../../references/place.js';
import type { ReferenceSink } from '../../references/sink.js';
import { addStructure, type HeldStructure, heldBy } from '../../references/structures.js';
import { translationTrees } from '../../references/translation.js';
import { subjectByKey } from '../../structures/index.js';
import { fieldBinding } from '../../structures/structure.js';
import { eachRecord } from '../../structures/walk.js';
import { eachFolioFrames, type FolioFile, folioSpans } from '../outline/folios.js';
import { type AspectKind, MOST_MOVING } from '../span-columns.js';
import {
  createUseColumns,
  putUse,
  type Use,
  type UseCollector,
  type UseColumns,
  useColumns,
} from './user.js';
import { collectTables } from './uses-tables.js';

/** Collects what the structures at the top of a handover keep. */
export function collectTopStructures(handover: Handover, uses: UseCollector): void {
  const { memory } = handover;
  if (memory === undefined) return;
  for (const held of heldBy(handover, '')) {
    const subject = subjectByKey(held.form.subject);
    const place: Place = { part: 'structure', structure: held.form.root.what };
    collectHeld(held, place, held.form.subject, handover, uses);
    const translation = subject?.translation?.(held.model, memory);
    if (translation === undefined) continue;
    for (const tree of translationTrees(memory, translation).values()) {
      const element = elementName(held, tree.element) ?? tree.owner;
      collectTables(tree, { ...place, element }, `${held.form.subject} ${element}`, memory, uses);
    }
  }
}

/** The element at an address, by the name that it has in another dump too. */
function elementName({ form, model }: HeldStructure, address: bigint | undefined): string | undefined {
  for (const { element, model: record } of eachRecord(form.root, model)) {
    if (element !== undefined && record.address === address)
      return `${element.list.element.what} ${element.list.identity(record, model)}`;
  }
  return undefined;
}

/**
 * Collects what the structures of a file, an FLB or a child keep.
 *
 * @param key the same for the same holder in another handover
 * @returns whether there are any
 */
export function collectHolder(
  holder: object,
  place: Place,
  key: string,
  handover: Handover,
  uses: UseCollector,
): boolean {
  let any = false;
  for (const held of heldBy(holder, '')) {
    collectHeld(held, place, key, handover, uses);
    any = true;
  }
  return any;
}

function collectHeld(
  held: HeldStructure,
  place: Place,
  key: string,
  handover: Handover,
  uses: UseCollector,
): void {
  const { memory, pageSize, preserved } = handover;
  const { root } = held.form;
  const folios = root.record.fields.some(({ id }) => fieldBinding(root, id).kind === 'folios');
  const what = folios ? 'the list of folios' : 'the records';
  if (memory !== undefined) {
    uses.user({
      ...{ place, what, kind: 'metadata', key: `records of ${key}` },
      runs: () => useColumns(recordUses(held, memory, pageSize)),
    });
  }
  if (!folios) return;
  const file = held.model as unknown as FolioFile;
  uses.user({
    ...{ place, what: 'contents', kind: 'object', key },
    runs: () => folioUses(file, preserved?.pages, pageSize),
    frames: (put) => eachFolioFrames(file, preserved?.pages, pageSize, put),
  });
}

/** The pages of the records of a structure, and of its lists. */
function recordUses(held: HeldStructure, memory: PhysicalMemory, pageSize: number): readonly Use[] {
  const records: Use[] = [];
  const pagesOf = (first: number, last: number): void => {
    const start = Math.floor(first / pageSize) * pageSize;
    const end = Math.ceil(last / pageSize) * pageSize;
    const before = records.at(-1);
    // The records of a page are told besides the page.
    if (before === undefined || start < before.start || end > before.end) records.push({ start, end });
  };
  const add = (address: number | bigint, length: number): void =>
    pagesOf(Number(address), Number(address) + length);
  const sink: ReferenceSink = {
    blob() {},
    radix() {},
    table() {},
    record: (type, address) => add(address, type.size ?? 0),
    array({ record, count, at }) {
      if (typeof at !== 'object') add(at, count * (record.size ?? 0));
      else for (const run of at.runs) pagesOf(run, run + at.runSize);
    },
    page: ({ address, length }) => add(address, length),
    bitmap: ({ address, length }) => add(address, length),
    bytes: add,
  };
  addStructure({ sink, memory, pageSize, preserved: undefined }, held);
  return records;
}

/** The folios of a file, with their place in it. */
function* folioUses(
  file: FolioFile,
  pages: PreservedPages | undefined,
  pageSize: number,
): Generator<UseColumns> {
  const columns = createUseColumns();
  // Of millions of spans nearly all have the same kinds.
  let last: readonly AspectKind[] | undefined;
  let moves = false;
  for (const { length, starts, ends, kinds, at } of folioSpans(file, pages, pageSize, true)) {
    for (let row = 0; row < length; row++) {
      const own = kinds[row];
      if (own !== last) {
        last = own;
        moves = own?.at(-1)?.moves === true;
      }
      // Where the file has no place that a number can tell, the address is not told either.
      if (!moves) continue;
      const position = starts[row] as number;
      const address = at[row * MOST_MOVING] as number;
      if (!putUse(columns, address, address + ((ends[row] as number) - position), position)) continue;
      yield columns;
      columns.length = 0;
    }
  }
  if (columns.length > 0) yield columns;
}

/** Memory that structures keep: their records, the folios of files, and the translation tables that they lead to. */
import type { Handover } from '../../abi/model.js';
import type { ReferenceSink } from '../../instances/sink.js';
import { addStructure, type HeldStructure, heldBy } from '../../instances/structures.js';
import { translationTrees } from '../../instances/translation.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { subjectByKey } from '../../structures/index.js';
import { eachRecord } from '../../structures/walk.js';
import type { Place } from '../place.js';
import { type Use, type UseCollector, useColumns } from './user.js';
import { collectTables } from './uses-tables.js';

/** Collects what the structures at the top of a handover keep. */
export function collectTopStructures(handover: Handover, uses: UseCollector): void {
  const { memory } = handover;
  if (memory === undefined) return;
  for (const held of heldBy(handover, '')) {
    const subject = subjectByKey(held.form.subject);
    const place: Place = { part: 'structure', structure: held.form.root.what };
    collectHeld(held, place, held.form.subject, handover, memory, uses);
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
  const { memory } = handover;
  if (memory === undefined) return false;
  let any = false;
  for (const held of heldBy(holder, '')) {
    collectHeld(held, place, key, handover, memory, uses);
    any = true;
  }
  return any;
}

function collectHeld(
  held: HeldStructure,
  place: Place,
  key: string,
  { pageSize, preserved }: Handover,
  memory: PhysicalMemory,
  uses: UseCollector,
): void {
  const records: Use[] = [];
  const contents: Use[] = [];
  const pagesOf = (start: number, end: number): void => {
    records.push({
      start: Math.floor(start / pageSize) * pageSize,
      end: Math.ceil(end / pageSize) * pageSize,
    });
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
    contents(address, length) {
      contents.push({ start: Number(address), end: Number(address) + length });
    },
  };
  addStructure({ sink, memory, pageSize, preserved: preserved?.pages }, held);
  uses.user({
    ...{ place, what: 'the records', kind: 'metadata', key: `records of ${key}` },
    runs: () => useColumns(records),
  });
  if (contents.length > 0) {
    uses.user({ ...{ place, what: 'contents', kind: 'object', key }, runs: () => useColumns(contents) });
  }
}

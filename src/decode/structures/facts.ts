/** What the structures of a handover say of each other: evidence for the form of those whose name does not tell it. */
import type { FieldInfo } from '../../schema/record.js';
import type { StructureList } from '../../structures/model.js';
import {
  fieldBinding,
  flagKeys,
  isZero,
  type Model,
  type RecordBinding,
  type StructureForm,
  type ValueField,
} from '../../structures/structure.js';
import { pciText } from '../../structures/values.js';
import { eachRecord } from '../../structures/walk.js';

export interface Facts {
  /** Forms that are decided. */
  readonly forms: Set<string>;
  /** PCI functions that decided structures name. */
  readonly functions: Set<string>;
  /** Addresses of the elements of decided structures, by `subject.list`. */
  readonly elements: Map<string, Set<bigint>>;
}

/** Facts before anything is read. */
export function noFacts(): Facts {
  return { forms: new Set(), functions: new Set(), elements: new Map() };
}

/** Adds what a structure says whose form is decided. */
export function learn(facts: Facts, form: StructureForm, model: Model): void {
  facts.forms.add(form.id);
  addElements(facts.elements, form, model);
  for (const { binding, model: record } of eachRecord(form.root, model)) {
    const place = functionOf(binding, record);
    if (place !== undefined && record[binding.unused ?? ''] !== true) facts.functions.add(place);
  }
}

function addElements(elements: Facts['elements'], { subject, root }: StructureForm, model: Model): void {
  for (const { element, model: record } of eachRecord(root, model)) {
    if (element === undefined) continue;
    const key = `${subject}.${element.list.key}`;
    const known = elements.get(key) ?? new Set();
    known.add(record.address as bigint);
    elements.set(key, known);
  }
}

function functionOf({ pciFunction }: RecordBinding, record: Model): string | undefined {
  if (pciFunction === undefined) return undefined;
  return pciText(record[pciFunction.segment] as number, record[pciFunction.bdf] as number);
}

/** Bits of addresses that no machine has, and those that are 0 in a page's. */
const LIMIT = 1n << 52n;
const PAGE = 4096n;

/** How many of its fields say that a structure is not of this form: values that no kernel writes, or that others deny. */
export function contradictions(form: StructureForm, model: Model, facts: Facts): number {
  // Its own lists stand for themselves, whatever another structure of the kind has.
  const mine: Facts['elements'] = new Map();
  addElements(mine, form, model);
  const own: Facts['elements'] = new Map([...facts.elements, ...mine]);
  let count = 0;
  const listed = new Set<string>();
  for (const { binding, model: record, element } of eachRecord(form.root, model)) {
    if (record[binding.unused ?? ''] === true) continue;
    const place = functionOf(binding, record);
    if (place !== undefined) listed.add(place);
    if (place !== undefined && facts.functions.size > 0 && !facts.functions.has(place)) count++;
    for (const info of binding.record.fields) {
      const field = fieldBinding(binding, info.id);
      if (field.kind === 'value') count += valueFaults(info, field, record, own, element?.index);
      else if (field.kind === 'flags') count += unknownFlags(info, record[field.key]) ? 1 : 0;
      else if (field.kind === 'chain' || field.kind === 'one')
        count += isPlace(record[`${keyOf(field)}Address`]) ? 0 : 1;
    }
    if (element?.of.damaged === true) count++;
  }
  // A list of functions that is read as empty, or ends early, lacks those that others name.
  if (listsFunctions(form.root)) for (const place of facts.functions) if (!listed.has(place)) count++;
  return count;
}

function listsFunctions(root: RecordBinding): boolean {
  const inPages = root.record.fields.some(({ id }) => {
    const field = fieldBinding(root, id);
    return field.kind === 'chain' && field.list.element.pciFunction !== undefined;
  });
  return inPages || root.follows?.element.pciFunction !== undefined;
}

function keyOf(field: {
  readonly kind: string;
  readonly key?: string;
  readonly list?: { readonly key: string };
}): string {
  return field.key ?? field.list?.key ?? '';
}

function unknownFlags(info: FieldInfo, raw: unknown): boolean {
  const known = flagKeys(info).reduce((sum, { mask }) => sum | mask, 0n);
  return (BigInt(raw as number | bigint) & ~known) !== 0n;
}

function isPlace(raw: unknown): boolean {
  return typeof raw === 'bigint' && raw < LIMIT;
}

function valueFaults(
  info: FieldInfo,
  field: ValueField,
  record: Model,
  elements: Facts['elements'],
  index: number | undefined,
): number {
  const raw = record[field.key];
  if (field.hidden === true) return isZero(raw) ? 0 : 1;
  if (typeof raw !== 'bigint' && typeof raw !== 'number') return 0;
  const { refers, countOf, place, form } = field;
  if (refers !== undefined) {
    const known = elements.get(`${refers.subject}.${refers.list}`);
    return known === undefined ? (isPlace(raw) ? 0 : 1) : known.has(BigInt(raw)) ? 0 : 1;
  }
  if (place === true) return isPlace(raw) && BigInt(raw) % PAGE === 0n ? 0 : 1;
  if (form === 'bdf') return raw > 0xffff ? 1 : 0;
  if (info.unit === 'index') return index === undefined || BigInt(raw) === BigInt(index) ? 0 : 1;
  if (countOf !== undefined) {
    const list = record[countOf] as StructureList<Model> | undefined;
    return list === undefined || list.items.length === Number(raw) ? 0 : 1;
  }
  if (info.values === undefined || info.unit === 'flags') return 0;
  for (const known of info.values.keys()) if (BigInt(known) === BigInt(raw)) return 0;
  return 1;
}

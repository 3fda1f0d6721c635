/** Structures for people: what they hold in tables, and in a line. Knows no structure by name. */
import type { Handover } from '../abi/model.js';
import { filesOf } from '../abi/upstream/holders.js';
import { escapeText } from '../schema/escape.js';
import type { FieldInfo } from '../schema/record.js';
import { counted, hex } from '../schema/units.js';
import type { FolioList } from '../structures/folios.js';
import { DRAFTS, formById, structuresOf } from '../structures/index.js';
import type { StructureList } from '../structures/model.js';
import { referredElement } from '../structures/refers.js';
import {
  type FieldBinding,
  fieldBinding,
  type ListBinding,
  type Model,
  type RecordBinding,
  type StructureForm,
} from '../structures/structure.js';
import { listsOf, numberText, setFlags, usedOf } from '../structures/text.js';
import { columns } from './columns.js';
import { cut } from './mem-text.js';
import type { Paint } from './paint.js';

/** Elements told in the line of a file. */
const IN_LINE = 4;

/** A structure as it is told. */
interface Told {
  readonly top: Handover;
  readonly form: StructureForm;
  readonly structure: Model;
  readonly paint: Paint;
}

function toldOf(top: Handover, value: unknown, paint: Paint): Told | undefined {
  const structure = value as Model;
  const form = formById(structure.form as string);
  return form === undefined ? undefined : { top, form, structure, paint };
}

/** Sections for the structures that stand by themselves, each after an empty line. */
export function* structureSections(handover: Handover, paint: Paint): Generator<string> {
  for (const { value } of structuresOf(handover)) {
    const told = toldOf(handover, value, paint);
    if (told === undefined) continue;
    const { root, title } = told.form;
    yield '';
    yield `${paint('node', root.what)}  ${paint('warning', `draft ${title}`)}  ${paint('address', `at ${hex(told.structure.address as bigint)}`)}`;
    for (const list of listsOf(root)) yield* tableLines(told, list);
  }
}

/**
 * The element at an address of the structures that stand by themselves, as a table of one line; nothing where none has
 * one there.
 */
export function* elementLines(handover: Handover, address: bigint, paint: Paint): Generator<string> {
  for (const { value } of structuresOf(handover)) {
    const told = toldOf(handover, value, paint);
    if (told === undefined) continue;
    for (const list of listsOf(told.form.root)) {
      const { items } = told.structure[list.key] as StructureList<Model>;
      const own = items.find((item) => item.address === address);
      if (own === undefined) continue;
      yield paint('node', `${list.element.what} ${list.identity(own, told.structure)}`);
      yield* tableLines({ ...told, structure: { ...told.structure, [list.key]: { items: [own] } } }, list);
      return;
    }
  }
}

/** A list as a table: a line of the columns' names, and one for each element. */
function* tableLines(told: Told, list: ListBinding): Generator<string> {
  const { structure, paint } = told;
  const { items, missing, damaged } = structure[list.key] as StructureList<Model>;
  const rows = items.map((item) => cells(told, list.element, item));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const note =
    missing === undefined
      ? damaged === true
        ? ', and the chain is damaged'
        : ''
      : `, more unknown: the ${missing.what} at ${hex(missing.address)} is not in the dump`;
  yield `  ${paint('name', list.what)}  ${paint('faint', `${items.length}${escapeText(note)}`)}`;
  if (rows.length === 0) return;
  const [head = '', ...lines] = columns([
    names,
    ...rows.map((row) => names.map((name) => row.get(name) ?? '')),
  ]);
  yield `    ${paint('faint', head)}`;
  for (const each of cut(lines, paint)) yield `    ${each}`;
}

/** Columns of an element, by the kernel's names; padding is none. */
function cells(told: Told, binding: RecordBinding, model: Model): Map<string, string> {
  const row = new Map<string, string>();
  if (binding.addressed === true) row.set('address', hex(model.address as bigint));
  for (const info of binding.record.fields) {
    const field = fieldBinding(binding, info.id);
    if (field.kind === 'variant') {
      for (const [name, variant] of Object.entries(field.variants)) {
        const part = model[name] as Model | undefined;
        if (part !== undefined) for (const [key, text] of cells(told, variant, part)) row.set(key, text);
      }
    } else {
      const text = fieldText(told, field, info, model);
      if (text !== undefined) row.set(shortName(info), text);
    }
  }
  return row;
}

/** The last part of a kernel name: `hdr.ref_count` is told as `ref_count`. */
function shortName({ kernelName }: FieldInfo): string {
  return kernelName.slice(kernelName.lastIndexOf('.') + 1);
}

function fieldText(told: Told, field: FieldBinding, info: FieldInfo, model: Model): string | undefined {
  if (field.kind === 'flags') {
    const set = setFlags(info, model);
    return set.length === 0 ? undefined : set.join(' ');
  }
  if (field.kind !== 'value' || field.hidden === true || field.countOf !== undefined) return undefined;
  const raw = model[field.key];
  if (Array.isArray(raw)) {
    const last = raw.findLastIndex((each) => each !== 0n);
    return raw
      .slice(0, Math.max(last, 0) + 1)
      .map((each) => hex(each as bigint))
      .join(' ');
  }
  if (typeof raw !== 'number' && typeof raw !== 'bigint') return undefined;
  if (field.refers === undefined) return numberText(field, info, raw);
  const { top, form, structure } = told;
  const target = referredElement(top, form, structure, field.refers, raw as bigint);
  return target === undefined ? `${hex(raw)} (none in the list)` : hex(raw);
}

/** What a file, an FLB or a child holds, in a few words; empty where it holds no structure. */
export function heldText(handover: Handover, holder: object, paint: Paint): string {
  const texts: string[] = [];
  for (const { subject, value } of structuresOf(holder)) {
    const line = subject
      .line?.(value as Model)
      .map(({ text, faint }) => (faint === true ? paint('faint', text) : text));
    const told = line === undefined ? toldOf(handover, value, paint) : undefined;
    if (line !== undefined) texts.push(...line);
    if (told !== undefined) texts.push(...recordTexts(told, told.form.root, told.structure));
  }
  return texts.join('  ');
}

function recordTexts(told: Told, binding: RecordBinding, model: Model): string[] {
  const { paint } = told;
  const texts: string[] = [];
  for (const info of binding.record.fields) {
    const field = fieldBinding(binding, info.id);
    if (field.kind === 'one') {
      const target = model[field.key] as Model | undefined;
      if (target !== undefined)
        texts.push(`${field.record.what} (${recordTexts(told, field.record, target).join('  ')})`);
    } else if (field.kind === 'folios') {
      texts.push(paint('faint', counted((model as unknown as FolioList).folios.length, 'entry', 'entries')));
    } else {
      const text = fieldText(told, field, info, model);
      if (text !== undefined) texts.push(`${shortName(info)} ${paint('value', text)}`);
    }
  }
  for (const list of listsOf(binding)) texts.push(listText(told, list, model));
  return texts;
}

function listText({ structure, top, form, paint }: Told, list: ListBinding, model: Model): string {
  const { items } = model[list.key] as StructureList<Model>;
  const shown = items.slice(0, IN_LINE).map((item) => {
    const name = list.identity(item, structure);
    for (const info of list.element.record.fields) {
      const field = fieldBinding(list.element, info.id);
      if (field.kind !== 'value' || field.refers === undefined) continue;
      const target = referredElement(top, form, structure, field.refers, item[field.key] as bigint);
      return `${name} of ${target?.name ?? `${hex(item[field.key] as bigint)} (none in the list)`}`;
    }
    return name;
  });
  const rest = items.length > IN_LINE ? ', …' : '';
  return `${paint('faint', counted(items.length, list.element.what, list.what))}${
    shown.length === 0 ? '' : `: ${shown.join(', ')}${rest}`
  }`;
}

/** What is handed over in drafts, for people. */
export interface DraftsSummary {
  /** How many structures and elements there are, subject by subject: `2 iommufds`, `3 IOMMU domains`. */
  readonly counts: readonly { readonly key: string; readonly text: string }[];
  /** Their forms: `iommu-liveupdate version 1`. */
  readonly forms: readonly string[];
}

export function structuresSummary(handover: Handover): DraftsSummary {
  const files = [...filesOf(handover)].map(({ file }) => file);
  const counts: { key: string; text: string }[] = [];
  const forms = new Set<string>();
  const learn = (structure: Model): StructureForm | undefined => {
    const form = formById(structure.form as string);
    if (form !== undefined) forms.add(form.title);
    return form;
  };
  for (const { value, subject } of structuresOf(handover)) {
    const structure = value as Model;
    const form = learn(structure);
    if (form === undefined) continue;
    for (const list of listsOf(form.root))
      counts.push({
        key: subject.key,
        text: counted(usedOf(list, structure).length, list.element.what, list.what),
      });
  }
  for (const { key, what, plural } of DRAFTS) {
    const own = files
      .map((file) => (file as unknown as Record<string, Model | undefined>)[key])
      .filter((structure) => structure !== undefined);
    for (const structure of own) learn(structure);
    if (own.length > 0) counts.push({ key, text: counted(own.length, what, plural) });
  }
  return { counts, forms: [...forms] };
}

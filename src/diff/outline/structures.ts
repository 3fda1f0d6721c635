/** Structures as named things with fields, along their bindings. Knows no structure by name. */
import { missingOf } from '../../abi/missing.js';
import type { Handover } from '../../abi/model.js';
import type { DraftRecord } from '../../abi/upstream/model.js';
import type { TableTree } from '../../references/claim.js';
import type { Place } from '../../references/place.js';
import { translationTrees } from '../../references/translation.js';
import type { FieldInfo } from '../../schema/record.js';
import { beforeNul, bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { formById, namedForms, structuresOf, subjectByKey } from '../../structures/index.js';
import { referredElement, referredStructure } from '../../structures/refers.js';
import {
  countedFolios,
  fieldBinding,
  type HeldField,
  type KeptField,
  type ListBinding,
  listOf,
  type Model,
  orderedFields,
  type PlainList,
  type RecordBinding,
  type StructureForm,
  type ValueField,
} from '../../structures/structure.js';
import { flagsText, listsOf, valueName } from '../../structures/text.js';
import { bdfText } from '../../structures/values.js';
import type { Field } from '../difference.js';
import { type Entity, field, type List, strictField, summaryField } from '../entity.js';
import { type FolioFile, folioList } from './folios.js';
import { mappingList } from './mapping.js';
import type { PageOwners } from './owners.js';

/** What the outline of all structures of one handover shares. */
export interface StructureContext {
  readonly handover: Handover;
  readonly strict: boolean;
  /** What physical pages hold. */
  readonly owners: () => PageOwners;
}

/** A structure being drawn, or what leads to lists. */
interface Drawing extends StructureContext {
  /** Its form; of a rider, which no address leads into, there is none. */
  readonly form?: StructureForm;
  readonly structure: Model;
  readonly place: Place;
  /** Page tables by the address of the element that names them. */
  readonly trees: ReadonlyMap<bigint, TableTree>;
}

/** Lists for the structures that are at the top of a handover. */
export function structureLists(context: StructureContext): List[] {
  return [...structuresOf(context.handover)].flatMap(({ subject, value }) => {
    const place: Place = { part: 'structure', structure: subject.what };
    const drawn = drawing(context, value as Model, place);
    if (drawn === undefined) return [];
    return [{ name: subject.plural, place, partial: false, entities: [entityOf(drawn)] }];
  });
}

/** A list that a rider leads to; where part of the rider is not in the dump, the list may lack something. */
export function keptList(
  context: StructureContext,
  { list }: KeptField,
  rider: object,
  place: Place,
  partial: boolean,
): List {
  const model = rider as Model;
  const drawn = elementList({ ...context, structure: model, place, trees: new Map() }, list, model);
  return partial && drawn.entities !== undefined ? { ...drawn, partial } : drawn;
}

/** What is told of a holder's structures. */
export interface HeldOutline {
  readonly fields: readonly Field[];
  readonly lists: readonly List[];
}

/** Fields and lists of the structures that a file, an FLB or a child holds. */
export function heldOutline(context: StructureContext, holder: object, place: Place): HeldOutline {
  const fields: Field[] = [];
  const lists: List[] = [];
  for (const { value } of structuresOf(holder)) {
    const drawn = drawing(context, value as Model, place);
    if (drawn === undefined) continue;
    fields.push(...rootFields(drawn));
    lists.push(...belowOf(drawn, drawn.form.root, drawn.structure));
  }
  return { fields, lists };
}

/** The same by the name that tells what is held: of what a dump does not hold the record of, that there is one. */
function namedOutline(drawn: Drawing, { holder, name }: HeldField, model: Model): HeldOutline {
  const { place } = drawn;
  const held = heldOutline(drawn, model, place);
  const { subject } = namedForms(holder, bytesToText(model[name] as Uint8Array).text) ?? {};
  const [newest] = subject?.forms ?? [];
  const isAbsent = subject?.released === true || (model.draft as DraftRecord | undefined)?.absent === true;
  if (!isAbsent || newest === undefined || held.fields.length > 0) return held;
  const { record } = newest.root;
  const lists = listsOf(newest.root).map(({ what }) => what);
  if (record.fields.some(({ id }) => fieldBinding(newest.root, id).kind === 'folios')) lists.push('folios');
  return {
    fields: [{ name: record.name, value: null, unknown: '' }],
    lists: lists.map((name) => ({ name, place })),
  };
}

/** A structure of a form that is known. */
type Drawn = Drawing & Required<Pick<Drawing, 'form'>>;

function drawing(context: StructureContext, structure: Model, place: Place): Drawn | undefined {
  const form = formById(structure.form as string);
  if (form === undefined) return undefined;
  const { memory } = context.handover;
  const translation = subjectByKey(form.subject)?.translation?.(structure, memory);
  const trees = new Map<bigint, TableTree>();
  if (memory !== undefined && translation !== undefined)
    for (const tree of translationTrees(memory, translation).values())
      if (tree.element !== undefined) trees.set(tree.element, tree);
  return { ...context, form, structure, place, trees };
}

function entityOf(drawn: Drawn): Entity {
  const { form, structure, place } = drawn;
  return {
    place,
    key: form.subject,
    fields: [field('form', form.title), ...rootFields(drawn)],
    lists: belowOf(drawn, form.root, structure),
  };
}

/** The fields of the structure's own record; of an earlier form those that later ones have, as they would say the same. */
function rootFields(drawn: Drawn): Field[] {
  const { form, structure } = drawn;
  const newest = form.lacks === undefined ? form : (subjectByKey(form.subject)?.forms[0] ?? form);
  return fieldsOf(drawn, newest.root, { ...form.lacks, ...structure });
}

/** Of an element that is out of use its flags alone count: what else it has may be stale. */
function fieldsOf(drawn: Drawing, binding: RecordBinding, model: Model): Field[] {
  const unused = model[binding.unused ?? ''] === true;
  return orderedFields(binding).flatMap((info) => fieldsOfField(drawn, binding, info, model, unused));
}

function fieldsOfField(
  drawn: Drawing,
  binding: RecordBinding,
  info: FieldInfo,
  model: Model,
  unused: boolean,
): Field[] {
  const bound = fieldBinding(binding, info.id);
  const name = info.kernelName;
  switch (bound.kind) {
    case 'value':
      if (countedFolios(binding, info.id) !== undefined) return countFields(name, model[bound.key] as bigint);
      if (binding.naming === info.id)
        return info.text === true ? nameFields(name, model[bound.key] as Uint8Array) : [];
      if (isListCount(binding, info.id)) return [strictField(name, model[bound.key] as bigint, 'count')];
      return unused ? [] : valueFields(drawn, bound, info, model);
    case 'flags':
      return [field(name, flagsText(info, model[bound.key] as number | bigint))];
    case 'chain':
    case 'area':
      return [
        strictField(
          bound.list.plain === undefined ? name : `${bound.list.key}_pa`,
          model[`${bound.list.key}Address`] as bigint,
        ),
        listSize(bound.list, model, model[bound.count ?? ''] as bigint | undefined),
      ];
    case 'inside':
      return fieldsOf(drawn, bound.record, model);
    case 'held':
      return [
        draftField(model),
        ...namedOutline(drawn, bound, model).fields,
        // Of a name that is not known the value may be anything, an address most of the time.
        strictField(name, model[bound.key] as bigint, 'hex'),
      ];
    case 'records':
      return [listSize(bound.list, model)];
    case 'one': {
      const target = model[bound.key] as Model | undefined;
      const address = model[`${bound.key}Address`] as bigint | undefined;
      const below: Field[] =
        target !== undefined
          ? fieldsOf(drawn, bound.record, target).map((each) => ({ ...each, name: `${name}.${each.name}` }))
          : (address ?? 0n) === 0n
            ? []
            : [{ name: bound.record.record.name, value: null, unknown: `${name}.` }];
      return [strictField(name, address), ...below];
    }
    case 'folios':
      return areaFields(name, model as unknown as FolioFile);
    case 'variant':
      return unused ? [] : variantFields(drawn, bound.key, bound.variants, model, name);
  }
}

/** Whether a field counts the elements of a list that the same record leads to. */
function isListCount(binding: RecordBinding, id: string): boolean {
  return binding.record.fields.some((each) => {
    const field = fieldBinding(binding, each.id);
    return (field.kind === 'chain' || field.kind === 'area') && field.count === id;
  });
}

/** Of a record that is not in the dump the version is not known. */
function draftField({ draft }: { readonly draft?: DraftRecord }): Field {
  return field('draft', draft?.absent === true ? null : draft?.draft);
}

/** The division of a file into folios is not a property of it. */
function countFields(name: string, count: bigint): Field[] {
  return [summaryField(name, count), strictField(name, count, 'count')];
}

function areaFields(name: string, { area: { descriptor } }: FolioFile): Field[] {
  return [
    strictField(`${name}.first`, descriptor.first),
    strictField(`${name}.total_pages`, descriptor.totalPages, 'count'),
  ];
}

function listSize(list: ListBinding, model: Model, count?: bigint): Field {
  return summaryField(list.what, count ?? listOf(list, model)?.items.length);
}

function variantFields(
  drawn: Drawing,
  key: string,
  variants: Readonly<Record<string, RecordBinding>>,
  model: Model,
  name: string,
): Field[] {
  const fields: Field[] = [];
  for (const [variant, binding] of Object.entries(variants)) {
    const part = model[variant] as Model | undefined;
    if (part !== undefined) fields.push(...fieldsOf(drawn, binding, part));
  }
  const raw = model[key];
  if (raw instanceof Uint8Array)
    fields.push(isTold(drawn.structure) ? strictField(name, raw) : { name, value: null, unknown: '' });
  return fields;
}

function nameFields(name: string, raw: Uint8Array): Field[] {
  return [strictField(name, bytesToText(raw).text), tailField(name, raw)];
}

/** What lies after the NUL of a text: that it differs is told, and no more, as it was never meant to be handed over. */
function tailField(name: string, raw: Uint8Array): Field {
  const tail = raw.subarray(beforeNul(raw).length);
  const value = tail.some((byte) => byte !== 0) ? tail : undefined;
  return { ...strictField(`${name} after its NUL`, value), secret: true };
}

function valueFields(drawn: Drawing, bound: ValueField, info: FieldInfo, model: Model): Field[] {
  const raw = model[bound.key];
  const name = info.kernelName;
  if (raw === undefined) return [];
  if (info.text === true)
    return [field(name, bytesToText(raw as Uint8Array).text), tailField(name, raw as Uint8Array)];
  const { handover, form, structure } = drawn;
  if (bound.refers !== undefined && form !== undefined) {
    const address = raw as bigint;
    const target = referredElement(handover, form, structure, bound.refers, address);
    const told = isTold(referredStructure(handover, form, structure, bound.refers));
    const text = told || address === 0n ? (target?.name ?? 'none in the list') : null;
    return [field(name, text), strictField(`${name} address`, address)];
  }
  if (Array.isArray(raw)) return [field(name, raw.map((each) => hex(each as bigint)).join(' '))];
  if (raw instanceof Uint8Array || bound.hidden === true)
    return [strictField(name, raw as Uint8Array, 'hex')];
  if (typeof raw !== 'bigint' && typeof raw !== 'number') return [];
  if (bound.place === true) return [strictField(name, raw)];
  if (bound.countOf !== undefined) return [strictField(name, raw, 'count')];
  if (bound.form === 'flags') return [field(name, flagsText(info, raw))];
  if (bound.form === 'hex')
    return [typeof raw === 'number' ? field(name, hex(raw)) : field(name, raw, 'hex')];
  if (bound.form === 'bdf') return [field(name, bdfText(Number(raw)) ?? hex(raw))];
  const units = {
    count: 'count',
    index: 'count',
    bytes: 'size',
    pages: 'count',
    address: 'address',
  } as const;
  const unit =
    info.unit === undefined || !(info.unit in units) ? 'hex' : units[info.unit as keyof typeof units];
  const named = valueName(info, raw);
  return [named === undefined ? field(name, raw, unit) : field(name, named)];
}

function belowOf(drawn: Drawing, binding: RecordBinding, model: Model): List[] {
  const { place, strict, handover } = drawn;
  const lists = listsOf(binding).map((list) => elementList(drawn, list, model));
  for (const { id } of binding.record.fields) {
    const bound = fieldBinding(binding, id);
    if (bound.kind === 'one') {
      const target = model[bound.key] as Model | undefined;
      if (target !== undefined) lists.push(...belowOf(drawn, bound.record, target));
    } else if (bound.kind === 'held') lists.push(...namedOutline(drawn, bound, model).lists);
    else if (bound.kind === 'folios') {
      const file = model as unknown as FolioFile;
      // How large a folio is its block tells.
      const isSized = file.order !== undefined || handover.preservedMap?.complete !== false;
      lists.push(
        isSized
          ? folioList(file, handover.preserved?.pages, handover.pageSize, strict, place)
          : { name: 'folios', place },
      );
    }
  }
  return lists;
}

function elementList(drawn: Drawing, list: ListBinding, model: Model): List {
  const { place, structure } = drawn;
  const { plain, key } = list;
  const name = plain === undefined ? list.what : key;
  const found = listOf(list, model);
  // 0 is the address of an empty list.
  if (plain !== undefined && found === undefined && (model[`${key}Address`] ?? 0n) !== 0n)
    return { name, place };
  const { items = [], missing, damaged } = found ?? {};
  return {
    name,
    place,
    partial: missing !== undefined || damaged === true || (plain !== undefined && isCut(drawn, plain, model)),
    unnamed: plain === undefined && !isTold(structure),
    entities: {
      *[Symbol.iterator]() {
        for (const item of items) yield elementEntity(drawn, list, item, list.identity(item, structure));
      },
    },
  };
}

/** Whether all lists of a structure are whole: elements are named by those of others. */
function isTold(structure: Model | undefined): boolean {
  const form = structure === undefined ? undefined : formById(structure.form as string);
  if (structure === undefined || form === undefined) return false;
  return listsOf(form.root).every((list) => {
    const { missing, damaged } = listOf(list, structure) ?? {};
    return missing === undefined && damaged !== true;
  });
}

/** Whether part of a list is not in the dump: what it lacks may have been there. */
function isCut({ handover }: Drawing, { part }: PlainList, model: Model): boolean {
  return missingOf(handover, [part], model.address as bigint | undefined) !== undefined;
}

function elementEntity(drawn: Drawing, list: ListBinding, item: Model, key: string): Entity {
  const { plain, element } = list;
  const own: Place = { ...drawn.place, ...(plain?.place?.(item) ?? { element: `${element.what} ${key}` }) };
  const inner = { ...drawn, place: own };
  return {
    place: own,
    key,
    fields: fieldsOf(inner, element, item),
    lists: [...mappings(inner, item, own), ...(plain === undefined ? [] : belowOf(inner, element, item))],
  };
}

/** What the page tables of an element map. */
function mappings({ trees, handover, owners, strict }: Drawing, item: Model, place: Place): List[] {
  const { memory } = handover;
  const tree = trees.get(item.address as bigint);
  if (tree === undefined || memory === undefined) return [];
  return [mappingList(place, { memory, ...tree }, owners, strict)];
}

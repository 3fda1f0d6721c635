/** Where the records of structures are, along their bindings. Knows no structure by name. */
import type { Handover, Location } from '../abi/model.js';
import { handlerSubject } from '../abi/subject.js';
import { flbsOf } from '../abi/upstream/holders.js';
import type { FieldInfo, RecordType } from '../schema/record.js';
import { bytesToText } from '../schema/text.js';
import { type CountedFolios, FOLIO_SER_SIZE, type FolioList } from '../structures/folios.js';
import { formById, namedForms, structuresOf, subjectByKey } from '../structures/index.js';
import type { ListPage } from '../structures/model.js';
import {
  type ChainField,
  fieldBinding,
  type KeptField,
  type ListBinding,
  listCapacity,
  listOf,
  type Model,
  type PlainList,
  type RecordBinding,
  type StructureForm,
  type Translation,
} from '../structures/structure.js';
import { eachRecord } from '../structures/walk.js';
import { noRuns, type Owner, type PlacedTree } from './claim.js';
import { addFolios } from './folios.js';
import {
  claim,
  claimArea,
  claimPages,
  claimPlain,
  claimRecord,
  ofElement,
  ofInner,
  ofStructure,
  preservedBlock,
} from './owners.js';
import type { Place } from './place.js';
import type { ReferenceContext } from './sink.js';
import { addTranslation, translationTrees } from './translation.js';

/** A structure of a handover, and where it hangs. */
export interface HeldStructure {
  readonly form: StructureForm;
  readonly model: Model;
  /** Where it hangs, for people; empty for what is at the top. */
  readonly owner: string;
}

/** The structures that an object of the model has. */
export function* heldBy(object: object, owner: string): Generator<HeldStructure> {
  for (const { value } of structuresOf(object)) {
    const model = value as Model;
    const form = formById(model.form as string);
    if (form !== undefined) yield { form, model, owner };
  }
}

/** Tells the records of a structure and of everything that it leads to. */
export function addStructure(of: ReferenceContext, { form, model, owner }: HeldStructure): void {
  const context = ofStructure(of, form.subject);
  const list = `${form.subject} records`;
  // What LUO, and the root, lead to is restored as a folio.
  claimRecord(context, form.root, model, { preserved: 'block' });
  // What releases have needs no article: a file has one, and its folios are the file's.
  if (owner !== '' && subjectByKey(form.subject)?.released === true) {
    addRecord(context, form.root, model, `${form.root.what} of ${owner}`, list, owner);
    return;
  }
  const what = owner === '' ? `the ${form.root.what}` : `the ${form.root.what} of ${owner}`;
  addRecord(context, form.root, model, what, list);
}

/** The structures that are at the top of a handover, and hang on children of its root. */
export function addTopStructures(context: ReferenceContext, handover: Handover): void {
  for (const held of heldBy(handover, '')) {
    const { form, model } = held;
    const own = { ...context, owner: topOwner(handover, held) };
    addStructure(own, held);
    const translation = subjectByKey(form.subject)?.translation?.(model, context.memory);
    if (translation === undefined) continue;
    claim(ofStructure(own, form.subject), 'tables', 'page tables', noRuns, {
      trees: () => placedTrees(context, held, translation, own.owner.place),
    });
    addTranslation(context, translation);
  }
  for (const child of handover.subtrees ?? []) {
    const { name = '' } = child;
    const owner: Owner = { place: { part: 'subtree', subtree: name }, name: '', subject: { node: name } };
    for (const held of heldBy(child, `the child ${name}`)) addStructure({ ...context, owner }, held);
  }
}

/** The FLB that leads to a structure at the top is its name in findings; from boot to boot its own is. */
function topOwner(handover: Handover, { form, model }: HeldStructure): Owner {
  const flb = flbsOf(handover).find(
    ({ name, data }) =>
      data === model.address && namedForms('flb', bytesToText(name).text)?.subject.key === form.subject,
  );
  const subject = flb === undefined ? {} : handlerSubject(flb);
  return { place: { part: 'structure', structure: form.root.what }, name: '', subject };
}

function* placedTrees(
  { memory }: ReferenceContext,
  held: HeldStructure,
  translation: Translation,
  place: Place,
): Generator<PlacedTree> {
  for (const tree of translationTrees(memory, translation).values())
    yield { place: { ...place, element: elementName(held, tree.element) ?? tree.owner }, tree };
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
 * @param list records of one kind; of a list's elements the list of the owner
 * @param file whose its folios are
 */
function addRecord(
  context: ReferenceContext,
  binding: RecordBinding,
  model: Model,
  what: string,
  list: string,
  file = what,
): void {
  const { follows } = binding;
  const followed = follows === undefined ? undefined : listOf(follows, model);
  context.sink.record(binding.record, model.address as bigint, what, {
    list,
    ...(followed === undefined ? {} : { length: followed.items.length }),
    ...(binding.record.fields.some(({ id }) => fieldBinding(binding, id).kind === 'folios')
      ? listSizes(model as unknown as FolioList)
      : {}),
  });
  addBelow(context, binding, model, what, file);
}

/** Entries that the area of a list has, and those that the list has. */
function listSizes({ area, folios }: FolioList): { readonly capacity: number; readonly length: number } {
  const capacity = Math.floor((area.runs.length * area.runSize) / FOLIO_SER_SIZE);
  return { capacity, length: folios.length };
}

/** What a record leads to, and what follows it; the record itself is told. */
function addBelow(
  context: ReferenceContext,
  binding: RecordBinding,
  model: Model,
  what: string,
  file = what,
): void {
  const { record, follows } = binding;
  for (const info of record.fields) {
    const field = fieldBinding(binding, info.id);
    if ('list' in field && field.list.plain !== undefined && field.kind !== 'records') {
      claimPlain(context, field, field.list.plain, model, fieldAt(record, model, info));
      addPlain(context, field, field.list.plain, model, what);
    } else if (field.kind === 'chain') addChain(context, field, model, what, fieldAt(record, model, info));
    else if (field.kind === 'inside') addBelow(context, field.record, model, what);
    else if (field.kind === 'held') {
      for (const held of heldBy(model, what)) addStructure(context, held);
    } else if (field.kind === 'one') {
      const target = model[field.key] as Model | undefined;
      if (target === undefined) continue;
      const own = ofInner(context);
      claimRecord(own, field.record, target, preservedBlock(info));
      addRecord(own, field.record, target, `the ${field.record.what} of ${what}`, field.record.what);
    } else if (field.kind === 'variant') {
      for (const [name, variant] of Object.entries(field.variants)) {
        const part = model[name] as Model | undefined;
        if (part !== undefined)
          addRecord(context, variant, part, `the ${variant.what} of ${what}`, variant.record.name);
      }
    } else if (field.kind === 'folios') {
      const list = model as unknown as CountedFolios;
      claimArea(context, list.area, { area: list.area, by: fieldAt(record, model, info) });
      claim(context, 'contents', 'contents', noRuns, { preserved: 'block', folios: list });
      addFolios(context, list, file);
    }
  }
  if (follows === undefined) return;
  const list = listOf(follows, model);
  const first = (model.address as bigint) + BigInt(record.size ?? 0);
  if (list !== undefined) addElements(context, follows, list.items, first, what);
}

/** A field of a record that is at the model's address. */
function fieldAt({ name }: RecordType<unknown>, { address }: Model, info: FieldInfo): Location {
  const field = `${name}.${info.kernelName}`;
  if (typeof address !== 'bigint') return { field };
  return { address: address + BigInt((info.bitOffset ?? 0) >> 3), field };
}

/** Elements that are end to end. */
function addElements(
  context: ReferenceContext,
  { element, what }: ListBinding,
  items: readonly Model[],
  at: bigint,
  owner: string,
): void {
  context.sink.array({
    record: element.record,
    count: items.length,
    at,
    what: (i) => `${element.what} ${i} of ${owner}`,
    traits: { list: `${what} of ${owner}` },
  });
  for (const [i, item] of items.entries())
    addBelow(context, element, item, `${element.what} ${i} of ${owner}`);
}

/** The pages of a list: header and elements each. */
function addChain(
  context: ReferenceContext,
  field: ChainField,
  model: Model,
  owner: string,
  by: Location,
): void {
  const { list, chain } = field;
  const known = listOf(list, model);
  const { items = [], pages = [], damaged } = known ?? {};
  claimPages(context, field, model, known?.pages, { by, ...(damaged === undefined ? {} : { damaged }) });
  let done = 0;
  for (const [i, page] of pages.entries()) {
    addPages(context, field, [page], list.what, i);
    const first = page.address + BigInt(chain.header.size ?? 0);
    const end = page.address + BigInt(context.pageSize);
    const here: Model[] = [];
    for (let item = items[done]; item !== undefined; item = items[++done]) {
      const at = item.address as bigint;
      if (at < first || at >= end) break;
      here.push(item);
    }
    addElements(context, list, here, first, owner);
  }
}

/** Lists that are arrays of a model, and what they lead to; of a rider, to which a property or a record leads. */
export function addKept(context: ReferenceContext, fields: readonly KeptField[], model: Model): void {
  for (const field of fields)
    if (field.list.plain !== undefined) addPlain(context, field, field.list.plain, model, '');
}

function addPlain(
  context: ReferenceContext,
  field: KeptField,
  plain: PlainList,
  model: Model,
  owner: string,
): void {
  const { sink, pageSize } = context;
  const { key, element, called } = field.list;
  const items = (model[key] ?? []) as readonly Model[];
  const list = owner === '' ? key : `${key} of ${owner}`;
  const capacity = listCapacity(field, pageSize);
  if (field.kind === 'area') {
    const { header, what } = field.area;
    const isRead = Object.values(plain.header ?? {}).some((said) => model[said] !== undefined);
    if (header !== undefined && isRead)
      sink.record(header, model[`${key}Address`] as bigint, `the ${what}`, {
        capacity,
        length: items.length,
      });
  } else addPages(context, field, (model[plain.pages ?? ''] ?? []) as readonly ListPage[], list);
  for (const [i, item] of items.entries()) {
    const text = called?.(item) ?? '';
    const name = `${element.what} ${text === '' ? i : `"${text}"`}`;
    const what = owner === '' ? name : `${owner} ${name}`;
    if (item.address !== undefined)
      sink.record(element.record, item.address as bigint, what, {
        list,
        ...sizesBelow(element, item, pageSize),
      });
    addBelow(ofElement(context, plain, item), element, item, what);
  }
}

/** Elements that the list has room for to which a record inside an element leads, and those that it has. */
function sizesBelow(
  { record, fields }: RecordBinding,
  item: Model,
  pageSize: number,
): { readonly capacity?: number; readonly length?: number } {
  for (const { id } of record.fields) {
    const field = fields?.[id];
    if (field?.kind === 'inside') return sizesBelow(field.record, item, pageSize);
    if (field?.kind !== 'chain' && field?.kind !== 'area') continue;
    const length = listOf(field.list, item)?.items.length ?? 0;
    return { capacity: listCapacity(field, pageSize), length };
  }
  return {};
}

/** The pages of a list: each, and its header. */
export function addPages(
  { sink, pageSize }: ReferenceContext,
  field: ChainField,
  pages: readonly { readonly address: bigint; readonly count: bigint | number }[],
  of: string,
  from = 0,
): void {
  const { page, header } = field.chain;
  const list = `${page}s of ${of}`;
  const capacity = listCapacity(field, pageSize);
  for (const [i, { address, count }] of pages.entries()) {
    const what = `${page} ${from + i} of ${of}`;
    sink.page({ address: Number(address), length: pageSize, chain: list, what });
    sink.record(header, address, what, { list, capacity, length: Number(count) });
  }
}

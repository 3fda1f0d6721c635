/** Reads a structure along its binding: the record, and what its pointers lead to. Knows no structure by name. */
import { firstAbsent, physicalAddress, readBytes } from '../../memory/read.js';
import type { KhoVmalloc } from '../../records/vmalloc.js';
import { ownVersion } from '../../schema/composite.js';
import type { FieldInfo, RecordType } from '../../schema/record.js';
import { bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { namedForms } from '../../structures/index.js';
import type { ListPage, StructureList } from '../../structures/model.js';
import {
  type AreaField,
  type ChainField,
  type FollowingList,
  fieldBinding,
  flagKeys,
  type HeldField,
  isZero,
  type KeptField,
  type Model,
  type PlainList,
  type RecordBinding,
  type VariantField,
} from '../../structures/structure.js';
import { dataView } from '../bytes.js';
import { type RecordArea, readArea, readChain } from '../upstream/chain.js';
import { type Context, claim, contextOf, mayRead } from '../upstream/context.js';
import { readFolioList } from '../upstream/folios.js';
import { readKnown } from '../upstream/pages.js';
import type { Reporter } from '../upstream/report.js';
import { clearBitmaps, clearSingle, clearUnlike, restOfPage } from '../upstream/reused.js';

/** MAX_PAGE_ORDER of the kernel's page allocator: a record with elements after it is one block at most. */
const MAX_BLOCK_ORDER = 10;

type Fields = Readonly<Record<string, unknown>>;

/** One structure being read. */
export interface Reading {
  readonly context: Context;
  /** Whose it is, for messages, e.g. `file 2 of session "vm"`. */
  readonly owner: string;
  /** The structure's own record, as far as it is read. */
  structure?: Model;
}

/**
 * Reads a record and everything below it.
 *
 * @param what for messages
 * @returns undefined, and reported, where the dump does not hold the record
 */
export function readStructure(
  reading: Reading,
  binding: RecordBinding,
  address: bigint,
  what: string,
): Model | undefined {
  const { memory, reporter } = reading.context;
  const { size, read } = fixed(binding.record);
  const bytes = mayRead(reading.context, address) ? readBytes(memory, address, size) : undefined;
  if (bytes === undefined) {
    reporter.absent(what, address);
    return undefined;
  }
  const at = Number(address);
  const around = restOfPage(reading.context, at + size);
  // Where records follow it they are letters, or addresses of the kernel, as well.
  clearSingle(reporter, memory, binding.record, { bytes, at }, what, { alone: true, around });
  return modelOf(reading, binding, read(dataView(bytes), 0) as Fields, address);
}

/** A record type whose size does not depend on data; a binding that has another is a mistake. */
export function fixed(record: RecordType<unknown>): Required<Pick<RecordType<unknown>, 'read' | 'write'>> & {
  readonly size: number;
} {
  const { size, read, write } = record;
  if (size === undefined || read === undefined || write === undefined)
    throw new TypeError(`${record.name} has no fixed size`);
  return { size, read, write };
}

/** The model of a record that is read already. */
export function modelOf(reading: Reading, binding: RecordBinding, value: Fields, address: bigint): Model {
  const model: Model = { address };
  reading.structure ??= model;
  for (const info of binding.record.fields) addField(reading, binding, info, value, model);
  if (binding.follows !== undefined) {
    const first = address + BigInt(fixed(binding.record).size);
    model[binding.follows.key] = readFollowing(reading, binding, binding.follows, value, first);
  }
  return model;
}

function addField(
  reading: Reading,
  binding: RecordBinding,
  info: FieldInfo,
  value: Fields,
  model: Model,
): void {
  const field = fieldBinding(binding, info.id);
  const raw = value[info.id];
  switch (field.kind) {
    case 'value':
      if (field.hidden === true && isZero(raw)) return;
      model[field.key] = field.wide === true && typeof raw === 'number' ? BigInt(raw) : raw;
      return;
    case 'flags':
      model[field.key] = raw;
      for (const { key, mask } of flagKeys(info)) model[key] = (BigInt(raw as number | bigint) & mask) !== 0n;
      return;
    case 'chain':
    case 'area':
      model[`${field.list.key}Address`] = raw;
      readKept(reading, field, raw as bigint, model, { binding, value });
      return;
    case 'inside':
      for (const inner of field.record.record.fields)
        addField(reading, field.record, inner, raw as Fields, model);
      return;
    case 'held':
      model[field.key] = raw;
      readHeld(reading, field, raw as bigint, model);
      return;
    case 'one': {
      model[`${field.key}Address`] = raw;
      if (raw === (info.pointer?.null ?? 0n)) return;
      const what = `${field.record.what} of ${reading.owner}`;
      const target = readStructure(reading, field.record, raw as bigint, what);
      if (target !== undefined) model[field.key] = target;
      return;
    }
    case 'records': {
      const base = (model.address as bigint) + BigInt((info.bitOffset ?? 0) / 8);
      const size = fixed(field.list.element.record).size;
      const all = raw as readonly Fields[];
      const used = Math.max(
        Math.min(Number(value[field.count]), all.length),
        all.findLastIndex((each) => !Object.values(each).every(isZero)) + 1,
      );
      const items = all
        .slice(0, used)
        .map((each, i) => modelOf(reading, field.list.element, each, base + BigInt(i * size)));
      model[field.list.key] = { items } satisfies StructureList<Model>;
      return;
    }
    case 'folios': {
      const address = model.address as bigint;
      const owner = {
        address,
        what: reading.owner,
        field: `${binding.record.name}.${kernelName(binding.record, field.count)}`,
        code: field.code ?? 'folio-count',
      };
      const count = value[field.count] as bigint;
      Object.assign(model, readFolioList(reading.context, raw as KhoVmalloc, count, owner));
      return;
    }
    case 'variant':
      addVariant(reading, field, raw as Uint8Array, model, info);
  }
}

function kernelName({ fields }: RecordType<unknown>, id: string): string {
  return fields.find((field) => field.id === id)?.kernelName ?? id;
}

/** The bytes as what they are of, and by themselves where nothing says that, or where that leaves some out. */
function addVariant(
  reading: Reading,
  field: VariantField,
  bytes: Uint8Array,
  model: Model,
  info: FieldInfo,
): void {
  const name = field.select(model, reading.structure ?? model);
  const binding = name === undefined ? undefined : field.variants[name];
  if (name === undefined || binding === undefined) {
    if (!isZero(bytes)) model[field.key] = bytes;
    return;
  }
  const { size, read } = fixed(binding.record);
  const address = (model.address as bigint) + BigInt((info.bitOffset ?? 0) / 8);
  clearBitmaps(reading.context.reporter, binding.record, { bytes, at: Number(address) }, binding.what);
  model[name] = modelOf(reading, binding, read(dataView(bytes), 0) as Fields, address);
  const rest = bytes.subarray(size);
  if (!isZero(rest)) model[`${field.key}Rest`] = rest;
}

/** The context for one list, and what of it turned out to be absent. */
function watched(context: Context): {
  readonly context: Context;
  readonly missing: { what: string; address: bigint }[];
} {
  const missing: { what: string; address: bigint }[] = [];
  const watch = (reporter: Reporter): Reporter => ({
    ...reporter,
    of: (part, owner) => watch(reporter.of(part, owner)),
    absent(what, address, location) {
      missing.push({ what, address: BigInt(address) });
      reporter.absent(what, address, location);
    },
  });
  return { context: { ...context, reporter: watch(context.reporter) }, missing };
}

/** The record that leads to a list. */
interface Leading {
  readonly binding: RecordBinding;
  readonly value: Fields;
}

/**
 * Reads a list that is kept apart from what leads to it, and puts it into the model of that.
 *
 * @param head its address as stored
 * @param leading the record that has the address; left out where a property of a tree has it
 */
export function readKept(
  reading: Reading,
  field: KeptField,
  head: bigint,
  model: Model,
  leading?: Leading,
): void {
  const { plain, key } = field.list;
  if (plain !== undefined) readPlain(reading, field, plain, head, model, leading);
  else if (field.kind === 'chain') model[key] = readPages(reading, field, head);
}

function readPages(reading: Reading, { chain, list }: ChainField, head: bigint): StructureList<Model> {
  const { context, missing } = watched(reading.context);
  const { records, blocks, complete } = readChain(context, head, chain, list.element.record, list.what);
  return finished(
    records.map(({ value, address }) => modelOf(reading, list.element, value as Fields, address)),
    missing,
    complete,
    blocks,
  );
}

/** A list that is an array of the model. It is left out where nothing of it is known. */
function readPlain(
  { context, owner }: Reading,
  field: KeptField,
  { part, code, pages, header }: PlainList,
  head: bigint,
  model: Model,
  leading: Leading | undefined,
): void {
  const { list } = field;
  const own = contextOf(context, part, leading === undefined ? undefined : (model.address as bigint));
  const what = leading === undefined ? list.what : `${list.what} of ${owner}`;
  const count = field.count === undefined ? undefined : (leading?.value[field.count] as bigint);
  const chain = field.kind === 'chain';
  const found = chain
    ? readChain(own, head, field.chain, list.element.record, what)
    : readAllocation(own, field, head, what, count, leading);
  if (found === undefined) return;
  const { records, absent, complete, blocks = [], header: said } = found as Allocation;
  if (chain && pages !== undefined) model[pages] = blocks;
  for (const [id, key] of Object.entries(header ?? {})) if (said !== undefined) model[key] = said[id];
  // Of a chain that nobody counts the first page tells whether there is a list.
  const known = chain && count === undefined ? complete || blocks.length > 0 : !absent;
  if (records.length === 0 && !known) return;
  model[list.key] = records.map(({ value, address }, i) => {
    const name = `${list.element.what} ${list.called === undefined ? i : `"${list.called(value as Model)}"`}`;
    const named = { context, owner: leading === undefined ? name : `${name} of ${owner}` };
    return Object.assign(modelOf(named, list.element, value as Fields, address), { origin: { address } });
  });
  if (leading === undefined || count === undefined || BigInt(records.length) === count) return;
  context.reporter.add(
    `${code}-${list.element.what}-count`,
    `${owner} has a count of ${count} ${list.what}, but only ${records.length} can be read`,
    { address: model.address as bigint, field: fieldName(leading.binding.record, field.count ?? '') },
  );
}

type Allocation = RecordArea<unknown> & { readonly blocks?: readonly ListPage[] };

/** The records of one allocation; undefined, and reported, where there is none, or another list has it. */
function readAllocation(
  context: Context,
  field: AreaField,
  head: bigint,
  what: string,
  count: bigint | undefined,
  leading: Leading | undefined,
): Allocation | undefined {
  const { list, area } = field;
  const at = physicalAddress(head);
  if (head === 0n) return count === undefined ? undefined : { records: [], complete: true, absent: false };
  if (leading !== undefined && (at === undefined || !claim(context, at))) {
    const [kind] = area.what.split(' ');
    const why = at === undefined ? 'no physical address' : `the ${kind} of another ${leading.binding.what}`;
    context.reporter.add(`${list.plain?.code}-${list.key}`, `${what}: ${hex(head)} is ${why}`, {
      address: head,
      field: fieldName(leading.binding.record, list.key),
    });
    return undefined;
  }
  return readArea(context, head, field, count ?? 0n, what);
}

/** The kernel's name of a record and of its field. */
function fieldName(record: RecordType<unknown>, id: string): string {
  return `${record.kernelName.replace(/^struct /, '')}.${kernelName(record, id)}`;
}

/** Reads what a file holds of an ABI that releases have: its name alone tells the form. */
function readHeld(reading: Reading, { holder, name: key }: HeldField, data: bigint, model: Model): void {
  const { context, owner } = reading;
  const name = bytesToText(model[key] as Uint8Array).text;
  const { subject, forms } = namedForms(holder, name) ?? {};
  const form = forms?.[0];
  if (form === undefined || subject?.released !== true) return;
  const own = contextOf(context, subject.part, data);
  const what = `${form.root.what} record of ${owner}`;
  const record = readStructure({ context: own, owner }, form.root, data, what);
  if (record !== undefined)
    model[subject.key] = { form: form.id, ...record, version: form.id, origin: { address: data } };
  const version = ownVersion(name);
  if (name !== version) model.draft = { draft: `${version} with a composite string`, source: 'upstream 4.1' };
}

function finished(
  items: readonly Model[],
  missing: readonly { what: string; address: bigint }[],
  complete: boolean,
  pages?: readonly ListPage[],
): StructureList<Model> {
  const [first] = missing;
  return {
    items,
    ...(pages === undefined ? {} : { pages }),
    ...(first === undefined ? {} : { missing: first }),
    ...(complete || first !== undefined ? {} : { damaged: true }),
  };
}

/** Elements after a record. All of it is one block of the page allocator, and no more of it is read than is there. */
function readFollowing(
  reading: Reading,
  { record }: RecordBinding,
  list: FollowingList,
  value: Fields,
  first: bigint,
): StructureList<Model> {
  const { context, missing } = watched(reading.context);
  const { memory, pageSize, reporter } = context;
  const { size, read } = fixed(list.element.record);
  const claimed = BigInt(value[list.count] as number | bigint);
  const what = `${list.what} of ${reading.owner}`;
  const head = fixed(record).size;
  const most = Math.floor((pageSize * 2 ** MAX_BLOCK_ORDER - head) / size);
  const fits = claimed <= BigInt(most);
  if (!fits) {
    reporter.add(
      'array-count',
      `${what}: the count is ${claimed}, but a block of memory has room for ${most}`,
      {
        address: first - BigInt(head),
        field: `${record.name}.${kernelName(record, list.count)}`,
      },
    );
  }
  const start = physicalAddress(first);
  const wanted = fits ? Number(claimed) : 0;
  const { count: known, absent } =
    start === undefined ? NOTHING : knownElements(context, start, wanted, size);
  if (known < wanted && absent)
    reporter.absent(known === 0 ? what : `rest of the ${what}`, first + BigInt(known * size));
  const bytes = start === undefined || known === 0 ? undefined : readKnown(memory, start, known * size);
  if (bytes !== undefined && start !== undefined)
    clearUnlike(
      reporter,
      list.element.record,
      { bytes: bytes.bytes, at: start },
      0,
      known * size,
      what,
      restOfPage(context, start + known * size),
    );
  const view = bytes === undefined ? undefined : dataView(bytes.bytes);
  const items: Model[] = [];
  for (let i = 0; view !== undefined && i < known; i++)
    items.push(modelOf(reading, list.element, read(view, i * size) as Fields, first + BigInt(i * size)));
  return finished(items, missing, fits && known === wanted);
}

/** How many elements can be read, and whether it is the memory that has no more. */
interface Readable {
  readonly count: number;
  readonly absent: boolean;
}

const NOTHING: Readable = { count: 0, absent: true };

/** Elements that the memory has, in pages that no other list has. */
function knownElements(context: Context, start: number, wanted: number, size: number): Readable {
  const { memory, pageSize, reporter } = context;
  if (wanted === 0) return NOTHING;
  const absent = firstAbsent(memory, start, start + wanted * size);
  const end = absent ?? start + wanted * size;
  const count = Math.floor((end - start) / size);
  if (memory.budget?.take('lists', end - start) === false) return NOTHING;
  for (let page = (Math.floor(start / pageSize) + 1) * pageSize; page < end; page += pageSize) {
    if (claim(context, page)) continue;
    reporter.add('list-shared', `the page at 0x${page.toString(16)} already belongs to a list`, {
      address: BigInt(page),
    });
    return { count: Math.floor((page - start) / size), absent: false };
  }
  return { count, absent: absent !== undefined };
}

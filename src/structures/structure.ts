/**
 * What a binding of a structure in memory is: its record, what the model calls its fields, where its pointers lead and
 * how. What formats/ says of a field (width, names of values, what a pointer is, its null) is not said again.
 */
import type { PhysicalMemory } from '../memory/physical.js';
import type { FieldInfo, RecordType } from '../schema/record.js';
import type { StructureList } from './model.js';
import type { LIST_PARTS, StructurePart } from './typed.js';

/** A record or an element as plain data, under the keys of its binding, with its `address`. */
export interface Model {
  [key: string]: unknown;
}

/**
 * How a number is written for people and in JSON, where the width of its field does not say it: as `bb:dd.f`; in
 * hexadecimal; in JSON in hexadecimal, and for people by the names of its bits.
 */
export type Form = 'bdf' | 'hex' | 'flags';

/** A list that a field's value, a physical address, leads into: to one of its elements. */
export interface Target {
  readonly subject: string;
  readonly list: string;
}

/** A number or bytes. */
export interface ValueField {
  readonly kind: 'value';
  readonly key: string;
  readonly form?: Form;
  /** A bigint in the model although this form has 32 bits of it or fewer: another form has more. */
  readonly wide?: true;
  /** Element that it is the address of. */
  readonly refers?: Target;
  /** Key of the structure of a file of the same session: it is the token of that file. */
  readonly file?: string;
  /** List of which an element has the same value under the same key. */
  readonly among?: Target;
  /** List whose length it is: left out of JSON where it agrees. */
  readonly countOf?: string;
  /** Says where something is, and nothing on its own. */
  readonly place?: true;
  /** Padding, or a value that only a running kernel has: in the model where it is not zero. */
  readonly hidden?: true;
}

/** Bits with names: one key each, true or false, and the whole number under `key`. */
export interface FlagsField {
  readonly kind: 'flags';
  readonly key: string;
}

/** The head of a list in linked pages; element records follow the header of each page. */
export interface ChainField {
  readonly kind: 'chain';
  readonly list: ListBinding;
  readonly chain: Chain;
  /** Field of the same record that counts the elements of all pages. */
  readonly count?: string;
}

/** The address of one allocation in which element records are end to end. */
export interface AreaField {
  readonly kind: 'area';
  readonly list: ListBinding;
  readonly area: Area;
  /** Field of the same record that counts the elements, where the allocation has no header that does. */
  readonly count?: string;
}

/** A list that a record leads to. */
export type KeptField = ChainField | AreaField;

/** A record inside the record: its keys are those of the enclosing one. */
export interface InsideField {
  readonly kind: 'inside';
  readonly record: RecordBinding;
}

/** The value of a handler, of a state's owner: the address of the structure that a name beside it stands for. */
export interface HeldField {
  readonly kind: 'held';
  readonly key: string;
  readonly holder: 'file' | 'flb';
  /** Key of the name. */
  readonly name: string;
}

/** A record that the field points to. */
export interface OneField {
  readonly kind: 'one';
  readonly key: string;
  readonly record: RecordBinding;
}

/** An array of records inside the record. */
export interface RecordsField {
  readonly kind: 'records';
  readonly list: ListBinding;
  /** Field that says how many are in use; the others are left out while they are zero. */
  readonly count: string;
}

/** A preserved vmalloc area that holds a list of folios. */
export interface FoliosField {
  readonly kind: 'folios';
  /** Field that says how many there are. */
  readonly count: string;
  /** Code of the diagnostic where that does not fit; `folio-count` where it is left out. */
  readonly code?: string;
}

/** Bytes that one of several records lays out. */
export interface VariantField {
  readonly kind: 'variant';
  /** Key of the bytes, where nothing says whose they are. */
  readonly key: string;
  /** Their records, by the key that the model has for each. */
  readonly variants: Readonly<Record<string, RecordBinding>>;
  /** The variant of an element; what is before it in its record, and in the structure, is read already. */
  select(element: Model, structure: Model): string | undefined;
}

export type FieldBinding =
  | ValueField
  | FlagsField
  | KeptField
  | InsideField
  | HeldField
  | OneField
  | RecordsField
  | FoliosField
  | VariantField;

/** A record of a structure. */
export interface RecordBinding {
  readonly record: RecordType<unknown>;
  /** One of them, for people. */
  readonly what: string;
  /** Fields, by their id in formats/, whose key is another than that id, or that are more than a value. */
  readonly fields?: Readonly<Record<string, FieldBinding>>;
  /** Ids of fields of padding and run-time values. */
  readonly hidden?: readonly string[];
  /** Elements that follow the record without a gap. */
  readonly follows?: FollowingList;
  /** JSON has its address: something refers to it. */
  readonly addressed?: true;
  /** Keys of the PCI function that the record is of. */
  readonly pciFunction?: { readonly segment: string; readonly bdf: string };
  /** Key of a flag that says that an element is out of use: its other fields may be stale. */
  readonly unused?: string;
  /** Id of the field that names an element, and says nothing else. */
  readonly naming?: string;
  /** Ids of all fields in the order in which JSON has them, where that is not the record's. */
  readonly order?: readonly string[];
}

/** A list that is an array in the model, with what else is known of it beside it in the record that leads to it. */
export interface PlainList {
  /** What of a handover is missing where the list is not whole. */
  readonly part: (typeof LIST_PARTS)[number];
  /** What codes of diagnostics on it begin with. */
  readonly code: string;
  /** Key of the pages that hold it; there are none where it is in one allocation. */
  readonly pages?: string;
  /** Keys of the fields of the header of its allocation, by their ids. */
  readonly header?: Readonly<Record<string, string>>;
  /** Where an element is, by what outlives a kexec. */
  place(element: Model): Readonly<Record<string, bigint | Uint8Array>>;
}

export interface ListBinding {
  /** Key in the model and in JSON. */
  readonly key: string;
  /** Several, for people. */
  readonly what: string;
  readonly element: RecordBinding;
  readonly plain?: PlainList;
  /** Names an element among those of its list: the same in another dump of the same machine. */
  identity(element: Model, structure: Model): string;
  /** The name that an element has for people; they are told by their positions where it is left out. */
  called?(element: Model): string;
}

/** Elements after a record. */
export interface FollowingList extends ListBinding {
  /** Id of the field that says how many. */
  readonly count: string;
}

/** How the pages of a list are linked. */
export interface Chain {
  /** What is at the start of each: a pointer to the next and a count. */
  readonly header: RecordType<unknown>;
  /** What a page is called. */
  readonly page: 'block' | 'page' | 'chunk';
  /** Whether the kernel takes a page without elements. */
  readonly empty: boolean;
  /** Pages that the kernel takes at most. */
  readonly limit?: number;
}

/** One allocation of so many pages, a power of two; records follow its header. */
export interface Area {
  readonly pages: number;
  /** With a field that counts the records; without a header their owner does. */
  readonly header?: RecordType<unknown>;
  /** For people. */
  readonly what: string;
}

/** One form of a structure. */
export interface StructureForm {
  /** Unique among all forms; `form` of the model. */
  readonly id: string;
  readonly subject: string;
  /** Which it is, for people, e.g. `iommufd-v1, later form`. */
  readonly title: string;
  /** Strings that LUO, or the root, has for it. */
  readonly names: readonly string[];
  /** Field of the record that tells versions apart, and those that are of this form. */
  readonly version?: { readonly field: string; readonly values: readonly (number | bigint)[] };
  /** The blob of the child is a tree, a property of which holds the physical address of the record. */
  readonly tree?: { readonly compatible: string; readonly property: string };
  /** Where the layout is known from. */
  readonly source: string;
  readonly root: RecordBinding;
  /** Forms of other structures that the same kernels wrote. */
  readonly alongside?: readonly string[];
  /** Keys of the newest form that this one does not have, and the values there that say the same. */
  readonly lacks?: Readonly<Record<string, number>>;
}

/** A word or two about a structure. */
export interface Word {
  readonly text: string;
  /** Of less weight than the others. */
  readonly faint?: true;
}

/** A remapping unit that a structure names. */
export interface TranslationUnit {
  readonly name: string;
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
}

/** The top of a tree of page tables that a structure names. */
export interface TranslationTable {
  /** Address of the element that names it. */
  readonly element: bigint;
  readonly what: string;
  /** Physical address of the top table. */
  readonly root: bigint;
  readonly levels: number;
  /** What its entries are, unless the structures of a unit say otherwise. */
  readonly stage: 'first' | 'second';
}

/** Translation tables that hardware reads and a structure leads to. */
export interface Translation {
  readonly units: readonly TranslationUnit[];
  readonly tables: readonly TranslationTable[];
}

/** Where a structure hangs, and what it is called. */
export interface Subject {
  /** Key in the model and in JSON. */
  readonly key: string;
  /** A LUO file's `data`, an FLB's, or the blob of a child of the root. */
  readonly holder: 'file' | 'flb' | 'child';
  /** Under its key at the top of the model and of JSON, rather than at its holder. */
  readonly top?: true;
  /** One, and several, for people. */
  readonly what: string;
  readonly plural: string;
  /** What it is part of, where it is not in the dump. */
  readonly part: StructurePart;
  /** Area of the rules on it, and what that is about. */
  readonly area?: { readonly id: string; readonly title: string };
  /**
   * Releases have it, and the string alone tells its form: JSON has neither form nor address, and typed code finds
   * them as `version` and `origin`.
   */
  readonly released?: true;
  /** Forms, the newest first. */
  readonly forms: readonly StructureForm[];
  /** A structure in a line, where its fields one by one are not what people look for. */
  line?(model: Model): readonly Word[];
  /** Translation tables that hardware reads; what memory holds of them tells their kind. */
  translation?(model: Model, memory: PhysicalMemory | undefined): Translation;
}

/** A field with another key, or with more to say. */
export function value(key: string, more: Omit<ValueField, 'kind' | 'key'> = {}): ValueField {
  return { kind: 'value', key, ...more };
}

/** Bits with names. */
export function bits(key: string): FlagsField {
  return { kind: 'flags', key };
}

/** The binding of a field: as given, or a value under its own id. */
export function fieldBinding({ fields, hidden }: RecordBinding, id: string): FieldBinding {
  const given = fields?.[id];
  if (given !== undefined) return given;
  return hidden?.includes(id) === true
    ? { kind: 'value', key: id, hidden: true }
    : { kind: 'value', key: id };
}

/** Key of a field that has a plain value. */
export function fieldKey(binding: RecordBinding, id: string): string {
  const field = fieldBinding(binding, id);
  if (field.kind !== 'value') throw new TypeError(`${binding.what}.${id} is not a plain value`);
  return field.key;
}

/** The model of a record of plain values; what is hidden is there where it is not zero. */
export function plainModel(binding: RecordBinding, value: Readonly<Record<string, unknown>>): Model {
  const model: Model = {};
  for (const { id } of binding.record.fields)
    if (binding.hidden?.includes(id) !== true || !isZero(value[id])) model[fieldKey(binding, id)] = value[id];
  return model;
}

/** A flag of a field: its key in the model, and its bits. */
export interface FlagKey {
  readonly key: string;
  readonly mask: bigint;
}

/** The flags that formats/ names for a field. */
export function flagKeys({ values }: FieldInfo): FlagKey[] {
  return [...(values ?? [])].map(([mask, name]) => ({
    key: name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    mask: BigInt(mask),
  }));
}

/** A list of a model; undefined where the model has none. */
export function listOf({ key, plain }: ListBinding, model: Model): StructureList<Model> | undefined {
  const list = model[key];
  if (plain === undefined || list === undefined) return list as StructureList<Model> | undefined;
  const pages = model[plain.pages ?? ''] as StructureList<Model>['pages'];
  return { items: list as readonly Model[], ...(pages === undefined ? {} : { pages }) };
}

/** The fields of a record in the order in which JSON has them. */
export function orderedFields({ record, order }: RecordBinding): readonly FieldInfo[] {
  if (order === undefined) return record.fields;
  return order.flatMap((id) => record.fields.filter((info) => info.id === id));
}

/** Records that a list's allocation has room for, or one of its linked pages. */
export function listCapacity(field: KeptField, pageSize: number): number {
  const [room, header] =
    field.kind === 'chain'
      ? [pageSize, field.chain.header]
      : [field.area.pages * pageSize, field.area.header];
  return Math.floor((room - (header?.size ?? 0)) / (field.list.element.record.size ?? pageSize));
}

/** The list of folios whose entries a field counts. */
export function countedFolios(binding: RecordBinding, id: string): FoliosField | undefined {
  for (const each of binding.record.fields) {
    const field = fieldBinding(binding, each.id);
    if (field.kind === 'folios' && field.count === id) return field;
  }
  return undefined;
}

/** Whether a value of a record says nothing: zero, or bytes that are. */
export function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0);
  if (Array.isArray(value)) return value.every(isZero);
  return value === 0 || value === 0n || value === undefined;
}

/**
 * How nodes and properties of a devicetree blob correspond to the typed model. A binding is data:
 * decode reads it, encode writes in its order, and the reference graph is derived from its records.
 */
import type { RecordType } from '../schema/record.js';
import type { Compared } from './compared.js';
import type { Model } from './structure.js';
import type { TreeMemory } from './tree-memory.js';
import type { NodeKey, NodePart } from './typed.js';

/** A property's value: which record, how many, and where it goes in the model. */
export interface PropertyBinding {
  readonly property: string;
  /** Key in the model object of the enclosing node. */
  readonly key: string;
  readonly record: RecordType<never>;
  /**
   * - `value`: one record with a single field, stored as that field's value;
   * - `record`: one record, stored as an object;
   * - `records`: a packed array to the end of the property, stored as a RecordView.
   */
  readonly shape: 'value' | 'record' | 'records';
  /** For `records`: how many the writer always emits. */
  readonly count?: number;
}

/** How a child node's name is made. */
export type NodeName =
  /** Exactly this name. */
  | { readonly literal: string }
  /** Canonical number (no leading zeros), kept under `key`; `wide` fields are bigint in the model. */
  | {
      readonly number: 'decimal' | 'hex';
      readonly prefix?: string;
      readonly key: string;
      readonly wide: boolean;
    }
  /** Any name not bound otherwise, kept under `key`. */
  | { readonly any: true; readonly key: string };

/** A node, in the order in which its writer emits what is below it. */
export interface NodeBinding {
  readonly name: NodeName;
  /**
   * - `merge`: keys go into the enclosing node's object;
   * - `object`: a new object under `key`;
   * - `list`: each matching node is one element of the array `key`.
   */
  readonly place:
    | { readonly merge: true }
    | { readonly object: string }
    /** No tree that a kernel wrote has more than `most` of them in a node; those beyond have no typed form. */
    | { readonly list: string; readonly most?: number };
  /** Value of the `compatible` property, which the writer emits first. Another value makes the node opaque. */
  readonly compatible?: string;
  /** The model has that string. */
  readonly told?: true;
  readonly properties: readonly PropertyBinding[];
  readonly children: readonly NodeBinding[];
  /** What its records lead to, and those of nodes that are merged into it. */
  readonly memory?: TreeMemory;
  /** Its page tables. */
  readonly tables?: NodeTables;
  /** Memory that is somebody's and is not described. */
  readonly buffer?: NodeBuffer;
  /** The part of a handover that it is. */
  readonly part?: NodePart;
  /** What names it among others of its list, wherever its memory is: keys of the model by those of a place. */
  readonly named?: Readonly<Partial<Record<NodeKey, string>>>;
  /** What it is compared by, beside the nodes below it. */
  readonly compared?: readonly Compared[];
}

/** Second-stage page tables. */
export interface NodeTables {
  /** Key of the physical address of the top table. */
  readonly root: string;
  /** Key of the number of levels, which is so many more. */
  readonly levels: string;
  readonly more: number;
  /** Whose they are, for people, with the key of its number. */
  readonly what: string;
  readonly number: string;
}

/** Memory that records of a node name. */
export interface NodeBuffer {
  /** Key of the records. */
  readonly key: string;
  readonly what: string;
  /** In findings: its keys, and those of the model that have them, the first that has one. */
  readonly subject: Readonly<Record<string, readonly string[]>>;
}

/** A whole tree of one generation. */
export interface TreeBinding {
  /** Root compatible string. */
  readonly compatible: string;
  readonly root: NodeBinding;
}

/** Property whose one record has a single field. */
export function value<T>(property: string, key: string, record: RecordType<T>): PropertyBinding {
  return { property, key, record: record as RecordType<never>, shape: 'value' };
}

/** Property that is exactly one record. */
export function one<T>(property: string, key: string, record: RecordType<T>): PropertyBinding {
  return { property, key, record: record as RecordType<never>, shape: 'record' };
}

/** Property that is a packed array of records. */
export function packed<T>(
  property: string,
  key: string,
  record: RecordType<T>,
  count?: number,
): PropertyBinding {
  const binding = { property, key, record: record as RecordType<never>, shape: 'records' } as const;
  return count === undefined ? binding : { ...binding, count };
}

/** A node with a fixed name whose contents belong to the enclosing object. */
export function container(
  literal: string,
  children: readonly NodeBinding[],
  properties: readonly PropertyBinding[] = [],
): NodeBinding {
  return { name: { literal }, place: { merge: true }, properties, children };
}

/** What outlives a move of the memory: the part of the handover, and names. */
export type NodePlace = Readonly<Partial<Record<NodeKey | 'nodeName' | 'part', unknown>>>;

/** The names of a node; undefined where it does not have all of them. */
export function nodeNames({ named = {} }: NodeBinding, model: Model): readonly unknown[] | undefined {
  const names = Object.values(named).map((key) => model[key]);
  return names.includes(undefined) ? undefined : names;
}

/** The name of a node whose numbers are not known. */
export function nodeName({ nodeName: name, index }: Model): string {
  return `${name ?? index ?? ''}`;
}

/** The place of a node below another. */
export function nodePlace(binding: NodeBinding, model: Model, above: NodePlace): NodePlace {
  const { part, named } = binding;
  const own = part === undefined ? above : { ...above, part };
  if (named === undefined) return own;
  const names = nodeNames(binding, model);
  if (names === undefined) return { ...own, nodeName: nodeName(model) };
  return { ...own, ...Object.fromEntries(Object.keys(named).map((key, i) => [key, names[i]])) };
}

/** Levels of the page tables of a node; undefined where it does not tell. */
export function tableLevels({ levels, more }: NodeTables, model: Model): number | undefined {
  const less = model[levels] as number | undefined;
  return less === undefined ? undefined : less + more;
}

/** A node that has an object of its own in a model. */
export interface FoundNode {
  readonly binding: NodeBinding;
  readonly model: Model;
  readonly place: NodePlace;
}

/** The nodes below one that have an object of their own in a model, in the order in which they are written. */
export function* eachNode(
  { children }: NodeBinding,
  model: object,
  above: NodePlace = {},
): Generator<FoundNode> {
  for (const binding of children) {
    const { place } = binding;
    if ('merge' in place) {
      yield* eachNode(binding, model, above);
      continue;
    }
    const found = (model as Model)['object' in place ? place.object : place.list];
    for (const node of ('list' in place ? (found ?? []) : found === undefined ? [] : [found]) as Model[]) {
      const own = nodePlace(binding, node, above);
      yield { binding, model: node, place: own };
      yield* eachNode(binding, node, own);
    }
  }
}

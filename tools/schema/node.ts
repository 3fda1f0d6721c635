import { type NamedValue, SchemaError } from './model.js';
import { camel } from './names.js';

/** A YAML mapping. */
export type Node = { readonly [key: string]: unknown };

/** One underscore at the end keeps a name from being a keyword of a language that Kaitai compiles to; ours drops it. */
const IDENTIFIER = /^[a-z][a-z0-9]*(_[a-z0-9]+)*_?$/;

/** `doc-ref`: one text or several. */
export function references(source: unknown, where: string): string[] {
  if (source === undefined) return [];
  return (Array.isArray(source) ? source : [source]).map((entry) => string(entry, where, 'doc-ref'));
}

/** Refuses every key beyond `keys`. */
export function onlyKeys(node: Node, keys: readonly string[], where: string): void {
  for (const key of Object.keys(node)) if (!keys.includes(key)) fail(where, key, 'is not supported');
}

/** The node as a mapping. */
export function mapping(node: unknown, where: string): Node {
  if (typeof node !== 'object' || node === null || Array.isArray(node))
    throw new SchemaError(`${where}: key ${lastKey(where)}: must be a mapping`);
  return node as Node;
}

/** What a place ends with, as the key that is wrong. */
function lastKey(where: string): string {
  return /[^ :]+$/.exec(where)?.[0] ?? where;
}

/** The node as a mapping, an empty one when it is absent. */
export function optionalMapping(node: unknown, where: string): Node {
  return node === undefined ? {} : mapping(node, where);
}

/** The node as a list. */
export function list(node: unknown, where: string, key: string): readonly unknown[] {
  return Array.isArray(node) ? node : fail(where, key, 'must be a list');
}

/** What ends a line for some reader of the generated code, or is not to be seen. */
const CONTROL = /[^\P{Cc}\t\n]|[\u2028\u2029]/u;

/** The node as text, without blanks around it. */
export function string(node: unknown, where: string, key: string): string {
  if (typeof node !== 'string' || node.trim() === '') return fail(where, key, 'must be text');
  return CONTROL.test(node) ? fail(where, key, 'has control characters') : node.trim();
}

/** A name that the kernel, or a specification, has for something: one line, which the generated code has in comments. */
export function kernelName(node: unknown, where: string): string {
  const name = string(node, where, '-orig-id');
  return /[\n`]|\*\//.test(name) ? fail(where, '-orig-id', 'must be a line without ` and */') : name;
}

/** A snake_case name. */
export function identifier(name: string, where: string, key: string): string {
  return IDENTIFIER.test(name) ? name : fail(where, key, `${name} is not a snake_case name`);
}

/** Refuses a construct. */
export function fail(where: string, key: string, what: string): never {
  throw new SchemaError(`${where}: key ${key}: ${what}`);
}

/** A map of numbers to names, of `enums` or `-values`. */
export function namedValues(source: unknown, where: string, key: string): NamedValue[] {
  const entries = Object.entries(mapping(source, where));
  if (entries.length === 0) fail(where, key, 'is empty');
  const seen = new Set<string>();
  return entries.map(([value, entry]) => {
    const named = namedValue(value, entry, where, key);
    const property = camel(named.name);
    if (seen.has(property)) fail(where, key, `two values are called ${property}`);
    seen.add(property);
    return named;
  });
}

function namedValue(value: string, entry: unknown, where: string, key: string): NamedValue {
  if (!/^-?(?:[0-9]+|0x[0-9a-f]+)$/i.test(value)) fail(where, key, `${value} is not an integer`);
  if (typeof entry === 'string') return { value: BigInt(value), name: identifier(entry, where, key) };
  const node = mapping(entry, `${where}: ${key} ${value}`);
  onlyKeys(node, ['id', 'doc', '-orig-id'], `${where}: ${key} ${value}`);
  const name = identifier(string(node.id, where, key), where, key);
  return node.doc === undefined
    ? { value: BigInt(value), name }
    : { value: BigInt(value), name, doc: string(node.doc, where, key) };
}

import { condition } from '../../src/schema/condition.js';
import type { Pointer, Unit } from '../../src/schema/record.js';
import { constantOf, type Expression, namesOf, parseExpression } from './expression.js';
import type { EnumModel, FieldModel, FieldType } from './model.js';
import {
  fail,
  identifier,
  kernelName,
  mapping,
  type Node,
  namedValues,
  onlyKeys,
  references,
  string,
} from './node.js';

const FIELD_KEYS = [
  'id',
  'type',
  'size',
  'repeat',
  'repeat-expr',
  'enum',
  'doc',
  'doc-ref',
  '-orig-id',
  '-reserved',
  '-ignored',
  '-limit',
  '-since',
  '-until',
  '-values',
  '-unit',
  '-string',
  '-pointer',
];
const POINTER_KEYS = ['to', 'kind', 'element', 'count', 'capacity', 'null', 'preserved'];
const UNITS: readonly string[] = [
  'address',
  'bytes',
  'count',
  'devfn',
  'flags',
  'index',
  'iova',
  'pages',
  'pfn',
  'virtual-address',
];
/** Bytes of a field, or elements of an array, where their number is fixed. */
const MOST = 1 << 20;
const REVISIONS: readonly unknown[] = [2, 3, 5];
/** Settings that a condition may name beside the fields of its record and cap.x, ecap.x. */
const SETTINGS: readonly string[] = ['rev', 'haw', 'mode', 'ssirwe', 'ssade', 'emte', 'eafe', 'hpte'];

/**
 * Loads one entry of a type's `seq`.
 *
 * @param known names that expressions may use so far
 * @param allNames every field of the type, for conditions and pointers
 */
export function loadField(
  typeWhere: string,
  source: unknown,
  known: ReadonlySet<string>,
  allNames: ReadonlySet<string>,
  enums: readonly EnumModel[],
): FieldModel {
  const node = mapping(source, `${typeWhere}: seq`);
  const id = identifier(string(node.id, `${typeWhere}: seq`, 'id'), `${typeWhere}: seq`, 'id');
  const where = `${typeWhere}: field ${id}`;
  onlyKeys(node, FIELD_KEYS, where);
  const type = fieldType(node, where, known);
  const optional: { -readonly [K in keyof FieldModel]?: FieldModel[K] } = {};
  if (node.repeat !== undefined) {
    if (node.repeat !== 'expr') fail(where, 'repeat', 'must be expr');
    if (type.kind === 'bits') fail(where, 'repeat', 'is not supported on bit fields');
    optional.repeat = expression(node['repeat-expr'], where, 'repeat-expr', known);
  } else if (node['repeat-expr'] !== undefined) fail(where, 'repeat-expr', 'needs repeat: expr');
  if (node.enum !== undefined) {
    optional.enum = string(node.enum, where, 'enum');
    if (!enums.some((candidate) => candidate.name === optional.enum))
      fail(where, 'enum', 'is not defined in this file');
    if (!isSmallInteger(type)) fail(where, 'enum', 'needs an integer of at most 32 bits');
    if (node['-values'] !== undefined) fail(where, '-values', 'has an enum beside it');
    for (const { value } of enums.find(({ name }) => name === optional.enum)?.values ?? [])
      if (!fits(value, type)) fail(where, 'enum', `${value} does not fit`);
  }
  if (node['-values'] !== undefined) {
    optional.values = namedValues(node['-values'], where, '-values');
    for (const { value } of optional.values)
      if (!fits(value, type)) fail(where, '-values', `${value} does not fit`);
    if (node['-unit'] === 'flags' && optional.values.some(({ value }) => value === 0n))
      fail(where, '-values', '0 is no mask of flags');
  }
  if (node['-unit'] !== undefined) {
    if (!UNITS.includes(String(node['-unit']))) fail(where, '-unit', `must be one of ${UNITS.join(', ')}`);
    if (!isNumber(type)) fail(where, '-unit', 'needs a number');
    optional.unit = node['-unit'] as Unit;
  }
  if (node['-string'] !== undefined) {
    if (node['-string'] !== 'nul' || type.kind !== 'bytes')
      fail(where, '-string', 'must be nul, on a field of bytes');
    if (optional.repeat !== undefined) fail(where, '-string', 'is not supported on arrays');
    optional.text = true;
  }
  for (const key of ['-reserved', '-ignored'] as const) {
    if (node[key] === undefined) continue;
    optional[key === '-reserved' ? 'reserved' : 'ignored'] = checkedCondition(
      node[key],
      where,
      key,
      allNames,
    );
  }
  if (node['-limit'] !== undefined) {
    if (node['-limit'] !== 'haw' && node['-limit'] !== 'did') fail(where, '-limit', 'must be haw or did');
    optional.limit = node['-limit'] as 'haw' | 'did';
  }
  for (const key of ['-since', '-until'] as const) {
    if (node[key] === undefined) continue;
    const revision = Number(node[key]);
    if (!REVISIONS.includes(revision)) fail(where, key, 'must be 2, 3 or 5');
    optional[key === '-since' ? 'since' : 'until'] = revision;
  }
  if (node['-pointer'] !== undefined) {
    optional.pointer = pointer(node['-pointer'], where, allNames);
    if (type.kind !== 'record' && !(isNumber(type) && type.kind !== 'sint' && widthOf(type) >= 32))
      fail(where, '-pointer', 'needs an unsigned number of 32 bits or more, or a record');
    const none = optional.pointer.null;
    if (none !== undefined && !fits(none, type)) fail(where, '-pointer.null', `${none} does not fit`);
  }
  return {
    id,
    kernelName: kernelName(node['-orig-id'], where),
    doc: string(node.doc, where, 'doc'),
    docRef: references(node['doc-ref'], where),
    type,
    ...optional,
  };
}

function fieldType(node: Node, where: string, known: ReadonlySet<string>): FieldType {
  const type = node.type;
  if (type === undefined || type === 'str' || type === 'strz') {
    if (type !== undefined) fail(where, 'type', `${type}: text is kept as bytes, use size and -string: nul`);
    return { kind: 'bytes', size: expression(node.size, where, 'size', known) };
  }
  if (typeof type !== 'string') return fail(where, 'type', 'must be a name (switch-on is not supported)');
  if (node.size !== undefined) fail(where, 'size', 'is only allowed on fields of bytes');
  const integer = /^([us])([1248])$/.exec(type);
  if (integer !== null) {
    return { kind: integer[1] === 'u' ? 'uint' : 'sint', bytes: Number(integer[2]) as 1 | 2 | 4 | 8 };
  }
  const bits = /^b([0-9]+)$/.exec(type);
  if (bits !== null) {
    const width = Number(bits[1]);
    if (width < 1 || width > 64) fail(where, 'type', 'a bit field has 1 to 64 bits');
    return { kind: 'bits', width };
  }
  const record = /^(?:([a-z][a-z0-9_]*)::)?([a-z][a-z0-9_]*)(?:\((.*)\))?$/.exec(type);
  if (record === null || /^(?:[usf][1248](?:le|be)|f[48]|b[0-9]+(?:le|be))$/.test(type)) {
    return fail(where, 'type', `${type} is not supported`);
  }
  const args = record[3] === undefined ? [] : record[3].split(',');
  return {
    kind: 'record',
    file: record[1],
    name: record[2] ?? '',
    args: args.map((arg) => expression(arg.trim(), where, 'type', known)),
  };
}

type NumberType = Exclude<FieldType, { kind: 'bytes' | 'record' }>;

function isNumber(type: FieldType): type is NumberType {
  return type.kind !== 'bytes' && type.kind !== 'record';
}

function widthOf(type: NumberType): number {
  return type.kind === 'bits' ? type.width : type.bytes * 8;
}

function fits(value: bigint, type: FieldType): boolean {
  if (!isNumber(type)) return false;
  const width = widthOf(type);
  return (type.kind === 'sint' ? BigInt.asIntN(width, value) : BigInt.asUintN(width, value)) === value;
}

/** Whether expressions and enums may use the field: an unsigned integer of at most 32 bits. */
export function isSmallInteger(type: FieldType): boolean {
  return (
    (type.kind === 'uint' && type.bytes <= 4) || (type.kind === 'bits' && type.width > 1 && type.width <= 32)
  );
}

function expression(source: unknown, where: string, key: string, known: ReadonlySet<string>): Expression {
  if (typeof source !== 'bigint' && typeof source !== 'string')
    return fail(where, key, 'must be an expression');
  try {
    const parsed = parseExpression(String(source));
    for (const name of namesOf(parsed)) {
      if (!known.has(name)) {
        fail(where, key, `${name} is neither a parameter nor an earlier unsigned field of at most 32 bits`);
      }
    }
    const constant = constantOf(parsed);
    if (key !== 'type' && constant !== undefined && !(constant >= 1 && constant <= MOST))
      fail(where, key, `${constant} is not from 1 to ${MOST}`);
    return parsed;
  } catch (error) {
    if (error instanceof SyntaxError) return fail(where, key, error.message);
    throw error;
  }
}

function checkedCondition(source: unknown, where: string, key: string, fields: ReadonlySet<string>): string {
  const text = string(source, where, key);
  try {
    for (const name of condition(text).names) {
      if (!SETTINGS.includes(name) && !fields.has(name) && !/^e?cap\.[a-z0-9_]+$/.test(name)) {
        fail(where, key, `${name} is neither a setting nor a field of the record`);
      }
    }
  } catch (error) {
    if (error instanceof SyntaxError) fail(where, key, error.message);
    throw error;
  }
  return text;
}

function pointer(source: unknown, where: string, fields: ReadonlySet<string>): Pointer {
  const node = mapping(source, `${where}: -pointer`);
  onlyKeys(node, POINTER_KEYS, `${where}: -pointer`);
  const to = Array.isArray(node.to) ? node.to : [node.to];
  if (to.length === 0) fail(where, '-pointer.to', 'is empty');
  const kind = node.kind;
  if (kind !== 'one' && kind !== 'chain' && kind !== 'array' && kind !== 'page') {
    return fail(where, '-pointer.kind', 'must be one, chain, array or page');
  }
  const result: { -readonly [K in keyof Pointer]: Pointer[K] } = {
    to: to.map((name) => identifier(string(name, where, '-pointer.to'), where, '-pointer.to')),
    kind,
  };
  if (node.element !== undefined) {
    result.element = identifier(string(node.element, where, '-pointer.element'), where, '-pointer.element');
  }
  if (node.count !== undefined) {
    if (typeof node.count === 'bigint') result.count = counted(node.count, where, '-pointer.count');
    else {
      const name = string(node.count, where, '-pointer.count');
      if (!fields.has(name)) fail(where, '-pointer.count', `${name} is not a field of the record`);
      result.count = name;
    }
  }
  if (node.capacity !== undefined) {
    if (typeof node.capacity !== 'bigint') return fail(where, '-pointer.capacity', 'must be a number');
    result.capacity = counted(node.capacity, where, '-pointer.capacity');
  }
  if (node.null !== undefined) {
    if (typeof node.null !== 'bigint') return fail(where, '-pointer.null', 'must be a number');
    result.null = node.null;
  }
  if (node.preserved !== undefined) {
    if (typeof node.preserved !== 'boolean')
      return fail(where, '-pointer.preserved', 'must be true or false');
    result.preserved = node.preserved;
  }
  return result;
}

/** A number of elements. */
function counted(count: bigint, where: string, key: string): number {
  return count >= 1n && count <= MOST ? Number(count) : fail(where, key, `${count} is not from 1 to ${MOST}`);
}

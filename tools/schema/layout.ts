import { constantOf, type Expression, namesOf } from './expression.js';
import { type FieldModel, type Schema, SchemaError, type TypeModel } from './model.js';

/** Where a field is; numbers are undefined from the first field of unknown length on. */
export interface FieldLayout {
  readonly field: FieldModel;
  readonly bitOffset: number | undefined;
  readonly bitWidth: number | undefined;
  /** Of one element, for arrays; of the field itself otherwise. */
  readonly elementBits: number | undefined;
}

/** A type with the places of its fields. */
export interface TypeLayout {
  /** The .ksy file, without extension. */
  readonly file: string;
  readonly type: TypeModel;
  readonly fields: readonly FieldLayout[];
  /** Bytes; undefined when it depends on a parameter or on data. */
  readonly size: number | undefined;
  /** What decides the size. */
  readonly sizing: 'fixed' | 'parameters' | 'data';
}

/**
 * Computes offsets and sizes of all types of all files, nested types before those that hold them.
 *
 * @returns layouts by type name; names are unique over all files.
 * @throws SchemaError on an unknown, recursive or twice defined type, wrong arguments, a file that is used
 * without being imported, or bit fields that end inside a byte.
 */
export function layoutSchemas(schemas: readonly Schema[]): ReadonlyMap<string, TypeLayout> {
  const defined = new Map<string, { schema: Schema; type: TypeModel }>();
  for (const schema of schemas) {
    for (const type of schema.types) {
      const other = defined.get(type.name);
      if (other !== undefined) {
        throw new SchemaError(
          `${schema.file}.ksy: type ${type.name}: key types: ${other.schema.file}.ksy has a type of this name`,
        );
      }
      defined.set(type.name, { schema, type });
    }
  }
  const files = new Set(schemas.map(({ file }) => file));
  for (const { file, imports } of schemas) {
    const missing = imports.find((name) => !files.has(name));
    if (missing !== undefined)
      throw new SchemaError(`${file}.ksy: meta: key imports: there is no ${missing}.ksy`);
  }
  const done = new Map<string, TypeLayout>();
  const visit = (schema: Schema, type: TypeModel, path: readonly string[]): TypeLayout => {
    const known = done.get(type.name);
    if (known !== undefined) return known;
    const where = `${schema.file}.ksy: type ${type.name}`;
    if (path.includes(type.name)) throw new SchemaError(`${where}: key type: holds itself`);
    const nested = new Map<string, TypeLayout>();
    for (const { id, type: fieldType } of type.fields) {
      if (fieldType.kind !== 'record') continue;
      const file = fieldType.file ?? schema.file;
      const inner = defined.get(fieldType.name);
      if (inner?.schema.file !== file) {
        throw new SchemaError(
          `${where}: field ${id}: key type: ${fieldType.name} is not defined in ${file}.ksy`,
        );
      }
      if (fieldType.file !== undefined && !schema.imports.includes(file)) {
        throw new SchemaError(`${where}: field ${id}: key type: meta.imports lacks ${file}`);
      }
      if (inner.type.parameters.length !== fieldType.args.length) {
        const count = inner.type.parameters.length;
        throw new SchemaError(`${where}: field ${id}: key type: ${fieldType.name} takes ${count} arguments`);
      }
      nested.set(fieldType.name, visit(inner.schema, inner.type, [...path, type.name]));
    }
    const layout = layoutType(schema, type, nested, where);
    done.set(type.name, layout);
    return layout;
  };
  for (const { schema, type } of defined.values()) visit(schema, type, []);
  return done;
}

/** The layouts of one file's types, nested types first. */
export function layoutsOf(schema: Schema, layouts: ReadonlyMap<string, TypeLayout>): TypeLayout[] {
  return [...layouts.values()].filter(({ file }) => file === schema.file);
}

function layoutType(
  schema: Schema,
  type: TypeModel,
  nested: ReadonlyMap<string, TypeLayout>,
  where: string,
): TypeLayout {
  let at: number | undefined = 0;
  let sizing: TypeLayout['sizing'] = 'fixed';
  let bitRun = 0;
  const fields: FieldLayout[] = [];
  const depends = (expression: Expression): void => {
    if (constantOf(expression) !== undefined) return;
    const onData = namesOf(expression).some((name) => !type.parameters.includes(name));
    if (onData) sizing = 'data';
    else if (sizing === 'fixed') sizing = 'parameters';
  };
  const endBits = (id: string): void => {
    if (bitRun % 8 !== 0)
      throw new SchemaError(`${where}: field ${id}: key type: the bit fields before it end inside a byte`);
    bitRun = 0;
  };
  for (const field of type.fields) {
    if (field.type.kind === 'bits') {
      if (schema.endian === 'be')
        throw new SchemaError(`${where}: field ${field.id}: key type: bit fields need endian le`);
      bitRun += field.type.width;
    } else endBits(field.id);
    const elementBits = bitsOf(field, nested);
    if (field.type.kind === 'bytes') depends(field.type.size);
    if (field.type.kind === 'record') {
      const inner = nested.get(field.type.name);
      if (inner?.sizing === 'data') sizing = 'data';
      if (inner?.sizing === 'parameters') for (const arg of field.type.args) depends(arg);
    }
    let bitWidth = elementBits;
    if (field.repeat !== undefined) {
      depends(field.repeat);
      const count = constantOf(field.repeat);
      bitWidth = count === undefined || elementBits === undefined ? undefined : count * elementBits;
    }
    fields.push({ field, bitOffset: at, bitWidth, elementBits });
    at = at === undefined || bitWidth === undefined ? undefined : at + bitWidth;
  }
  endBits('(end)');
  if (at === undefined && sizing === 'fixed') throw new SchemaError(`${where}: key seq: size unknown`);
  return { file: schema.file, type, fields, size: at === undefined ? undefined : at / 8, sizing };
}

function bitsOf(field: FieldModel, nested: ReadonlyMap<string, TypeLayout>): number | undefined {
  switch (field.type.kind) {
    case 'bits':
      return field.type.width;
    case 'uint':
    case 'sint':
      return field.type.bytes * 8;
    case 'bytes': {
      const size = constantOf(field.type.size);
      return size === undefined ? undefined : size * 8;
    }
    case 'record': {
      const size = nested.get(field.type.name)?.size;
      return size === undefined ? undefined : size * 8;
    }
  }
}

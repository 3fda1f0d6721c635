import type { TypeLayout } from './layout.js';
import type { FieldModel, FieldType, Schema } from './model.js';
import { pascal } from './names.js';

/** What the code of one file needs from elsewhere; filled while emitting. */
export interface Imports {
  /** Names from src/schema/codec.ts. */
  readonly codec: Set<string>;
  /** Names from other files of src/records, by file; types have `type ` in front. */
  readonly records: Map<string, Set<string>>;
}

/** What every emitter needs. */
export interface Context {
  readonly schema: Schema;
  readonly layouts: ReadonlyMap<string, TypeLayout>;
  readonly imports: Imports;
}

/** Gives back `name`, something exported for a record type, and sees that it is imported where it must be. */
export function use(context: Context, type: FieldType & { kind: 'record' }, name: string): string {
  const file = type.file;
  if (file !== undefined && file !== context.schema.file) {
    const names = context.imports.records.get(file) ?? new Set();
    context.imports.records.set(file, names.add(name));
  }
  return name.replace(/^type /, '');
}

/** The TypeScript type of one field. */
export function fieldTypeCode(field: FieldModel): string {
  const element = elementTypeCode(field);
  return field.repeat === undefined ? element : `${element}[]`;
}

function elementTypeCode(field: FieldModel): string {
  switch (field.type.kind) {
    case 'uint':
    case 'sint':
      return field.type.bytes === 8 ? 'bigint' : 'number';
    case 'bits':
      return field.type.width > 32 ? 'bigint' : 'number';
    case 'bytes':
      return 'Uint8Array';
    case 'record':
      return pascal(field.type.name);
  }
}

import { type Context, fieldTypeCode, use } from './context.js';
import { emitCodec } from './emit-codec.js';
import { comment, emitBits, emitDescriptor, emitOffsets, emitValues } from './emit-info.js';
import { emitMasks, needsMasks } from './emit-masks.js';
import { layoutsOf, type TypeLayout } from './layout.js';
import { type Schema, SchemaError } from './model.js';
import { camel, pascal, upper } from './names.js';

/** A file to write: path from the project's root, and content. */
export interface Output {
  readonly path: string;
  readonly text: string;
}

/** The records of one .ksy file. */
export function emitRecords(schema: Schema, all: ReadonlyMap<string, TypeLayout>): Output {
  const layouts = layoutsOf(schema, all);
  const context: Context = {
    schema,
    layouts: all,
    imports: { codec: new Set(), records: new Map() },
  };
  uniqueExports(schema, layouts);
  const blocks: string[][] = schema.enums.map((model) =>
    emitValues(pascal(model.name), `Values of \`${model.name}\`.`, model.values, false),
  );
  for (const layout of layouts) {
    for (const { field, elementBits } of layout.fields) {
      if (field.values === undefined) continue;
      const doc = `Defined values of \`${layout.type.kernelName}.${field.kernelName}\`.`;
      blocks.push(
        emitValues(pascal(`${layout.type.name}_${field.id}`), doc, field.values, (elementBits ?? 0) > 32),
      );
    }
    blocks.push(emitInterface(context, layout), emitOffsets(layout), emitBits(context, layout));
    blocks.push(emitCodec(context, layout), emitDescriptor(context, layout));
    if (needsMasks(context, layout)) blocks.push(emitMasks(layout));
  }
  const body = blocks.filter((block) => block.length > 0).map((block) => block.join('\n'));
  const code = body.join('\n\n');
  const imports: string[] = [];
  const codec = [...context.imports.codec].sort();
  if (codec.length > 0) imports.push(importCode(codec, '../schema/codec.js'));
  if (/\bcondition\(/.test(code)) imports.push("import { condition } from '../schema/condition.js';");
  const masks = ['entryMask', 'entryMasks'].filter((name) => code.includes(`${name}(`));
  if (masks.length > 0)
    imports.push(`import { type EntryMask, ${masks.join(', ')} } from '../schema/masks.js';`);
  imports.push("import type { RecordType } from '../schema/record.js';");
  if (masks.length > 0) imports.push("import type { VtdSettings } from '../schema/settings.js';");
  for (const [file, names] of context.imports.records)
    imports.push(importCode([...names].sort(), `./${file}.js`));
  const head = comment(`Generated from formats/${schema.file}.ksy: do not edit.\n\n${schema.doc.trim()}`);
  return { path: `src/records/${schema.file}.ts`, text: `${head}\n\n${imports.join('\n')}\n\n${code}\n` };
}

/** The list of all record types. */
export function emitIndex(schemas: readonly Schema[]): Output {
  const types = schemas.map((schema) => ({
    file: schema.file,
    names: schema.types.map(({ name }) => camel(name)),
  }));
  const imports = types.map(({ file, names }) => importCode([...names].sort(), `./${file}.js`));
  const list = types.flatMap(({ names }) => names.map((name) => `  ${name},`));
  return {
    path: 'src/records/index.ts',
    text: [
      comment('Generated from formats/: do not edit.'),
      '',
      "import type { RecordType } from '../schema/record.js';",
      ...imports,
      '',
      comment('Every record type, in the order of the files and of the types in them.'),
      'export const recordTypes: readonly RecordType<unknown>[] = [',
      ...list,
      '];',
      '',
    ].join('\n'),
  };
}

/**
 * Checks that every pointer leads to a type of some file, and is counted by a number; no import is needed for that.
 *
 * @throws SchemaError naming the first that does not.
 */
export function checkPointers(schemas: readonly Schema[], layouts: ReadonlyMap<string, TypeLayout>): void {
  for (const schema of schemas) {
    for (const type of schema.types) {
      for (const field of type.fields) {
        const { to = [], element, count } = field.pointer ?? {};
        const counting = type.fields.find(({ id }) => id === count)?.type.kind;
        if (counting === 'bytes' || counting === 'record')
          throw new SchemaError(
            `${schema.file}.ksy: type ${type.name}: field ${field.id}: key -pointer.count: ${count} is no number`,
          );
        for (const target of element === undefined ? to : [...to, element]) {
          if (layouts.has(target)) continue;
          throw new SchemaError(
            `${schema.file}.ksy: type ${type.name}: field ${field.id}: key -pointer: ${target} is not defined in any file`,
          );
        }
      }
    }
  }
}

function emitInterface(context: Context, layout: TypeLayout): string[] {
  for (const { field } of layout.fields) {
    if (field.type.kind === 'record') use(context, field.type, `type ${pascal(field.type.name)}`);
  }
  return [
    comment(`\`${layout.type.kernelName}\`: ${layout.type.doc.trim()}`),
    `export interface ${pascal(layout.type.name)} {`,
    ...layout.fields.flatMap(({ field }) => [
      comment(field.doc, '  '),
      `  ${camel(field.id)}: ${fieldTypeCode(field)};`,
    ]),
    '}',
  ];
}

/** What generated code gets by import or from the language: no type may be called so. */
const TAKEN: readonly string[] = [
  ...['BigInt', 'Boolean', 'DataView', 'Number', 'RangeError', 'Uint8Array'],
  ...['RecordType', 'EntryMask', 'VtdSettings', 'condition', 'entryMask', 'entryMasks'],
  ...[
    'readBits',
    'readWideBits',
    'writeBits',
    'writeWideBits',
    'readBytes',
    'writeBytes',
    'readArray',
    'writeArray',
  ],
  ...['checkUint', 'checkSint', 'checkBigUint', 'checkBigSint'],
  ...[
    'arguments',
    'await',
    'break',
    'case',
    'catch',
    'class',
    'const',
    'continue',
    'debugger',
    'default',
    'delete',
    'do',
  ],
  ...[
    'else',
    'enum',
    'eval',
    'export',
    'extends',
    'false',
    'finally',
    'for',
    'function',
    'if',
    'implements',
    'import',
  ],
  ...[
    'in',
    'instanceof',
    'interface',
    'let',
    'new',
    'null',
    'package',
    'private',
    'protected',
    'public',
    'return',
  ],
  ...[
    'static',
    'super',
    'switch',
    'this',
    'throw',
    'true',
    'try',
    'typeof',
    'var',
    'void',
    'while',
    'with',
    'yield',
  ],
];

/** Locals of readers and writers whose size depends on parameters or on data; parameters and fields are others there. */
const LOCALS: readonly string[] = ['view', 'offset', 'end', 'at'];

function uniqueExports(schema: Schema, layouts: readonly TypeLayout[]): void {
  const names = new Set<string>(TAKEN);
  const add = (name: string, where: string): void => {
    if (names.has(name)) {
      const why = TAKEN.includes(name)
        ? 'means something else in the generated code'
        : 'would be exported twice';
      throw new SchemaError(`${schema.file}.ksy: ${where}: key id: ${name} ${why}`);
    }
    names.add(name);
  };
  for (const { name } of schema.enums) add(pascal(name), `enum ${name}`);
  for (const { name, fields, parameters } of schema.types) {
    const own = [pascal(name), camel(name), upper(name), `${upper(name)}_SIZE`];
    if (fields.some(({ type }) => type.kind === 'bits')) own.push(`${upper(name)}_BITS`);
    const functions = [
      `read${pascal(name)}`,
      `write${pascal(name)}`,
      `${camel(name)}Masks`,
      `${camel(name)}Fields`,
    ];
    const open = layouts.find(({ type }) => type.name === name)?.size === undefined;
    if (open) functions.push(`sizeOf${pascal(name)}`);
    for (const id of [...parameters, ...(open ? fields.map((field) => field.id) : [])]) {
      if (!TAKEN.includes(camel(id)) && !LOCALS.includes(camel(id))) continue;
      throw new SchemaError(
        `${schema.file}.ksy: type ${name}: field ${id}: key id: ${camel(id)} means something else in the generated code`,
      );
    }
    for (const id of parameters.includes('value') ? ['value'] : [])
      throw new SchemaError(`${schema.file}.ksy: type ${name}: param ${id}: key id: is the record itself`);
    for (const text of [...own, ...functions]) add(text, `type ${name}`);
    const properties = new Map<string, string>();
    for (const { id, values } of fields) {
      const where = `type ${name}: field ${id}`;
      const before = properties.get(camel(id));
      if (before !== undefined) {
        throw new SchemaError(
          `${schema.file}.ksy: ${where}: key id: ${camel(id)} is the property of ${before} already`,
        );
      }
      properties.set(camel(id), id);
      if (values !== undefined) add(pascal(`${name}_${id}`), where);
    }
  }
}

/** An import statement, broken over lines when it is long. */
export function importCode(names: readonly string[], from: string): string {
  const line = `import { ${names.join(', ')} } from '${from}';`;
  return line.length <= 110
    ? line
    : `import {\n${names.map((name) => `  ${name},`).join('\n')}\n} from '${from}';`;
}

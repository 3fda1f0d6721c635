import { importCode, type Output } from './emit.js';
import { comment } from './emit-info.js';
import { constantOf, expressionCode, namesOf } from './expression.js';
import { layoutsOf, type TypeLayout } from './layout.js';
import type { FieldModel, Schema } from './model.js';
import { camel, pascal } from './names.js';

/** The fast-check arbitraries of one .ksy file. */
export function emitArbitraries(schema: Schema, all: ReadonlyMap<string, TypeLayout>): Output {
  const helpers = new Set<string>();
  const layouts = layoutsOf(schema, all);
  const blocks = layouts.map((layout) => arbitrary(layout, helpers));
  const others = new Map<string, Set<string>>();
  for (const { field } of layouts.flatMap(({ fields }) => fields)) {
    if (field.type.kind !== 'record' || field.type.file === undefined) continue;
    const names = others.get(field.type.file) ?? new Set();
    others.set(field.type.file, names.add(`${camel(field.type.name)}Arbitrary`));
  }
  const types = layouts.map(({ type }) => `type ${pascal(type.name)}`).sort();
  const head = comment(`Generated from formats/${schema.file}.ksy: do not edit.`);
  const imports = [
    "import fc from 'fast-check';",
    importCode(types, `../../records/${schema.file}.js`),
    ...[...others].map(([file, names]) => importCode([...names].sort(), `./${file}.js`)),
    ...(helpers.size === 0 ? [] : [importCode([...helpers].sort(), '../arbitraries.js')]),
  ];
  return {
    path: `src/fuzz/generated/${schema.file}.ts`,
    text: `${head}\n\n${imports.join('\n')}\n\n${blocks.join('\n\n')}\n`,
  };
}

/** All of them as one module, with the types of what they make. */
export function emitArbitraryIndex(schemas: readonly Schema[]): Output {
  const exports = [
    ...schemas.map(({ file }) => `export type * from '../../records/${file}.js';`),
    ...schemas.map(({ file }) => `export * from './${file}.js';`),
  ];
  return {
    path: 'src/fuzz/generated/index.ts',
    text: [comment('Generated from formats/: do not edit.'), '', ...exports, ''].join('\n'),
  };
}

function arbitrary(layout: TypeLayout, helpers: Set<string>): string {
  const { type } = layout;
  const name = pascal(type.name);
  const counted = layout.type.fields.flatMap(({ repeat, type: inner }) => [
    ...(repeat === undefined ? [] : namesOf(repeat)),
    ...(inner.kind === 'bytes' ? namesOf(inner.size) : []),
    ...(inner.kind === 'record' ? inner.args.flatMap(namesOf) : []),
  ]);
  const counts = [...new Set(counted)].filter((id) => !type.parameters.includes(id));
  const parameters = type.parameters.map((id) => `${camel(id)}: number`).join(', ');
  const fields = type.fields.map((field) => {
    if (counts.includes(field.id)) return `${camel(field.id)}: fc.constant(${camel(field.id)})`;
    return `${camel(field.id)}: ${fieldArbitrary(field, helpers)}`;
  });
  const signature = `export function ${camel(type.name)}Arbitrary(${parameters}): fc.Arbitrary<${name}> {`;
  const doc = `/** Any \`${type.kernelName}\`, over the full range of each field. */`;
  if (counts.length === 0) {
    return [
      doc,
      signature,
      '  return fc.record({',
      ...fields.map((field) => `    ${field},`),
      '  });',
      '}',
    ].join('\n');
  }
  helpers.add('count');
  const outer = counts.map((id) => `    ${camel(id)}: count(),`);
  return [
    doc,
    signature,
    '  return fc',
    `    .record({`,
    ...outer.map((line) => `  ${line}`),
    '    })',
    `    .chain(({ ${counts.map(camel).join(', ')} }) =>`,
    '      fc.record({',
    ...fields.map((field) => `        ${field},`),
    '      }),',
    '    );',
    '}',
  ].join('\n');
}

function fieldArbitrary(field: FieldModel, helpers: Set<string>): string {
  const element = elementArbitrary(field, helpers);
  if (field.repeat === undefined) return element;
  const constant = constantOf(field.repeat);
  const length = constant === undefined ? expressionCode(field.repeat, camel) : String(constant);
  return `fc.array(${element}, { minLength: ${length}, maxLength: ${length} })`;
}

function elementArbitrary(field: FieldModel, helpers: Set<string>): string {
  const { type } = field;
  const call = (helper: string, argument: string | number): string => {
    helpers.add(helper);
    return `${helper}(${argument})`;
  };
  switch (type.kind) {
    case 'bits':
      return call(type.width > 32 ? 'bigUint' : 'uint', type.width);
    case 'uint':
      return call(type.bytes === 8 ? 'bigUint' : 'uint', type.bytes * 8);
    case 'sint':
      return call(type.bytes === 8 ? 'bigSint' : 'sint', type.bytes * 8);
    case 'bytes':
      return call('bytes', expressionCode(type.size, camel));
    case 'record':
      return `${camel(type.name)}Arbitrary(${type.args.map((arg) => expressionCode(arg, camel)).join(', ')})`;
  }
}

import { type Context, use } from './context.js';
import { readCode, readElement, writeCode, writeElement } from './emit-value.js';
import { expressionCode } from './expression.js';
import type { FieldLayout, TypeLayout } from './layout.js';
import { SchemaError } from './model.js';
import { camel, pascal, quote } from './names.js';

/** Consecutive fields of known width, or one field whose length depends on a parameter or on data. */
type Piece =
  | {
      readonly kind: 'fixed';
      readonly fields: readonly { layout: FieldLayout; bit: number }[];
      readonly bytes: number;
    }
  | { readonly kind: 'open'; readonly layout: FieldLayout };

/** Size function, reader and writer of a type whose size depends on parameters or on data. */
export function emitOpen(context: Context, layout: TypeLayout): string[] {
  const { name, kernelName, parameters } = layout.type;
  const type = pascal(name);
  const onData = layout.sizing === 'data';
  const extra = parameters.map((id) => `, ${camel(id)}: number`).join('');
  const pieces = piecesOf(layout, `${context.schema.file}.ksy: type ${name}`);
  const local = (id: string): string => camel(id);
  const member = (id: string): string => (parameters.includes(id) ? camel(id) : `value.${camel(id)}`);

  const reads: string[] = ['  let at = offset;'];
  for (const piece of pieces) {
    if (piece.kind === 'fixed') {
      if (onData) reads.push(`  if (end - at < ${piece.bytes}) return undefined;`);
      for (const { layout: field, bit } of piece.fields) {
        reads.push(`  const ${camel(field.field.id)} = ${readCode(context, field, 'at', bit)};`);
      }
      reads.push(`  at += ${piece.bytes};`);
    } else reads.push(...readOpen(context, piece.layout, onData, local));
  }
  const object = `{ ${layout.fields.map(({ field }) => camel(field.id)).join(', ')} }`;
  reads.push(onData ? `  return { value: ${object}, end: at };` : `  return ${object};`);

  const writes: string[] = ['  let at = offset;'];
  const sizes: string[] = [];
  for (const piece of pieces) {
    if (piece.kind === 'fixed') {
      for (const { layout: field, bit } of piece.fields)
        writes.push(`  ${writeCode(context, name, field, 'at', bit)}`);
      writes.push(`  at += ${piece.bytes};`);
      sizes.push(String(piece.bytes));
    } else {
      const size = openSize(context, piece.layout, member, true);
      writes.push(...writeOpen(context, name, piece.layout, member), `  at += ${size};`);
      sizes.push(size);
    }
  }
  if (onData) writes.push('  return at;');
  const last = writes.at(-1);
  if (!onData && last?.startsWith('  at += ')) writes.pop();
  if (!onData && reads.at(-2)?.startsWith('  at += ')) reads.splice(-2, 1);
  if (!writes.some((line) => line.startsWith('  at += '))) writes[0] = '  const at = offset;';
  if (!reads.some((line) => line.startsWith('  at += '))) reads[0] = '  const at = offset;';

  const sizeParameters = onData ? `value: ${type}${extra}` : extra.slice(2);
  return [
    `/** Size of \`${kernelName}\` in bytes. */`,
    `export function sizeOf${type}(${sizeParameters}): number {\n  return ${sizes.join(' + ')};\n}`,
    '',
    onData
      ? `/** Reads \`${kernelName}\`; undefined when the bytes from \`offset\` to \`end\` do not hold it. */`
      : `/** Reads \`${kernelName}\`; the caller guarantees sizeOf${type} bytes at \`offset\`. */`,
    onData
      ? `export function read${type}(view: DataView, offset: number, end: number${extra}): { value: ${type}; end: number } | undefined {`
      : `export function read${type}(view: DataView, offset: number${extra}): ${type} {`,
    ...reads,
    '}',
    '',
    `/** Writes \`${kernelName}\`${onData ? ' and returns the offset after it' : ''}; throws RangeError naming a field that does not fit. */`,
    `export function write${type}(view: DataView, offset: number, value: ${type}${extra}): ${onData ? 'number' : 'void'} {`,
    ...writes,
    '}',
  ];
}

function piecesOf(layout: TypeLayout, where: string): Piece[] {
  const pieces: Piece[] = [];
  let fields: { layout: FieldLayout; bit: number }[] = [];
  let bit = 0;
  const close = (): void => {
    if (fields.length > 0) pieces.push({ kind: 'fixed', fields, bytes: bit / 8 });
    fields = [];
    bit = 0;
  };
  for (const field of layout.fields) {
    if (field.bitWidth === undefined) {
      close();
      if (field.field.repeat !== undefined && field.elementBits === undefined) {
        throw new SchemaError(`${where}: field ${field.field.id}: key repeat: needs elements of fixed size`);
      }
      pieces.push({ kind: 'open', layout: field });
    } else {
      fields.push({ layout: field, bit });
      bit += field.bitWidth;
    }
  }
  close();
  return pieces;
}

/** Bytes of a field of open length, as code. */
function openSize(
  context: Context,
  layout: FieldLayout,
  rename: (id: string) => string,
  hasValue: boolean,
): string {
  const { field, elementBits } = layout;
  const { type } = field;
  if (field.repeat !== undefined) {
    const count = expressionCode(field.repeat, rename);
    const bytes = (elementBits ?? 0) / 8;
    if (bytes === 1) return field.repeat.op === '+' || field.repeat.op === '-' ? `(${count})` : count;
    return field.repeat.op === '+' || field.repeat.op === '-'
      ? `(${count}) * ${bytes}`
      : `${count} * ${bytes}`;
  }
  if (type.kind === 'bytes') {
    const code = expressionCode(type.size, rename);
    return type.size.op === '+' || type.size.op === '-' ? `(${code})` : code;
  }
  if (type.kind !== 'record') throw new Error('only bytes, arrays and records have an open length');
  const args = type.args.map((arg) => expressionCode(arg, rename));
  const inner = context.layouts.get(type.name);
  if (inner?.sizing === 'data' && hasValue) args.unshift(rename(field.id));
  return `${use(context, type, `sizeOf${pascal(type.name)}`)}(${args.join(', ')})`;
}

function readOpen(
  context: Context,
  layout: FieldLayout,
  check: boolean,
  rename: (id: string) => string,
): string[] {
  const { field, elementBits } = layout;
  const { type } = field;
  const id = camel(field.id);
  if (type.kind === 'record' && field.repeat === undefined) {
    const args = type.args.map((arg) => `, ${expressionCode(arg, rename)}`).join('');
    const read = use(context, type, `read${pascal(type.name)}`);
    if (context.layouts.get(type.name)?.sizing === 'data') {
      return [
        `  const ${id}Read = ${read}(view, at, end${args});`,
        `  if (${id}Read === undefined) return undefined;`,
        `  const ${id} = ${id}Read.value;`,
        `  at = ${id}Read.end;`,
      ];
    }
    const size = openSize(context, layout, rename, false);
    return [
      ...(check ? [`  if (!(${size} <= end - at)) return undefined;`] : []),
      `  const ${id} = ${read}(view, at${args});`,
      `  at += ${size};`,
    ];
  }
  const size = openSize(context, layout, rename, false);
  const lines = check ? [`  if (!(${size} >= 0 && ${size} <= end - at)) return undefined;`] : [];
  if (field.repeat === undefined) {
    context.imports.codec.add('readBytes');
    return [...lines, `  const ${id} = readBytes(view, at, ${size});`, `  at += ${size};`];
  }
  context.imports.codec.add('readArray');
  const count = expressionCode(field.repeat, rename);
  const element = readElement(context, field, 'at');
  return [
    ...lines,
    `  const ${id} = readArray(at, ${count}, ${(elementBits ?? 0) / 8}, (at) => ${element});`,
    `  at += ${size};`,
  ];
}

function writeOpen(
  context: Context,
  typeName: string,
  layout: FieldLayout,
  rename: (id: string) => string,
): string[] {
  const { field, elementBits } = layout;
  const { type } = field;
  const name = quote(`${typeName}.${field.id}`);
  if (type.kind === 'record' && field.repeat === undefined) {
    const args = type.args.map((arg) => `, ${expressionCode(arg, rename)}`).join('');
    const write = use(context, type, `write${pascal(type.name)}`);
    return [`  ${write}(view, at, value.${camel(field.id)}${args});`];
  }
  if (field.repeat === undefined) {
    context.imports.codec.add('writeBytes');
    return [
      `  writeBytes(view, at, ${openSize(context, layout, rename, true)}, value.${camel(field.id)}, ${name});`,
    ];
  }
  context.imports.codec.add('writeArray');
  const count = expressionCode(field.repeat, rename);
  const element = writeElement(context, typeName, field, 'at', 'element');
  return [
    `  writeArray(at, ${count}, ${(elementBits ?? 0) / 8}, value.${camel(field.id)}, ${name}, (at, element) => {`,
    `    ${element}`,
    '  });',
  ];
}

import type { Context } from './context.js';
import { use } from './context.js';
import { constantOf, type Expression } from './expression.js';
import type { FieldLayout } from './layout.js';
import type { FieldModel } from './model.js';
import { camel, pascal, quote } from './names.js';

/** Code that reads a field of known place, `bit` bits after `base`. */
export function readCode(context: Context, layout: FieldLayout, base: string, bit: number): string {
  const { field } = layout;
  if (field.type.kind === 'bits') {
    const wide = field.type.width > 32;
    const helper = wide ? 'readWideBits' : 'readBits';
    context.imports.codec.add(helper);
    const word = Math.floor(bit / 64) * 8;
    return `${helper}(view, ${plus(base, word)}, ${bit - word * 8}, ${field.type.width})`;
  }
  const at = plus(base, bit / 8);
  if (field.repeat === undefined) return readElement(context, field, at);
  context.imports.codec.add('readArray');
  const count = constantOf(field.repeat);
  return `readArray(${at}, ${count}, ${(layout.elementBits ?? 0) / 8}, (at) => ${readElement(context, field, 'at')})`;
}

/** Code that reads one integer, run of bytes or record at `at`. */
export function readElement(context: Context, field: FieldModel, at: string): string {
  const { type } = field;
  const order = context.schema.endian === 'le';
  switch (type.kind) {
    case 'uint':
    case 'sint': {
      const sign = type.kind === 'uint' ? 'Uint' : 'Int';
      if (type.bytes === 1) return `view.get${sign}8(${at})`;
      return `view.get${type.bytes === 8 ? 'Big' : ''}${sign}${type.bytes * 8}(${at}, ${order})`;
    }
    case 'bytes':
      context.imports.codec.add('readBytes');
      return `readBytes(view, ${at}, ${constant(type.size)})`;
    case 'record':
      return `${use(context, type, `read${pascal(type.name)}`)}(view, ${at})`;
    case 'bits':
      throw new Error('bit fields cannot be elements');
  }
}

/** Statement that writes a field of known place, `bit` bits after `base`. */
export function writeCode(
  context: Context,
  typeName: string,
  layout: FieldLayout,
  base: string,
  bit: number,
): string {
  const { field } = layout;
  const value = `value.${camel(field.id)}`;
  const name = quote(`${typeName}.${field.id}`);
  if (field.type.kind === 'bits') {
    const helper = field.type.width > 32 ? 'writeWideBits' : 'writeBits';
    context.imports.codec.add(helper);
    const word = Math.floor(bit / 64) * 8;
    return `${helper}(view, ${plus(base, word)}, ${bit - word * 8}, ${field.type.width}, ${value}, ${name});`;
  }
  const at = plus(base, bit / 8);
  if (field.repeat === undefined) return writeElement(context, typeName, field, at, value);
  context.imports.codec.add('writeArray');
  const count = constantOf(field.repeat);
  const element = writeElement(context, typeName, field, 'at', 'element');
  return `writeArray(${at}, ${count}, ${(layout.elementBits ?? 0) / 8}, ${value}, ${name}, (at, element) => {\n    ${element}\n  });`;
}

/** Statement that writes one integer, run of bytes or record at `at`. */
export function writeElement(
  context: Context,
  typeName: string,
  field: FieldModel,
  at: string,
  value: string,
): string {
  const { type } = field;
  const order = context.schema.endian === 'le';
  const name = quote(`${typeName}.${field.id}`);
  switch (type.kind) {
    case 'uint':
    case 'sint': {
      const sign = type.kind === 'uint' ? 'Uint' : 'Int';
      const check = `check${type.bytes === 8 ? 'Big' : ''}${type.kind === 'uint' ? 'Uint' : 'Sint'}`;
      context.imports.codec.add(check);
      const checked = `${check}(${value}, ${type.bytes * 8}, ${name})`;
      if (type.bytes === 1) return `view.set${sign}8(${at}, ${checked});`;
      return `view.set${type.bytes === 8 ? 'Big' : ''}${sign}${type.bytes * 8}(${at}, ${checked}, ${order});`;
    }
    case 'bytes':
      context.imports.codec.add('writeBytes');
      return `writeBytes(view, ${at}, ${constant(type.size)}, ${value}, ${name});`;
    case 'record':
      return `${use(context, type, `write${pascal(type.name)}`)}(view, ${at}, ${value});`;
    case 'bits':
      throw new Error('bit fields cannot be elements');
  }
}

function constant(expression: Expression): number {
  const value = constantOf(expression);
  if (value === undefined) throw new Error('a fixed piece holds only constant sizes');
  return value;
}

function plus(base: string, bytes: number): string {
  return bytes === 0 ? base : `${base} + ${bytes}`;
}

import type { Context } from './context.js';
import { emitOpen } from './emit-open.js';
import { readCode, writeCode } from './emit-value.js';
import type { TypeLayout } from './layout.js';
import { camel, pascal, upper } from './names.js';

/** Size constant or function, reader and writer of one type. */
export function emitCodec(context: Context, layout: TypeLayout): string[] {
  return layout.size === undefined ? emitOpen(context, layout) : emitFixed(context, layout, layout.size);
}

function emitFixed(context: Context, layout: TypeLayout, size: number): string[] {
  const { name, kernelName } = layout.type;
  const pieces = layout.fields.map((field) => ({ layout: field, bit: field.bitOffset ?? 0 }));
  return [
    `/** Size of \`${kernelName}\` in bytes. */\nexport const ${upper(name)}_SIZE = ${size};\n`,
    `/** Reads \`${kernelName}\`; the caller guarantees ${size} bytes at \`offset\`. */`,
    `export function read${pascal(name)}(view: DataView, offset: number): ${pascal(name)} {`,
    '  return {',
    ...pieces.map(
      ({ layout: field, bit }) => `    ${camel(field.field.id)}: ${readCode(context, field, 'offset', bit)},`,
    ),
    '  };',
    '}',
    '',
    `/** Writes \`${kernelName}\` (${size} bytes at \`offset\`); throws RangeError naming a field that does not fit. */`,
    `export function write${pascal(name)}(view: DataView, offset: number, value: ${pascal(name)}): void {`,
    ...pieces.map(({ layout: field, bit }) => `  ${writeCode(context, name, field, 'offset', bit)}`),
    '}',
  ];
}

import { type Context, use } from './context.js';
import { constantOf } from './expression.js';
import type { FieldLayout, TypeLayout } from './layout.js';
import { type EnumModel, type FieldModel, type NamedValue, SchemaError } from './model.js';
import { camel, pascal, quote, upper } from './names.js';

/** A TSDoc comment of the given lines of text. */
export function comment(text: string, indent = ''): string {
  const lines = text
    .trim()
    .replaceAll('*/', '*\\/')
    .split('\n')
    .map((line) => line.trimEnd());
  if (lines.length === 1) return `${indent}/** ${lines[0]} */`;
  return [
    `${indent}/**`,
    ...lines.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}`),
    `${indent} */`,
  ].join('\n');
}

/** The `as const` object of a Kaitai enum or of a field's `-values`. */
export function emitValues(name: string, doc: string, values: readonly NamedValue[], big: boolean): string[] {
  return [
    comment(doc),
    `export const ${name} = {`,
    ...values.flatMap((entry) => [
      ...(entry.doc === undefined ? [] : [comment(entry.doc, '  ')]),
      `  ${camel(entry.name)}: ${numberCode(entry.value, big)},`,
    ]),
    '} as const;',
  ];
}

/** Byte offsets of the fields that start on a byte. */
export function emitOffsets(layout: TypeLayout): string[] {
  const entries = layout.fields
    .filter(({ field, bitOffset }) => field.type.kind !== 'bits' && bitOffset !== undefined)
    .map(({ field, bitOffset }) => `  ${camel(field.id)}: ${(bitOffset ?? 0) / 8},`);
  if (entries.length === 0) return [];
  return [
    `/** Byte offsets of the fields of \`${layout.type.kernelName}\`. */`,
    `export const ${upper(layout.type.name)} = {`,
    ...entries,
    '} as const;',
  ];
}

/** Positions and masks of the bit fields, within the 64-bit word at `offset`, as 32-bit halves. */
export function emitBits(context: Context, layout: TypeLayout): string[] {
  const entries = layout.fields.filter(({ field }) => field.type.kind === 'bits');
  if (entries.length === 0) return [];
  const lines = entries.map(({ field, bitOffset, bitWidth }) => {
    if (bitOffset === undefined || bitWidth === undefined) throw new Error('bit fields have a place');
    const shift = bitOffset % 64;
    if (shift + bitWidth > 64) {
      throw new SchemaError(
        `${context.schema.file}.ksy: type ${layout.type.name}: field ${field.id}: key type: crosses a 64-bit word`,
      );
    }
    const mask = ((1n << BigInt(bitWidth)) - 1n) << BigInt(shift);
    const lo = `0x${(mask & 0xffff_ffffn).toString(16)}`;
    const hi = `0x${(mask >> 32n).toString(16)}`;
    return `  ${camel(field.id)}: { offset: ${Math.floor(bitOffset / 64) * 8}, shift: ${shift}, width: ${bitWidth}, lo: ${lo}, hi: ${hi} },`;
  });
  return [
    `/** Bit fields of \`${layout.type.kernelName}\`: byte offset of the 64-bit word, position and mask (32-bit halves) in it. */`,
    `export const ${upper(layout.type.name)}_BITS = {`,
    ...lines,
    '} as const;',
  ];
}

/** The descriptor of a type. */
export function emitDescriptor(context: Context, layout: TypeLayout): string[] {
  const { type } = layout;
  const fields = `${camel(type.name)}Fields`;
  const lines = [
    `let ${fields}: RecordType<${pascal(type.name)}>['fields'] | undefined;`,
    '',
    comment(`Description of \`${type.kernelName}\`.`),
    `export const ${camel(type.name)}: RecordType<${pascal(type.name)}> = {`,
    `  file: ${quote(context.schema.file)},`,
    `  name: ${quote(type.name)},`,
    `  kernelName: ${quote(type.kernelName)},`,
    `  doc: ${quote(flat(type.doc))},`,
    `  docRef: [${type.docRef.map(quote).join(', ')}],`,
    `  endian: ${quote(context.schema.endian)},`,
    `  size: ${layout.size},`,
    `  parameters: [${type.parameters.map((id) => quote(camel(id))).join(', ')}],`,
    // Made when they are asked for: most runs read records, and ask for the fields of none.
    '  get fields() {',
    `    ${fields} ??= [`,
    ...layout.fields.map((field) => fieldInfo(context, field)),
    '    ];',
    `    return ${fields};`,
    '  },',
  ];
  if (layout.size !== undefined)
    lines.push(`  read: read${pascal(type.name)},`, `  write: write${pascal(type.name)},`);
  return [...lines, '};'];
}

function fieldInfo(context: Context, layout: FieldLayout): string {
  const { field } = layout;
  const entries = [
    `id: ${quote(camel(field.id))}`,
    `kernelName: ${quote(field.kernelName)}`,
    `doc: ${quote(flat(field.doc))}`,
  ];
  if (field.docRef.length > 0) entries.push(`docRef: [${field.docRef.map(quote).join(', ')}]`);
  entries.push(`bitOffset: ${layout.bitOffset}`, `bitWidth: ${layout.bitWidth}`);
  const element = elementEntries(context, layout);
  if (field.repeat === undefined) entries.push(...element);
  else {
    entries.push("kind: 'array'");
    const length = constantOf(field.repeat);
    if (length !== undefined) entries.push(`length: ${length}`);
    const inner = [
      `id: ${quote(camel(field.id))}`,
      `kernelName: ${quote(field.kernelName)}`,
      `doc: ${quote(flat(field.doc))}`,
      'bitOffset: 0',
      `bitWidth: ${layout.elementBits}`,
      ...element,
    ];
    if (field.type.kind === 'record') entries.push(`record: ${camel(field.type.name)}`);
    entries.push(`element: { ${inner.join(', ')} }`);
  }
  entries.push(...conditionEntries(field));
  return `    {\n${entries.map((entry) => `      ${entry},`).join('\n')}\n    },`;
}

function elementEntries(context: Context, layout: FieldLayout): string[] {
  const { field } = layout;
  const entries: string[] = [];
  if (field.type.kind === 'record') {
    entries.push("kind: 'record'", `record: ${use(context, field.type, camel(field.type.name))}`);
  }
  if (field.type.kind === 'bits') entries.push("kind: 'uint'");
  else if (field.type.kind !== 'record') entries.push(`kind: ${quote(field.type.kind)}`);
  const values = valuesOf(context.schema.enums, field);
  if (values !== undefined) {
    const big = (layout.elementBits ?? 0) > 32;
    const pairs = values.map((entry) => `[${numberCode(entry.value, big)}, ${quote(entry.name)}]`);
    const lines = pairs.map((pair) => `        ${pair},`).join('\n');
    entries.push(`values: new Map<number | bigint, string>([\n${lines}\n      ])`);
  }
  if (field.unit !== undefined) entries.push(`unit: ${quote(field.unit)}`);
  if (field.text === true) entries.push('text: true');
  if (field.pointer !== undefined) {
    const { to, kind, element, count, capacity, null: none, preserved } = field.pointer;
    const parts = [`to: [${to.map(quote).join(', ')}]`, `kind: ${quote(kind)}`];
    if (element !== undefined) parts.push(`element: ${quote(element)}`);
    if (count !== undefined) parts.push(`count: ${typeof count === 'number' ? count : quote(camel(count))}`);
    if (capacity !== undefined) parts.push(`capacity: ${capacity}`);
    if (none !== undefined) parts.push(`null: ${none}n`);
    if (preserved !== undefined) parts.push(`preserved: ${preserved}`);
    entries.push(`pointer: { ${parts.join(', ')} }`);
  }
  return entries;
}

function conditionEntries(field: FieldModel): string[] {
  const entries: string[] = [];
  if (field.reserved !== undefined) entries.push(`reserved: condition(${quote(field.reserved)})`);
  if (field.ignored !== undefined) entries.push(`ignored: condition(${quote(field.ignored)})`);
  if (field.limit !== undefined) entries.push(`limit: ${quote(field.limit)}`);
  if (field.since !== undefined) entries.push(`since: ${field.since}`);
  if (field.until !== undefined) entries.push(`until: ${field.until}`);
  return entries;
}

function valuesOf(enums: readonly EnumModel[], field: FieldModel): readonly NamedValue[] | undefined {
  return field.values ?? enums.find(({ name }) => name === field.enum)?.values;
}

/** A number literal, hexadecimal where that reads better; `big` for a bigint. */
export function numberCode(value: bigint, big: boolean): string {
  const text = value >= 4096n ? `0x${value.toString(16)}` : String(value);
  return big ? `${text}n` : text;
}

/** Paragraphs of a doc as one line each, for tables. */
function flat(doc: string): string {
  return doc
    .trim()
    .replaceAll(/[ \t]*\n[ \t]*(?!\n)/g, ' ')
    .trim();
}

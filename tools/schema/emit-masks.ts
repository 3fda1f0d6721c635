import { condition } from '../../src/schema/condition.js';
import type { Context } from './context.js';
import type { TypeLayout } from './layout.js';
import { type FieldModel, SchemaError } from './model.js';
import { camel, pascal } from './names.js';

/** Whether a mask function belongs to the type: it has reserved, ignored or limited bits and fits 64-bit words. */
export function needsMasks(context: Context, layout: TypeLayout): boolean {
  const field = layout.type.fields.find((one) => ruleKey(one) !== undefined);
  if (field === undefined) return false;
  const where = `${context.schema.file}.ksy: type ${layout.type.name}: field ${field.id}: key ${ruleKey(field)}`;
  // The emitted function takes both from its own file.
  for (const register of ['cap_reg', 'ecap_reg']) {
    if (!context.schema.types.some(({ name }) => name === register))
      throw new SchemaError(`${where}: the file has no ${register} to take settings from`);
  }
  if (layout.size === undefined || layout.size % 8 !== 0) {
    throw new SchemaError(`${where}: masks need a fixed size of whole 64-bit words`);
  }
  for (const one of layout.type.fields) checkNames(context, layout, one);
  return true;
}

/** The function that compiles the masks of one type, once per settings. */
export function emitMasks(layout: TypeLayout): string[] {
  const { name, kernelName } = layout.type;
  const own = layout.type.fields.map(({ id }) => id);
  const onRecord = layout.type.fields.some((field) => namesIn(field).some((id) => own.includes(id)));
  const parameters = `settings: VtdSettings${onRecord ? `, value: ${pascal(name)}` : ''}`;
  const registers = '{ cap: capReg.fields, ecap: ecapReg.fields }';
  const single = layout.size === 8;
  const args = `${camel(name)}, settings, ${registers}${onRecord ? ', value' : ''}`;
  return [
    '/**',
    ` * Reserved, ignored and address bits of \`${kernelName}\`${single ? '' : ', one element for each 64-bit word'}.`,
    ...(onRecord ? [' * Some depend on other fields of the entry, hence `value`.'] : []),
    ' */',
    `export function ${camel(name)}Masks(${parameters}): ${single ? 'EntryMask' : 'readonly EntryMask[]'} {`,
    `  return ${single ? 'entryMask' : 'entryMasks'}(${args});`,
    '}',
  ];
}

/** The key of a field that masks come from. */
function ruleKey(field: FieldModel): string | undefined {
  const keys = ['reserved', 'ignored', 'limit', 'since', 'until'] as const;
  const key = keys.find((one) => field[one] !== undefined);
  return key === undefined ? undefined : `-${key}`;
}

function namesIn(field: FieldModel): string[] {
  return [field.reserved, field.ignored].flatMap((text) => (text === undefined ? [] : condition(text).names));
}

function checkNames(context: Context, layout: TypeLayout, field: FieldModel): void {
  for (const key of ['reserved', 'ignored'] as const) {
    for (const name of field[key] === undefined ? [] : condition(field[key]).names) {
      const [register, id] = name.split('.');
      if (id === undefined) continue;
      const fields = context.layouts.get(`${register}_reg`)?.type.fields ?? [];
      if (fields.some((candidate) => candidate.id === id)) continue;
      throw new SchemaError(
        `${context.schema.file}.ksy: type ${layout.type.name}: field ${field.id}: key -${key}: ${name} is not a field of ${register}_reg`,
      );
    }
  }
}

/**
 * JSON Schemas of structures, from their bindings: what `structure-json` writes. Forms of a structure share one schema,
 * which has the keys of all of them. Knows no structure by name.
 */
import type { FieldInfo } from '../../src/schema/record.js';
import {
  type FieldBinding,
  fieldBinding,
  flagKeys,
  type ListBinding,
  type RecordBinding,
  type Subject,
  type ValueField,
} from '../../src/structures/structure.js';

export interface Schema {
  readonly [key: string]: unknown;
}

/** A property and whether it is always there. */
type Properties = ReadonlyMap<string, { readonly schema: Schema; readonly always: boolean }>;

const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
const described = (description: string, schema: Schema): Schema => ({ description, ...schema });

/** The schema of what is under a subject's key. */
export function structureSchema({ what, forms, released }: Subject): Schema {
  const fields = forms.map(({ root }) => recordProperties(root)).reduce(merged);
  if (released === true) return objectSchema(`${sentence(what)}.`, fields);
  const own: Properties = new Map([
    [
      'form',
      {
        schema: {
          description: 'Form of the bytes, which no release has: it may change without a new schemaVersion.',
          enum: forms.map(({ id }) => id),
        },
        always: true,
      },
    ],
    [
      'undecided',
      {
        schema: {
          description: 'Other forms that the bytes fit as well.',
          type: 'array',
          items: { enum: forms.map(({ id }) => id) },
        },
        always: false,
      },
    ],
    ['address', { schema: described('Physical address of the record in bytes.', ref('u64')), always: true }],
  ]);
  return objectSchema(`${sentence(what)}.`, new Map([...own, ...fields]));
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function objectSchema(description: string, properties: Properties): Schema {
  return {
    description,
    type: 'object',
    properties: Object.fromEntries([...properties].map(([key, { schema }]) => [key, schema])),
    required: [...properties].filter(([, { always }]) => always).map(([key]) => key),
    additionalProperties: false,
  };
}

function recordProperties(binding: RecordBinding): Properties {
  const properties = new Map<string, { schema: Schema; always: boolean }>();
  const add = (key: string, schema: Schema, always: boolean) => properties.set(key, { schema, always });
  if (binding.addressed === true)
    add('address', described(`Physical address of the ${binding.what} in bytes.`, ref('u64')), true);
  for (const info of binding.record.fields) addField(add, fieldBinding(binding, info.id), info);
  if (binding.follows !== undefined) add(binding.follows.key, listSchema(binding.follows), true);
  return properties;
}

function addField(
  add: (key: string, schema: Schema, always: boolean) => void,
  field: FieldBinding,
  info: FieldInfo,
): void {
  const { doc } = info;
  switch (field.kind) {
    case 'value': {
      const hidden = field.hidden === true || field.countOf !== undefined;
      const only = field.hidden === true ? ' Left out where it is zero.' : '';
      const count = field.countOf === undefined ? '' : ' Left out where the list has as many.';
      const schema = formSchema(field, info);
      add(field.key, described(`${doc}${only}${count}`, schema), !hidden);
      return;
    }
    case 'flags':
      for (const { key } of flagKeys(info))
        add(key, { description: `${sentence(key)}; left out where it is not.`, const: true }, false);
      add(
        field.key,
        described(`${doc} Bits without a name; left out where there are none.`, numberSchema(info)),
        false,
      );
      return;
    case 'chain':
      add(`${field.list.key}Address`, described(`${doc} As stored.`, ref('u64')), true);
      add(
        `${field.list.key}Pages`,
        {
          description: `Pages of ${field.list.what} in the order of the chain; left out where there are none.`,
          type: 'array',
          items: ref('listPage'),
        },
        false,
      );
      add(field.list.key, listSchema(field.list), true);
      return;
    case 'records':
      add(field.list.key, listSchema(field.list), true);
      return;
    case 'one':
      add(`${field.key}Address`, described(`${doc} As stored.`, ref('u64')), true);
      add(field.key, objectSchema(`${sentence(field.record.what)}.`, recordProperties(field.record)), false);
      return;
    case 'folios':
      add('list', described('The place of the list of folios.', ref('area')), true);
      add(
        'folios',
        {
          description:
            'The list in its order, folios that continue each other joined; it ends before the first entry that is not in the dump.',
          type: 'array',
          items: ref('folio'),
        },
        true,
      );
      return;
    case 'variant':
      for (const variant of Object.values(field.variants))
        for (const [key, { schema }] of recordProperties(variant)) add(key, schema, false);
      add(
        field.key,
        described(`${doc} Left out where it is zero, or where its owner is known.`, ref('bytes')),
        false,
      );
      add(
        `${field.key}Rest`,
        described('The bytes after that state; left out where they are zero.', ref('bytes')),
        false,
      );
  }
}

function listSchema({ what, element }: ListBinding): Schema {
  return {
    description: `The ${what}.`,
    type: 'array',
    items: objectSchema(`One ${element.what}.`, recordProperties(element)),
  };
}

function formSchema({ form }: ValueField, info: FieldInfo): Schema {
  if (form === 'bdf') return functionSchema(info);
  return form !== undefined && (info.bitWidth ?? 64) <= 32 ? ref('hex32') : valueSchema(info);
}

/** `bb:dd.f`; the number itself where the field has room for more. */
function functionSchema(info: FieldInfo): Schema {
  const text = { type: 'string', pattern: '^[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$' };
  return (info.bitWidth ?? 0) <= 16 ? text : { anyOf: [text, numberSchema(info)] };
}

function valueSchema(info: FieldInfo): Schema {
  if (info.kind === 'bytes') return ref('bytes');
  if (info.kind !== 'array' || info.element === undefined) return numberSchema(info);
  return { type: 'array', items: numberSchema(info.element), minItems: info.length, maxItems: info.length };
}

/** By the width of the field. */
function numberSchema({ bitWidth = 64, kind }: FieldInfo): Schema {
  if (bitWidth > 32) return ref('u64');
  const high = 2 ** (kind === 'sint' ? bitWidth - 1 : bitWidth);
  return { type: 'integer', minimum: kind === 'sint' ? -high : 0, maximum: high - 1 };
}

/** The keys of two forms: what only one has is not always there, and what is of another kind in one may be either. */
function merged(a: Properties, b: Properties): Properties {
  const result = new Map(
    [...a].map(([key, { schema, always }]) => [key, { schema, always: always && b.has(key) }]),
  );
  for (const [key, { schema, always }] of b) {
    const other = a.get(key);
    result.set(
      key,
      other === undefined
        ? { schema, always: false }
        : { schema: either(other.schema, schema), always: always && other.always },
    );
  }
  return result;
}

function either(a: Schema, b: Schema): Schema {
  const [{ description, ...left }, { description: _, ...right }] = [a, b];
  if (JSON.stringify(left) === JSON.stringify(right)) return a;
  if (left.type === 'object' && right.type === 'object') {
    return objectSchema(`${description}`, merged(propertiesOf(left), propertiesOf(right)));
  }
  if (left.type === 'array' && right.type === 'array' && 'properties' in (left.items as Schema))
    return { ...a, items: either(left.items as Schema, right.items as Schema) };
  if (left.type === 'integer' && right.type === 'integer') {
    return {
      description,
      type: 'integer',
      minimum: Math.min(left.minimum as number, right.minimum as number),
      maximum: Math.max(left.maximum as number, right.maximum as number),
    };
  }
  const options = (schema: Schema): readonly Schema[] => (schema.anyOf as Schema[] | undefined) ?? [schema];
  const all = [...options(left), ...options(right)];
  const kept = all.filter(
    (each, i) => all.findIndex((other) => JSON.stringify(other) === JSON.stringify(each)) === i,
  );
  return { description, anyOf: kept };
}

function propertiesOf({ properties, required }: Schema): Properties {
  const always = required as readonly string[];
  return new Map(
    Object.entries(properties as Record<string, Schema>).map(([key, schema]) => [
      key,
      { schema, always: always.includes(key) },
    ]),
  );
}

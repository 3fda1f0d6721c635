/**
 * The published schema of dumps has the structures as their bindings say. `KHO_WRITE_SCHEMAS=1` writes it anew; `biome
 * check --write schemas` then brings it into shape.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SUBJECTS } from '../../src/structures/index.js';
import { moreChildProperties } from '../../src/structures/root/tree.js';
import type { Subject } from '../../src/structures/structure.js';
import { GENERATIONS, UPSTREAM } from '../../src/versions/generations.js';
import type { Json } from '../rfc/json.js';
import { structureSchema } from './structure-schema.js';

const file = fileURLToPath(new URL('../../schemas/dump.schema.json', import.meta.url));
const DRAFT = { description: 'What of an ABI that is in no release hangs here.', $ref: '#/$defs/draft' };

function refTo({ key, what }: Subject): Json {
  return { description: `The ${what} that it holds.`, $ref: `#/$defs/${key}State` };
}

/** The keys of an object schema without those of structures, and then those that may hang there. */
function withStructures(schema: Json, hanging: readonly Subject[], draft: boolean): void {
  const known = new Set(['draft', ...SUBJECTS.map(({ key }) => key)]);
  const properties = Object.entries(schema.properties as Json).filter(([key]) => !known.has(key));
  schema.properties = Object.fromEntries([
    ...properties,
    ...(draft ? [['draft', DRAFT]] : []),
    ...hanging.map((subject) => [subject.key, refTo(subject)]),
  ]);
}

/** What children of the root have besides the address and the size of their blob, by every generation. */
function withChildProperties(schema: Json): void {
  const { name, address, size, fdt, data, ...rest } = schema.properties as Json;
  const held = new Set(['draft', ...SUBJECTS.map(({ key }) => key)]);
  const structures = Object.entries(rest).filter(([key]) => held.has(key));
  const more = UPSTREAM.flatMap(moreChildProperties).map(({ property, key, record: { fields } }) => [
    key,
    { description: `${property}: ${fields[0]?.doc}`, $ref: '#/$defs/u64' },
  ]);
  schema.properties = {
    name,
    address,
    size,
    ...Object.fromEntries(more),
    fdt,
    data,
    ...Object.fromEntries(structures),
  };
}

test.each(['diff', 'validate'])('the schema of %s names every generation', (name) => {
  const path = fileURLToPath(new URL(`../../schemas/${name}.schema.json`, import.meta.url));
  const text = readFileSync(path, 'utf8');
  const written = text.replaceAll(
    /"enum": \[\s*"rfc-2024"[^\]]*\]/g,
    `"enum": [${GENERATIONS.map((generation) => `"${generation}"`).join(', ')}]`,
  );
  if (process.env.KHO_WRITE_SCHEMAS === '1') writeFileSync(path, written);
  expect(text).toBe(written);
});

test('the schema of dumps follows from the bindings', () => {
  const before = JSON.parse(readFileSync(file, 'utf8'));
  const schema = structuredClone(before);
  const { $defs } = schema;
  const held = (holder: Subject['holder']) => SUBJECTS.filter((subject) => subject.holder === holder);
  for (const subject of SUBJECTS) $defs[`${subject.key}State`] = structureSchema(subject);
  withStructures(
    schema,
    SUBJECTS.filter(({ top }) => top === true),
    false,
  );
  withStructures($defs.subtree, held('child'), true);
  const { sessions, flbs } = $defs.luo.properties;
  withStructures(sessions.items.properties.files.items, held('file'), true);
  withStructures(flbs.items, held('flb'), true);
  withChildProperties($defs.subtree);
  schema.properties.generation.enum = [...GENERATIONS];
  if (process.env.KHO_WRITE_SCHEMAS === '1') writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  expect(before).toEqual(schema);
});

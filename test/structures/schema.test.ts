/**
 * The published schema of dumps has the structures as their bindings say. `KHO_WRITE_SCHEMAS=1` writes it anew; `biome
 * check --write schemas` then brings it into shape.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { structureSchema } from '../../src/report/structure-schema.js';
import { SUBJECTS } from '../../src/structures/index.js';
import type { Subject } from '../../src/structures/structure.js';
import type { Json } from '../rfc/json.js';

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
  if (process.env.KHO_WRITE_SCHEMAS === '1') writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  expect(before).toEqual(schema);
});

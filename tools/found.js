/**
 * Build time, for the registries of what lies in the folders of structures: `structures/bindings-found.ts` has the
 * subjects and riders that their bindings export, `structures/rules-found.ts` the rules of every folder that
 * `structures/rules.ts` does not put in an order, `structures/expect-found.ts` what fuzzing expects of each. A binding is
 * loaded by `dump`, the others are not.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const structures = new URL('../src/structures/', import.meta.url);
const folders = readdirSync(structures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** The text of a folder's file; undefined where it has none. */
function text(folder, file) {
  const path = new URL(`${folder}/${file}`, structures);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Writes a module unless it is the same already. */
function write(name, lines) {
  const path = new URL(name, structures);
  const module = `/** Made by tools/found.js. */\n${lines.join('\n')}\n`;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== module) writeFileSync(path, module);
}

const bindings = folders.flatMap((folder) =>
  [...(text(folder, 'binding.ts') ?? '').matchAll(/^export const (\w+): (Subject|Rider) =/gm)].map(
    ([, name, kind]) => ({ folder, name, kind }),
  ),
);
const namesOf = (kind) => bindings.flatMap((each) => (each.kind === kind ? each.name : [])).join(', ');
write('bindings-found.ts', [
  ...bindings.map(({ folder, name }) => `import { ${name} } from './${folder}/binding.js';`),
  "import type { Rider } from './rider.js';",
  "import type { Subject } from './structure.js';",
  '',
  `export const foundSubjects: readonly Subject[] = [${namesOf('Subject')}];`,
  `export const foundRiders: readonly Rider[] = [${namesOf('Rider')}];`,
]);

const ordered = readFileSync(new URL('rules.ts', structures), 'utf8');
const rules = folders.flatMap((folder) => {
  const source = ordered.includes(`'./${folder}/rules`) ? undefined : text(folder, 'rules.ts');
  if (source === undefined) return [];
  const name = /^export const (\w+Rules)\b/m.exec(source)?.[1];
  if (name !== undefined) return [{ folder, name }];
  console.error(`src/structures/${folder}/rules.ts: exports no list of rules, whose name ends with Rules`);
  process.exitCode = 1;
  return [];
});
write('rules-found.ts', [
  "import type { Rule } from '../validate/rule.js';",
  ...rules.map(({ folder, name }) => `import { ${name} } from './${folder}/rules.js';`),
  '',
  `export const foundRules: readonly Rule[] = [${rules.map(({ name }) => `...${name}`).join(', ')}];`,
]);

const expected = folders.filter((folder) => text(folder, 'expect.ts') !== undefined);
const alias = (folder) => folder.replaceAll(/-(.)/g, (_, letter) => letter.toUpperCase());
write('expect-found.ts', [
  "import type { Expectations } from '../fuzz/expect/field.js';",
  ...expected.map((folder) => `import { expectations as ${alias(folder)} } from './${folder}/expect.js';`),
  '',
  `export const EXPECTATIONS: readonly Expectations[] = [${expected.map(alias).join(', ')}];`,
]);

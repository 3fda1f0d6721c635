/**
 * `npm run api`: the reference of the library, as HTML in build/api/html, from the comments in dist/*.d.ts. A name without
 * a comment, a link that leads nowhere, and a type that is used but not exported are errors.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportsOf } from './declarations.js';

const top = fileURLToPath(new URL('../../..', import.meta.url));
const types = join(top, 'build/api/types');
const dist = join(top, 'dist');

/** The entry points by the name of their page, and the file that declares them. */
const ENTRIES = [
  ['kho-toolkit', 'index'],
  ['node', 'node'],
  ['arbitraries', 'fuzz/index'],
] as const;

mkdirSync(types, { recursive: true });
for (const [name, file] of ENTRIES) {
  const from = join(dist, file);
  // By name: `export type *` also exports functions, as types, and typedoc would list them.
  const names = exportsOf(`${from}.d.ts`);
  writeFileSync(
    join(types, `${name}.d.ts`),
    `export { ${names.join(', ')} } from '${relative(types, from)}.js';\n`,
  );
}
// typedoc takes options of a compiler from a file alone.
writeFileSync(
  join(types, 'tsconfig.json'),
  JSON.stringify({
    extends: relative(types, join(top, 'tsconfig.base.json')),
    compilerOptions: { noEmit: true, rootDir: top, typeRoots: [join(top, 'node_modules/@types')] },
    files: ENTRIES.map(([name]) => `${name}.d.ts`),
  }),
);

const api = join(top, 'tools/api');
const { status } = spawnSync(
  process.execPath,
  [join(api, 'node_modules/typedoc/bin/typedoc'), '--options', join(api, 'typedoc.json')],
  { stdio: 'inherit', cwd: api },
);
process.exitCode = status ?? 1;

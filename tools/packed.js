/**
 * What `npm pack` puts into package.json: no scripts, as what they need stays here, and an install from the tarball
 * must not try to build. `npm pack` calls it before (`clean`, `strip`) and after (`restore`).
 */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package.json', import.meta.url);
const KEPT = new URL('../package.json.kept', import.meta.url);

if (process.argv[2] === 'clean') {
  // What an earlier build left behind would be packed too.
  rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
} else if (process.argv[2] === 'strip') {
  // One that an interrupted run left behind is the original.
  if (!existsSync(KEPT)) writeFileSync(KEPT, readFileSync(FILE));
  const {
    scripts: _scripts,
    devDependencies: _devDependencies,
    ...packed
  } = JSON.parse(readFileSync(KEPT, 'utf8'));
  writeFileSync(FILE, `${JSON.stringify(packed, undefined, 2)}\n`);
} else if (existsSync(KEPT)) {
  renameSync(KEPT, FILE);
}

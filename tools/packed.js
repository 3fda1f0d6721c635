/**
 * What `npm pack` puts into package.json: no scripts, as what they need stays here, and an install from the tarball
 * must not try to build. `npm pack` calls it before (`strip`) and after (`restore`).
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package.json', import.meta.url);
const KEPT = new URL('../package.json.kept', import.meta.url);

if (process.argv[2] === 'strip') {
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

/**
 * `node tools/built.js`: is `dist` what a build of these sources made? Status 0 if so, else 1. A build calls it with
 * `begin` and `done`. So `npm test` does not build again what `npm ci` has built.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'build', 'built');
/** What a build reads, and what it writes between them; `dist` is taken as it was left. */
const INPUTS = ['formats', 'schemas', 'src', 'tools', 'package.json', 'package-lock.json'];
const CONFIGS = /^(?:tsconfig.*\.json|rolldown.*\.js)$/;

function* files(path) {
  const entries = readdirSync(join(root, path), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) yield* files(inside);
    else yield inside;
  }
}

function fingerprint() {
  const configs = readdirSync(root).filter((name) => CONFIGS.test(name));
  const hash = createHash('sha256').update(process.version);
  for (const input of [...INPUTS, ...configs.sort()]) {
    const paths = /\.js(?:on)?$/.test(input) ? [input] : files(input);
    for (const path of paths)
      hash.update(`${path}\0`).update(
        createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest(),
      );
  }
  return hash.digest('hex');
}

const [, , step] = process.argv;
if (step === 'begin') rmSync(stamp, { force: true });
else if (step === 'done') writeFileSync(stamp, fingerprint());
else {
  const parts = [stamp, ...['index.js', 'bundle', 'viewer.html'].map((name) => join(root, 'dist', name))];
  process.exitCode = parts.every(existsSync) && readFileSync(stamp, 'utf8') === fingerprint() ? 0 : 1;
}

/**
 * What V8 compiles of the bundle when the common commands run, kept beside it: dist/bundle/code/VERSION-ARCH, one file
 * a chunk. Node before 22.1 has no cache of its own, and compiling takes longer than most commands. bin/chunks.js reads it.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const top = join(import.meta.dirname, '../..');
const bundle = join(top, 'dist/bundle');
const code = join(bundle, 'code', `${process.version}-${process.arch}`);
const blob = join(top, 'fixtures/rfc-2024/three-level/kho.dtb');
const core = join(top, 'fixtures/rfc-2024/three-level');

/** Each is run once; what they need is what is kept. */
const RUNS = [
  ['validate', blob],
  ['info', blob],
  ['dump', blob],
  ['validate', core],
];

const { loadChunks } = createRequire(import.meta.url)('../../bin/chunks.js');
rmSync(join(bundle, 'code'), { recursive: true, force: true });
const compiled = new Map();
const { main } = loadChunks(bundle, code, 'main.cjs', compiled);
const { write } = process.stdout;
const { write: writeError } = process.stderr;
const discard = (_, encoding, done) => {
  const callback = typeof encoding === 'function' ? encoding : done;
  if (callback !== undefined) process.nextTick(callback);
  return true;
};
process.stdout.write = discard;
process.stderr.write = discard;
for (const words of RUNS) await main(words);
process.stdout.write = write;
process.stderr.write = writeError;
process.exitCode = 0;
mkdirSync(code, { recursive: true });
for (const [name, script] of compiled) writeFileSync(join(code, `${name}.code`), script.createCachedData());

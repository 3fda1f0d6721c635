#!/usr/bin/env node
// One of few files: node takes longer to find and load hundreds of modules than most commands take to run.
'use strict';
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const top = join(__dirname, '..');
const bundle = join(top, 'dist', 'bundle');

/** What is to be done once the command has run. */
let after = () => {};

/** On a live host nothing is to be left behind, not even compiled code. */
function isLive() {
  return process.argv[2] === 'capture' || process.argv.includes('--live');
}

/** `main` of the bundle: with the code that the build, or an earlier run, has compiled, where it is this node's. */
function load() {
  const code = join(bundle, 'code', `${process.version}-${process.arch}`);
  if (existsSync(code)) return require('./chunks.js').loadChunks(bundle, code, 'main.cjs').main;
  if (isLive()) return require(join(bundle, 'main.cjs')).main;
  // Node 22.1 and later keeps what it compiled once itself (NODE_DISABLE_COMPILE_CACHE=1 turns that off).
  const { enableCompileCache } = require('node:module');
  if (enableCompileCache !== undefined) {
    enableCompileCache();
    return require(join(bundle, 'main.cjs')).main;
  }
  const { codeFolder, keepCode } = require('./code-cache.js');
  const kept = codeFolder(bundle, process.argv[2]);
  if (kept === undefined) return require(join(bundle, 'main.cjs')).main;
  const compiled = new Map();
  after = () => keepCode(kept, compiled);
  return require('./chunks.js').loadChunks(bundle, kept, 'main.cjs', compiled).main;
}

let main;
try {
  main = load();
} catch (error) {
  if (error?.code !== 'MODULE_NOT_FOUND') throw error;
  const why = existsSync(join(bundle, 'main.cjs'))
    ? `its dependencies are not installed: run "npm ci" in ${top}`
    : `it is not built (npm --ignore-scripts leaves that out): run "npm ci --ignore-scripts && npm run build" in ${top}`;
  process.stderr.write(`kho: ${why}\n`);
  process.exitCode = 2;
}
main?.(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
  after();
});

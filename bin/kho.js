#!/usr/bin/env node
// One file: node takes longer to find and load hundreds of modules than most commands take to run.
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';

// Node 22.1 and later: what was compiled once is kept in node's own cache (NODE_DISABLE_COMPILE_CACHE=1 turns it off).
module.enableCompileCache?.();

const bundle = new URL('../dist/bundle/main.js', import.meta.url);
try {
  const { main } = await import(bundle.href);
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const why = existsSync(bundle)
    ? `its dependencies are not installed: run "npm ci" in ${folder}`
    : `it is not built (npm --ignore-scripts leaves that out): run "npm ci --ignore-scripts && npm run build" in ${folder}`;
  process.stderr.write(`kho: ${why}\n`);
  process.exitCode = 2;
}

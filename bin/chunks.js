// Loads the bundle with code that was compiled when it was built (tools/bundle/code.js): V8 takes it over in a third of
// the time that compiling takes, and compiles as ever where it was made by another V8 or under other flags.
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script, constants } = require('node:vm');

const HEAD = '(function (exports, require, module, __filename, __dirname) {';
const TAIL = '\n})';

/**
 * @param folder of the bundle
 * @param code folder of the compiled code
 * @param entry name of a chunk
 * @param compiled filled with the scripts by chunk, where given
 * @returns what the entry exports
 */
function loadChunks(folder, code, entry, compiled) {
  const modules = new Map();
  const requireChunk = (name) => {
    if (!name.startsWith('./')) return require(name);
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    modules.set(name, module);
    const filename = join(folder, name);
    const script = new Script(HEAD + readFileSync(filename, 'latin1') + TAIL, {
      filename,
      cachedData: readCode(join(code, `${name}.code`)),
      // Node's own modules may be loaded by import() too.
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    compiled?.set(name, script);
    script.runInThisContext().call(module.exports, module.exports, requireChunk, module, filename, folder);
    return module.exports;
  };
  return requireChunk(`./${entry}`);
}

function readCode(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

module.exports = { loadChunks };

// Where code that V8 has compiled is kept for installed packages on Node before 22.1, which has no such cache of its own:
// a build of Node takes back only what the same build made, so the package cannot bring it along.
'use strict';
const { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { homedir } = require('node:os');
const { isAbsolute, join } = require('node:path');

/** Commands that have code of their own, as they use different parts of the chunks. */
const COMMANDS = /^(?:info|dump|validate|walk|diff|trim|what|report)$/;

/**
 * The folder for the code of one command, below $XDG_CACHE_HOME or ~/.cache. V8 runs what it finds there, so each
 * folder on the way has to belong to the user, and nobody else may write to it.
 *
 * @param bundle folder of the chunks
 * @returns undefined where there is no such folder, or NODE_DISABLE_COMPILE_CACHE is set
 */
function codeFolder(bundle, command = '') {
  if (process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return undefined;
  if (process.getuid === undefined || process.getuid() !== process.geteuid()) return undefined;
  try {
    const named = process.env.XDG_CACHE_HOME ?? '';
    const cache = isAbsolute(named) ? named : join(homedir(), '.cache');
    // The name of the chunk that it loads has a hash of all code in it.
    const [, hash] = /start-([\w-]+)\.cjs/.exec(readFileSync(join(bundle, 'main.cjs'), 'latin1'));
    const key = `${process.version}-${process.arch}-${hash}`;
    let folder = cache;
    for (const name of ['', 'kho-toolkit', key, COMMANDS.test(command) ? command : 'other']) {
      folder = join(folder, name);
      if (!isPrivate(folder)) return undefined;
    }
    return folder;
  } catch {
    return undefined;
  }
}

/** Whether a folder, made where it is missing, is one that only this user writes to. */
function isPrivate(folder) {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  }
  return stat.isDirectory() && stat.uid === process.getuid() && (stat.mode & 0o022) === 0;
}

/**
 * Keeps what was compiled of chunks that have no code in the folder so far, each whole or not at all.
 *
 * @param compiled scripts by chunk
 */
function keepCode(folder, compiled) {
  try {
    for (const [name, script] of compiled) {
      const file = join(folder, `${name}.code`);
      if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) continue;
      const own = `${file}.${process.pid}`;
      writeFileSync(own, script.createCachedData(), { flag: 'wx', mode: 0o600 });
      renameSync(own, file);
    }
  } catch {
    // It is a cache: without it the next run takes as long as this one.
  }
}

module.exports = { codeFolder, keepCode };

/** A capture as a folder or as one core, readable by its owner alone. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { keepFile, removeAtExit } from '../../memory/node/cleanup.js';
import { asOutputError, errorCode, InputError, OutputError } from '../../memory/node/errors.js';
import { notePrivate } from '../../memory/node/files-read.js';
import { writeFileAtomic } from '../../memory/node/output.js';
import { uniqueSuffix } from '../../memory/node/unique.js';
import type { Trimmed } from '../../trim/trim.js';
import { withinBudget } from '../budgets.js';
import type { Captured } from './capture.js';
import { manifestText, type WrittenFile, written } from './manifest.js';

export const CORE = 'memory.elf';
export const MANIFEST = 'manifest.json';

/** For the owner alone: what is captured is the host's. */
const FOLDER = { mode: 0o700, recursive: true } as const;
const FILE = { mode: 0o600, flag: 'wx' } as const;

/**
 * Writes the folder, whole or not at all.
 *
 * @returns what is in its core
 * @throws OutputError when there is something already, or the system cannot write
 */
export async function writeFolder(path: string, captured: Captured): Promise<Trimmed | undefined> {
  const target = resolve(path);
  refuseUsed(path, target);
  const temporary = join(dirname(target), `.kho-${uniqueSuffix()}.tmp`);
  removeAtExit(temporary);
  try {
    const core = fillFolder(temporary, captured);
    renameSync(temporary, target);
    return core;
  } catch (error) {
    throw error instanceof InputError ? error : asOutputError(path, error);
  } finally {
    rmSync(temporary, { force: true, recursive: true });
    keepFile(temporary);
  }
}

/** Fills a folder that is not there yet. */
export function fillFolder(folder: string, captured: Captured): Trimmed | undefined {
  mkdirSync(folder, { mode: FOLDER.mode });
  const files: WrittenFile[] = [];
  for (const { path, bytes, from } of captured.files) {
    mkdirSync(dirname(join(folder, path)), FOLDER);
    writeFileSync(join(folder, path), bytes, FILE);
    files.push(written(path, from, bytes));
  }
  const core = captured.core?.(manifestText(captured, files));
  if (core !== undefined) files.push(writeCore(join(folder, CORE), core));
  writeFileSync(join(folder, MANIFEST), manifestText(captured, files), FILE);
  return core;
}

function writeCore(path: string, { chunks }: Trimmed): WrittenFile {
  const hash = createHash('sha256');
  let size = 0;
  writeFileSync(path, '', FILE);
  for (const chunk of withinBudget(chunks)) {
    writeFileSync(path, chunk, { flag: 'a' });
    hash.update(chunk);
    size += chunk.length;
  }
  return { path: basename(path), from: '/proc/kcore', size, sha256: hash.digest('hex') };
}

/**
 * Writes the core alone; its note is the manifest.
 *
 * @throws InputError when the host does not show the memory of a tree
 */
export async function writeCoreFile(path: string, captured: Captured): Promise<Trimmed> {
  const files = captured.files.map(({ path: name, from, bytes }) => written(name, from, bytes));
  const core = captured.core?.(manifestText(captured, files));
  if (core === undefined || !core.hasTree) {
    const kcore = captured.refused.find(({ path: refused }) => refused === '/proc/kcore');
    throw new InputError(
      '/proc/kcore',
      'no-memory',
      `${kcore?.why ?? 'shows no tree'}; a folder (-o DIR) has at least the trees of debugfs`,
    );
  }
  notePrivate();
  await writeFileAtomic(path, withinBudget(core.chunks));
  return core;
}

function refuseUsed(path: string, target: string): void {
  try {
    if (readdirSync(target).length > 0)
      throw new OutputError(path, 'EEXIST', 'is a folder with files in it; name a new one');
  } catch (error) {
    if (error instanceof OutputError) throw error;
    if (errorCode(error) !== 'ENOENT') throw asOutputError(path, error);
  }
}

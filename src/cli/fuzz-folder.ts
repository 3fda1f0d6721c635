/** The folder of a run: its parameters, its manifest, and where an interrupted run goes on. */
import { join } from 'node:path';
import { dictionaryLines } from '../fuzz/dictionary.js';
import { parseLines } from '../fuzz/manifest.js';
import { type AppendLog, makeFolder, namesIn, openLog, textOrNothing } from '../memory/node/append-log.js';
import { OutputError } from '../memory/node/errors.js';
import { lockFile } from '../memory/node/lock.js';
import { writeFileAtomic } from '../memory/node/output.js';
import { escapeText } from '../schema/escape.js';
import { joined } from './common.js';
import { UsageError } from './numbers.js';

/** What makes a run what it is: the same gives the same cases. */
export interface RunParameters {
  readonly tool: 'kho fuzz';
  readonly version: string;
  readonly seed: string;
  readonly first: number;
  /** Of the images that are mutated. */
  readonly fingerprint: string;
  readonly blobs: boolean;
  /** Words of the program, where one is run. */
  readonly exec?: readonly string[];
  /** Seconds after which a run of it counts as hanging, and bytes that it may have. */
  readonly timeout?: number;
  readonly memoryLimit?: number;
}

/** How to have the run again. Not what it is: another count, or the dump at another place, is the same run. */
export interface RunRecord {
  /** Cases from `first` on that were asked for; of several commands the most. */
  readonly count: number;
  /** Where the command was given. */
  readonly directory: string;
  /** The command in words, without the folder. */
  readonly command: readonly string[];
}

export interface RunFolder {
  readonly path: string;
  /** Lines that are there already, by case. */
  readonly done: ReadonlyMap<number, { readonly [key: string]: unknown }>;
  readonly log: AppendLog;
  /** Writes a file whole or not at all. */
  write(name: string, chunks: Iterable<Uint8Array | string>): Promise<void>;
}

const PARAMETERS = 'run.json';
const DICTIONARY = 'kho.dict';
const LOCK = '.kho-fuzz.lock';

/**
 * Opens a folder for a run, or for the rest of one that was interrupted.
 *
 * @param logName what the lines of cases are written to; a case counts as done once it has one
 * @throws UsageError when the folder is of another run
 * @throws OutputError when it holds other files, or another process works in it
 */
export async function openRunFolder(
  path: string,
  parameters: RunParameters,
  record: RunRecord,
  logName: string,
): Promise<RunFolder> {
  await makeFolder(path);
  const release = lockFile(join(path, LOCK));
  try {
    return await openLocked(path, parameters, record, logName, release);
  } catch (error) {
    release();
    throw error;
  }
}

async function openLocked(
  path: string,
  parameters: RunParameters,
  record: RunRecord,
  logName: string,
  release: () => void,
): Promise<RunFolder> {
  const found = await textOrNothing(join(path, PARAMETERS));
  const before = found === '' ? undefined : parsed(found);
  if (found !== '' && !isSameRun(before, parameters)) {
    throw new UsageError(
      `${path} holds another run (${difference(before, parameters)}); name another folder`,
    );
  }
  const write = (name: string, chunks: Iterable<Uint8Array | string>) =>
    writeFileAtomic(join(path, name), chunks);
  if (found === '') {
    const foreign = (await namesIn(path)).find((name) => name !== LOCK);
    if (foreign !== undefined) {
      throw new OutputError(path, 'EEXIST', `holds ${escapeText(foreign)} and no run; name an empty folder`);
    }
    await write(DICTIONARY, joined(dictionaryLines()));
  }
  if (!(Number(before?.count) >= record.count)) {
    await write(PARAMETERS, [`${JSON.stringify({ ...parameters, ...record }, undefined, 1)}\n`]);
  }
  const done = new Map<number, { readonly [key: string]: unknown }>();
  for (const line of parseLines(await textOrNothing(join(path, logName)))) done.set(line.case, line);
  const log = await openLog(join(path, logName));
  const close = async (): Promise<void> => {
    await log.close();
    release();
  };
  return { path, done, log: { ...log, close }, write };
}

const KEYS = [
  'tool',
  'version',
  'seed',
  'first',
  'fingerprint',
  'blobs',
  'exec',
  'timeout',
  'memoryLimit',
] as const satisfies readonly (keyof RunParameters)[];

interface Found {
  readonly [key: string]: unknown;
}

/** What a run.json says; undefined when it cannot be read. */
function parsed(text: string): Found | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Found) : undefined;
  } catch {
    return undefined;
  }
}

function differing(found: Found, wanted: RunParameters): (keyof RunParameters)[] {
  return KEYS.filter((key) => JSON.stringify(found[key]) !== JSON.stringify(wanted[key]));
}

function isSameRun(found: Found | undefined, wanted: RunParameters): boolean {
  return found !== undefined && differing(found, wanted).length === 0;
}

function difference(found: Found | undefined, wanted: RunParameters): string {
  if (found === undefined) return `its ${PARAMETERS} cannot be read`;
  return differing(found, wanted)
    .map((key) => `${key === 'fingerprint' ? 'dump' : key} ${escapeText(String(found[key]))}`)
    .join(', ');
}

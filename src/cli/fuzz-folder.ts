/** The folder of a run: its parameters, its manifest, and where an interrupted run goes on. */
import { join } from 'node:path';
import { dictionaryLines } from '../fuzz/dictionary.js';
import { parseLines } from '../fuzz/manifest.js';
import { type AppendLog, makeFolder, openLog, textOrNothing } from '../memory/node/append-log.js';
import { OutputError } from '../memory/node/errors.js';
import { writeFileAtomic } from '../memory/node/output.js';
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

/**
 * Opens a folder for a run, or for the rest of one that was interrupted.
 *
 * @param logName what the lines of cases are written to; a case counts as done once it has one
 * @throws UsageError when the folder is of another run
 */
export async function openRunFolder(
  path: string,
  parameters: RunParameters,
  logName: string,
): Promise<RunFolder> {
  await makeFolder(path);
  const wanted = `${JSON.stringify(parameters, undefined, 1)}\n`;
  const found = await textOrNothing(join(path, PARAMETERS));
  if (found !== '' && found !== wanted) {
    throw new UsageError(`${path} holds another run (${difference(found, parameters)}); name another folder`);
  }
  const write = (name: string, chunks: Iterable<Uint8Array | string>) =>
    writeFileAtomic(join(path, name), chunks);
  if (found === '') {
    if ((await textOrNothing(join(path, logName))) !== '') {
      throw new OutputError(path, 'EEXIST', `has a ${logName} that is of no run; name another folder`);
    }
    await write(DICTIONARY, joined(dictionaryLines()));
    await write(PARAMETERS, [wanted]);
  }
  const done = new Map<number, { readonly [key: string]: unknown }>();
  for (const line of parseLines(await textOrNothing(join(path, logName)))) done.set(line.case, line);
  return { path, done, log: await openLog(join(path, logName)), write };
}

function difference(found: string, wanted: RunParameters): string {
  try {
    const other = JSON.parse(found) as { readonly [key: string]: unknown };
    const keys = ['version', 'seed', 'first', 'fingerprint', 'blobs', 'exec'] as const;
    const differing = keys.filter((key) => JSON.stringify(other[key]) !== JSON.stringify(wanted[key]));
    return differing.map((key) => `${key === 'fingerprint' ? 'dump' : key} ${String(other[key])}`).join(', ');
  } catch {
    return `its ${PARAMETERS} cannot be read`;
  }
}

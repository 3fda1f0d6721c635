/** `--baseline FILE` and `--write-baseline FILE`. */
import { readFile } from 'node:fs/promises';
import { asInputError, InputError } from '../memory/node/errors.js';
import { writeFileAtomic } from '../memory/node/output.js';
import { jsonChunks } from '../report/json-chunks.js';
import { type Baseline, baselineJson, createBaseline, parseBaseline } from '../validate/baseline.js';
import type { ValidationResult } from '../validate/run.js';

/**
 * Reads a baseline.
 *
 * @throws InputError when it cannot be read or is none
 */
export async function readBaseline(path: string): Promise<Baseline> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw asInputError(path, error);
  }
  const baseline = parseBaseline(text);
  if (typeof baseline === 'string') throw new InputError(path, 'baseline', baseline);
  return baseline;
}

/** Writes what these results found, known or not, as the baseline of later runs. */
export async function writeBaseline(path: string, results: Iterable<ValidationResult>): Promise<void> {
  await writeFileAtomic(path, jsonChunks(baselineJson(createBaseline(results))));
}

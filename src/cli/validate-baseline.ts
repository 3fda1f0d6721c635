/** `--baseline FILE` and `--write-baseline FILE`. */
import { InputError } from '../memory/node/errors.js';
import { writeFileAtomic } from '../memory/node/output.js';
import { readText } from '../memory/node/read-text.js';
import { jsonChunks } from '../report/json-chunks.js';
import { type Baseline, baselineJson, createBaseline, parseBaseline } from '../validate/baseline.js';
import type { ValidationResult } from '../validate/run.js';
import { withinBudget } from './budgets.js';

/** Bytes; some 300,000 known findings. */
const MAX_BASELINE = 64 * 2 ** 20;

/**
 * Reads a baseline.
 *
 * @throws InputError when it cannot be read, has more than 64 MiB, or is none
 */
export async function readBaseline(path: string): Promise<Baseline> {
  const baseline = parseBaseline(await readText(path, MAX_BASELINE));
  if (typeof baseline === 'string') throw new InputError(path, 'baseline', baseline);
  return baseline;
}

/** Writes what these results found, known or not, as the baseline of later runs. */
export async function writeBaseline(path: string, results: Iterable<ValidationResult>): Promise<void> {
  await writeFileAtomic(path, withinBudget(jsonChunks(baselineJson(createBaseline(results)))));
}

/** `kho fuzz -o DIR`: cases as files, each with its line in the manifest. */

import { caseBytes, registersOf } from '../fuzz/apply.js';
import { caseName, manifestLine } from '../fuzz/manifest.js';
import { type Budget, createBudget } from '../memory/budget.js';
import { InputError } from '../memory/node/errors.js';
import { escapeJson } from '../schema/escape.js';
import { counted, size } from '../schema/units.js';
import { inputSize } from './budgets.js';
import { openRunFolder, type RunParameters, type RunRecord } from './fuzz-folder.js';
import type { CaseSource } from './fuzz-targets.js';
import type { Progress } from './progress.js';

/** The manifest's name. */
export const MANIFEST = 'manifest.ndjson';

/** What the cases together may have: in proportion to so many of the input, or of the image that is synthesised. */
function outputOf({ targets }: CaseSource, count: number): Budget {
  const sizes = targets.map(({ segments }) => segments.reduce((sum, { bytes }) => sum + bytes.length, 0));
  return createBudget(count * (inputSize() ?? Math.max(...sizes)));
}

/**
 * Writes the cases [first, first + count); those that the manifest has already are left out.
 *
 * @returns how many were written, and how many were there
 */
export async function writeCases(
  source: CaseSource,
  folder: string,
  { parameters, record }: { readonly parameters: RunParameters; readonly record: RunRecord },
  seed: bigint,
  { first, count }: { readonly first: number; readonly count: number },
  progress: Progress,
): Promise<{ written: number; before: number }> {
  const { done, log, write } = await openRunFolder(folder, parameters, record, MANIFEST);
  const left = outputOf(source, count);
  let written = 0;
  let before = 0;
  try {
    for (let number = first; number < first + count; number++) {
      if (done.has(number)) {
        before++;
        continue;
      }
      const fuzzCase = source.make(number);
      const file = caseName(number, source.suffix(number));
      const target = source.targetOf(number);
      const { mutations } = fuzzCase;
      const bytes = caseBytes(target, mutations);
      const line = escapeJson(
        JSON.stringify(manifestLine(fuzzCase, seed, file, registersOf(target, mutations))),
      );
      if (!left.take('output', bytes.length + line.length))
        throw new InputError(
          folder,
          'budget-output',
          `${count} cases take more than ${size(left.limit('output'))}, which is out of proportion to the input (--budget FACTOR raises the limit); ${counted(written, 'case')} written`,
        );
      await write(file, [bytes]);
      await log.add(line);
      written++;
      progress.show(() => `${written + before} of ${count} cases: ${fuzzCase.mutations[0]?.words ?? ''}`);
    }
  } finally {
    progress.end();
    await log.close();
  }
  return { written, before };
}

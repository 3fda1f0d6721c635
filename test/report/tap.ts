/** KTAP as a reader of TAP that is not ours takes it. */
import { Parser } from 'tap-parser';

export interface TapResult {
  readonly ok: boolean;
  readonly tests: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Reads a document, and each of its subtests on its own: KTAP indents them by two characters, at which TAP's own form of
 * subtests has four.
 *
 * @throws Error where the plan is not kept
 */
export function readTap(text: string): { readonly top: TapResult; readonly subtests: readonly TapResult[] } {
  const lines = text.split('\n');
  const subtests: string[][] = [];
  const top = lines.filter((line) => {
    if (!line.startsWith('  ')) return true;
    if (line === '  KTAP version 1') subtests.push([]);
    subtests.at(-1)?.push(line.slice(2));
    return false;
  });
  return { top: read(top.join('\n')), subtests: subtests.map((own) => read(`${own.join('\n')}\n`)) };
}

function read(text: string): TapResult {
  const parser = new Parser();
  parser.end(text);
  const { results } = parser;
  if (results === null) throw new Error('no results');
  // What is wrong with the document itself, such as a number twice or a plan that is not kept.
  const faults = results.failures.filter((failure) => 'tapError' in failure && failure.tapError !== null);
  if (faults.length > 0) throw new Error(JSON.stringify(faults[0]));
  const { ok, count, fail, skip } = results;
  return { ok, tests: count, failed: fail, skipped: skip };
}

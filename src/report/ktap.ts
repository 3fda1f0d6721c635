/** `kho validate --format ktap`: KTAP version 1 (Documentation/dev-tools/ktap.rst of the kernel), one test a rule. */
import { escapeText } from '../schema/escape.js';
import type { Rule } from '../validate/rule.js';
import { counted } from '../validate/text.js';
import { shortfallText, verdictOf } from '../validate/verdict.js';
import { findingLines } from './finding-lines.js';
import { DEFAULT_JUDGEMENT, failsAsIncomplete, type Judgement, shownState, statusOf } from './judgement.js';
import { ruleOutcomes } from './rule-outcomes.js';
import type { ValidatedDump } from './validate-json.js';

/**
 * Lines of the document: for one dump its rules, for several one test a dump with its rules as subtests. A rule with
 * findings that fail the run is `not ok`; findings are diagnostic lines before their test's result. What an incomplete
 * verdict lacks is a last test of its own, `not ok`.
 *
 * @example
 * ```ts
 * import { catalogue, decodeHandover, ktapLines, planFromSeed, synthesise, validate } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const result = validate(decodeHandover(blob, { memory }), catalogue);
 * const [first] = ktapLines([{ path: 'dump.elf', result }], catalogue);
 * console.log(first); //=> KTAP version 1
 * ```
 */
export function* ktapLines(
  dumps: readonly ValidatedDump[],
  catalogue: readonly Rule[],
  judgement: Judgement = DEFAULT_JUDGEMENT,
): Generator<string> {
  yield 'KTAP version 1';
  const [only] = dumps;
  if (dumps.length === 1 && only?.result !== undefined) {
    yield* ruleLines(only, catalogue, judgement);
    return;
  }
  yield `1..${dumps.length}`;
  for (const [index, dump] of dumps.entries()) {
    const { path, result, error = '' } = dump;
    if (result === undefined) {
      yield diagnostic(error);
    } else {
      yield '  KTAP version 1';
      yield `  # Subtest: ${plain(path)}`;
      for (const line of ruleLines(dump, catalogue, judgement)) yield `  ${line}`;
    }
    const ok = statusOf(result, judgement) === 0;
    yield `${ok ? 'ok' : 'not ok'} ${index + 1} ${plain(path)}`;
  }
}

function* ruleLines(
  { result, baseline }: ValidatedDump,
  catalogue: readonly Rule[],
  judgement: Judgement,
): Generator<string> {
  if (result === undefined) return;
  const outcomes = ruleOutcomes(result, catalogue);
  const incomplete = failsAsIncomplete(result, judgement);
  yield `1..${outcomes.length + (incomplete ? 1 : 0)}`;
  yield diagnostic(`verdict: ${verdictOf(result)}`);
  for (const { area, state, why } of result.coverage) {
    yield diagnostic(`coverage: ${area} ${state}${why === undefined ? '' : ` (${why})`}`);
  }
  if (baseline !== undefined) {
    yield diagnostic(
      `${counted(baseline.known, 'known finding')} left out, ${baseline.gone} of the baseline not found`,
    );
  }
  for (const [index, outcome] of outcomes.entries()) {
    const { id, title, why, findings } = outcome;
    for (const finding of findings) {
      for (const line of findingLines(finding)) yield diagnostic(line);
    }
    const state = shownState(outcome, judgement);
    const name = `${index + 1} ${plain(`${id} ${title}`)}`;
    if (state === 'skipped') yield `ok ${name} # SKIP ${plain(why ?? '')}`;
    else yield `${state === 'passed' ? 'ok' : 'not ok'} ${name}`;
  }
  if (result.missing.length > 0) yield diagnostic(`incomplete: ${shortfallText(result)}`);
  if (incomplete) yield `not ok ${outcomes.length + 1} the dump is complete`;
}

function diagnostic(text: string): string {
  return `# ${escapeText(text)}`;
}

/** A description may not hold `#`, which begins the directive, nor a line's end. */
function plain(text: string): string {
  return escapeText(text).replaceAll('#', '\\u{23}');
}

/** `kho validate --format ktap`: KTAP version 1 (Documentation/dev-tools/ktap.rst of the kernel), one test a rule. */
import { escapeText } from '../schema/escape.js';
import type { Rule } from '../validate/rule.js';
import { counted } from '../validate/text.js';
import { findingLines } from './finding-lines.js';
import { ruleOutcomes } from './rule-outcomes.js';
import type { ValidatedDump } from './validate-json.js';

/**
 * Lines of the document: for one dump its rules, for several one test a dump with its rules as subtests. A
 * rule with errors or warnings is `not ok`; findings are diagnostic lines before their test's result.
 */
export function* ktapLines(dumps: readonly ValidatedDump[], catalogue: readonly Rule[]): Generator<string> {
  yield 'KTAP version 1';
  const [only] = dumps;
  if (dumps.length === 1 && only?.result !== undefined) {
    yield* ruleLines(only, catalogue);
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
      for (const line of ruleLines(dump, catalogue)) yield `  ${line}`;
    }
    const ok = result !== undefined && result.failed.length === 0;
    yield `${ok ? 'ok' : 'not ok'} ${index + 1} ${plain(path)}`;
  }
}

function* ruleLines({ result, baseline }: ValidatedDump, catalogue: readonly Rule[]): Generator<string> {
  if (result === undefined) return;
  const outcomes = ruleOutcomes(result, catalogue);
  yield `1..${outcomes.length}`;
  if (baseline !== undefined) {
    yield diagnostic(
      `${counted(baseline.known, 'known finding')} left out, ${baseline.gone} of the baseline not found`,
    );
  }
  for (const [index, { id, title, state, why, findings }] of outcomes.entries()) {
    for (const finding of findings) {
      for (const line of findingLines(finding)) yield diagnostic(line);
    }
    const name = `${index + 1} ${plain(`${id} ${title}`)}`;
    if (state === 'skipped') yield `ok ${name} # SKIP ${plain(why ?? '')}`;
    else yield `${state === 'passed' ? 'ok' : 'not ok'} ${name}`;
  }
}

function diagnostic(text: string): string {
  return `# ${escapeText(text)}`;
}

/** A description may not hold `#`, which begins the directive, nor a line's end. */
function plain(text: string): string {
  return escapeText(text).replaceAll('#', '\\u{23}');
}

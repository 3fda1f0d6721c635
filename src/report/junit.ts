/** `kho validate --format junit`: JUnit XML as GitLab, Jenkins and GitHub actions read it; one testcase a rule. */
import { escapeText } from '../schema/escape.js';
import type { Rule } from '../validate/rule.js';
import type { ValidationResult } from '../validate/run.js';
import { shortfallText, verdictOf } from '../validate/verdict.js';
import { findingLines } from './finding-lines.js';
import { DEFAULT_JUDGEMENT, failsAsIncomplete, type Judgement, shownState } from './judgement.js';
import { type RuleOutcome, ruleOutcomes } from './rule-outcomes.js';
import type { ValidatedDump } from './validate-json.js';

interface Counts {
  tests: number;
  failures: number;
  errors: number;
  skipped: number;
}

/**
 * Lines of the document. A rule with findings that fail the run is a failure; findings that are accepted are the
 * testcase's output; a rule that did not run is skipped with its reason. A dump that cannot be read is a suite with one
 * error, and so is, beside its rules, what an incomplete verdict lacks.
 *
 * @example
 * ```ts
 * import { catalogue, decodeHandover, junitLines, planFromSeed, synthesise, validate } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const result = validate(decodeHandover(blob, { memory }), catalogue);
 * const [first] = junitLines([{ path: 'dump.elf', result }], catalogue);
 * console.log(first); //=> <?xml version="1.0" encoding="UTF-8"?>
 * ```
 */
export function* junitLines(
  dumps: readonly ValidatedDump[],
  catalogue: readonly Rule[],
  judgement: Judgement = DEFAULT_JUDGEMENT,
): Generator<string> {
  const suites = dumps.map((dump) => ({
    dump,
    outcomes: dump.result === undefined ? undefined : shownOutcomes(dump.result, catalogue, judgement),
  }));
  const counts = suites.map(({ dump, outcomes }) => countsOf(dump, outcomes, judgement));
  const total = counts.reduce((sum, count) => add(sum, count), {
    tests: 0,
    failures: 0,
    errors: 0,
    skipped: 0,
  });
  yield '<?xml version="1.0" encoding="UTF-8"?>';
  // Jenkins' schema has no `skipped` here, only in each suite.
  yield `<testsuites name="kho validate" ${countAttributes(total)}>`;
  for (const [index, { dump, outcomes }] of suites.entries()) {
    const count = counts[index] ?? total;
    yield `  <testsuite name=${quoted(dump.path)} ${countAttributes(count)} skipped="${count.skipped}">`;
    if (outcomes === undefined) yield* unreadableLines(dump);
    else yield* outcomeLines(dump, outcomes, judgement);
    yield '  </testsuite>';
  }
  yield '</testsuites>';
}

function shownOutcomes(
  result: ValidationResult,
  catalogue: readonly Rule[],
  judgement: Judgement,
): RuleOutcome[] {
  return ruleOutcomes(result, catalogue).map((outcome) => ({
    ...outcome,
    state: shownState(outcome, judgement),
  }));
}

function countsOf(
  { result }: ValidatedDump,
  outcomes: readonly RuleOutcome[] | undefined,
  judgement: Judgement,
): Counts {
  if (outcomes === undefined || result === undefined) return { tests: 1, failures: 0, errors: 1, skipped: 0 };
  const count = (wanted: RuleOutcome['state']): number =>
    outcomes.filter(({ state }) => state === wanted).length;
  const errors = failsAsIncomplete(result, judgement) ? 1 : 0;
  return { tests: outcomes.length + errors, failures: count('failed'), errors, skipped: count('skipped') };
}

function add(a: Counts, b: Counts): Counts {
  return {
    tests: a.tests + b.tests,
    failures: a.failures + b.failures,
    errors: a.errors + b.errors,
    skipped: a.skipped + b.skipped,
  };
}

function countAttributes({ tests, failures, errors }: Counts): string {
  return `tests="${tests}" failures="${failures}" errors="${errors}"`;
}

function* unreadableLines({ error = '' }: ValidatedDump): Generator<string> {
  yield '    <testcase classname="dump" name="can be read">';
  yield `      <error type="unreadable" message=${quoted(error)}/>`;
  yield '    </testcase>';
}

function* outcomeLines(
  { generation, baseline, result }: ValidatedDump,
  outcomes: readonly RuleOutcome[],
  judgement: Judgement,
): Generator<string> {
  if (result === undefined) return;
  yield '    <properties>';
  yield `      <property name="generation" value=${quoted(generation ?? 'unknown')}/>`;
  yield `      <property name="verdict" value=${quoted(verdictOf(result))}/>`;
  for (const { area, state, why } of result.coverage) {
    const text = why === undefined ? state : `${state}: ${why}`;
    yield `      <property name=${quoted(`coverage.${area}`)} value=${quoted(text)}/>`;
  }
  if (baseline !== undefined) {
    yield `      <property name="baseline.known" value="${baseline.known}"/>`;
    yield `      <property name="baseline.gone" value="${baseline.gone}"/>`;
  }
  yield '    </properties>';
  if (failsAsIncomplete(result, judgement)) {
    yield '    <testcase classname="dump" name="is complete">';
    yield `      <error type="incomplete" message=${quoted(shortfallText(result))}/>`;
    yield '    </testcase>';
  }
  for (const outcome of outcomes) yield* testcaseLines(generation ?? 'unknown', outcome);
}

function* testcaseLines(
  generation: string,
  { id, title, state, why, findings }: RuleOutcome,
): Generator<string> {
  const area = id.replace(/-\d+$/, '');
  const open = `    <testcase classname=${quoted(`${generation}.${area}`)} name=${quoted(`${id} ${title}`)}`;
  if (state === 'passed' && findings.length === 0) {
    yield `${open}/>`;
    return;
  }
  yield `${open}>`;
  if (state === 'skipped') yield `      <skipped message=${quoted(why ?? '')}/>`;
  if (state === 'failed') {
    const [first] = findings;
    yield `      <failure type=${quoted(first?.severity ?? 'error')} message=${quoted(first?.message ?? '')}>`;
  } else if (findings.length > 0) {
    yield '      <system-out>';
  }
  for (const finding of findings) {
    for (const line of findingLines(finding)) yield text(line);
  }
  if (state === 'failed') yield '      </failure>';
  else if (findings.length > 0) yield '      </system-out>';
  yield '    </testcase>';
}

/** An attribute's value, with its quotes. */
function quoted(value: string): string {
  return `"${text(value)}"`;
}

/** Text that XML 1.0 can hold (escapeText leaves no control characters; two noncharacters remain to be shown). */
function text(value: string): string {
  return escapeText(value)
    .replace(/[\ufffe\uffff]/g, (char) => `\\u{${char.charCodeAt(0).toString(16)}}`)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

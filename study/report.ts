/** The study as a Markdown page. */
import type { FieldClass } from './fields.js';
import { freeReason } from './free.js';
import type { FieldResult } from './study.js';

export interface StudyOptions {
  readonly each: number;
  readonly seed: number;
  readonly dumps: number;
  /** List some corruptions that no rule saw. */
  readonly missed: boolean;
}

export interface Totals {
  tried: number;
  seen: number;
}

/** Corruptions of fields that something constrains. */
export function constrained(results: readonly FieldResult[]): Totals {
  return sum(results.filter(({ name }) => freeReason(name) === undefined));
}

function sum(results: readonly Totals[]): Totals {
  return results.reduce((all, { tried, seen }) => ({ tried: all.tried + tried, seen: all.seen + seen }), {
    tried: 0,
    seen: 0,
  });
}

function share({ tried, seen }: Totals): string {
  return tried === 0 ? '' : `${((100 * seen) / tried).toFixed(1)} %`;
}

export function* studyLines(results: readonly FieldResult[], options: StudyOptions): Generator<string> {
  const bound = results.filter(({ name }) => freeReason(name) === undefined);
  const free = results.filter(({ name }) => freeReason(name) !== undefined);
  const total = sum(results);
  yield '# What the rules see';
  yield '';
  yield `Made by \`npm run study -- --each ${options.each} --seed ${options.seed} -o docs/study.md\`: ${total.tried} corruptions of single fields in ${options.dumps} real dumps`;
  yield `(${options.each} of each field of each dump, seed ${options.seed}): one bit, one more or less, 0, all ones, or anything. A`;
  yield 'corruption is seen when a rule reports something above a note that it did not report before, or when no handover';
  yield 'is found any more. Structures of remapping units are corrupted in the memory of live systems, with their registers';
  yield 'and without a tree: there only the tables can show what is wrong.';
  yield '';
  yield `**${share(sum(bound))} of ${sum(bound).tried} corruptions of constrained fields are seen.**`;
  yield '';
  yield '## By class';
  yield '';
  yield '| class | fields | corruptions | seen | share |';
  yield '|---|---|---|---|---|';
  const classes = new Map<FieldClass, FieldResult[]>();
  for (const result of bound) classes.set(result.kind, [...(classes.get(result.kind) ?? []), result]);
  for (const [kind, own] of [...classes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const all = sum(own);
    yield `| ${kind} | ${own.length} | ${all.tried} | ${all.seen} | ${share(all)} |`;
  }
  yield '';
  yield '## Constrained fields';
  yield '';
  yield '| field | class | corruptions | share | rules, most frequent first |';
  yield '|---|---|---|---|---|';
  for (const result of [...bound].sort(byShare)) {
    const { name, kind, tried } = result;
    yield `| ${name} | ${kind} | ${tried} | ${share(result)} | ${rulesText(result)} |`;
  }
  yield '';
  yield '## Free fields';
  yield '';
  yield 'No value, or only some values, of these fields are wrong.';
  yield '';
  yield '| field | class | corruptions | share | why |';
  yield '|---|---|---|---|---|';
  for (const result of [...free].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name, kind, tried } = result;
    yield `| ${name} | ${kind} | ${tried} | ${share(result)} | ${freeReason(name)} |`;
  }
  if (!options.missed) return;
  yield '';
  yield '## Not seen';
  yield '';
  for (const { name, missed } of bound) for (const text of missed) yield `- ${name}: ${text}`;
}

function byShare(a: FieldResult, b: FieldResult): number {
  return a.seen / a.tried - b.seen / b.tried || (a.name < b.name ? -1 : 1);
}

function rulesText({ rules }: FieldResult): string {
  return [...rules]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, 4)
    .map(([rule]) => rule)
    .join(', ');
}

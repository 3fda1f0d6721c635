/** docs/rules.md: the catalogue as one page, and what of the specifications is not a rule, with the reason. */
import { GENERATIONS, type Generation } from '../abi/model.js';
import { grouped } from '../schema/grouped.js';
import { exampleOf } from '../validate/example.js';
import type { Rule } from '../validate/rule.js';
import { areaOf, areaTitle } from './areas.js';

/** A row of a specification that no rule of its own checks. */
export interface Gap {
  /** Specification and row, e.g. `upstream C8`. */
  readonly source: string;
  readonly reason: string;
}

export function* rulesMarkdown(catalogue: readonly Rule[], gaps: readonly Gap[]): Generator<string> {
  yield '# Rules';
  yield '';
  yield `${catalogue.length} rules. This page is generated from the catalogue by \`npm run docs\`; \`kho explain RULE\` shows more about one.`;
  yield 'Severity: **error** – the next kernel refuses, panics, loses, reuses or corrupts, or the hardware faults; **warning** –';
  yield 'legal but almost surely not meant; **note** – worth knowing.';
  for (const [area, rules] of grouped(catalogue, ({ id }) => areaOf(id))) {
    yield '';
    yield `## ${area}: ${areaTitle(`${area}-`)}`;
    yield '';
    yield '| rule | severity | what must hold | otherwise | generations | source | example |';
    yield '|---|---|---|---|---|---|---|';
    for (const { id, severity, title, consequence, generations, source } of rules) {
      const cells = [id, severity, title, consequence, generationsText(generations), source];
      yield `| ${[...cells, exampleOf(id)?.message ?? ''].map(cell).join(' | ')} |`;
    }
  }
  yield '';
  yield '## Not rules';
  yield '';
  yield 'Rows of the specifications without a rule of their own, and why.';
  yield '';
  yield '| row | reason |';
  yield '|---|---|';
  for (const { source, reason } of gaps) yield `| ${cell(source)} | ${cell(reason)} |`;
}

function generationsText(generations: readonly Generation[]): string {
  if (generations.length === GENERATIONS.length) return 'all';
  return generations.join(', ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

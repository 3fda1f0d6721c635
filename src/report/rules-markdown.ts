/** docs/rules.md: the catalogue as one page, and what of the specifications is not a rule, with the reason. */
import type { Rule } from '../validate/rule.js';

/** A row of a specification that no rule of its own checks. */
export interface Gap {
  /** Specification and row, e.g. `upstream C8`. */
  readonly source: string;
  readonly reason: string;
}

/** Titles of the areas, in the order of the page. */
const AREAS: Readonly<Record<string, string>> = {
  FDT: 'Devicetree blob',
  KHO: 'Root tree and preserved memory',
  IOMMUFD: 'iommufd',
  DMAR: 'Intel IOMMU domains of the 2024 series',
  GMFS: 'guestmemfs',
  FTRACE: 'ftrace',
  MAP: 'Areas, mappings and files against each other',
  VTD: 'VT-d structures',
};

export function* rulesMarkdown(catalogue: readonly Rule[], gaps: readonly Gap[]): Generator<string> {
  yield '# Rules';
  yield '';
  yield `${catalogue.length} rules. This page is made from the catalogue by \`npm run docs\`; \`kho explain RULE\` says more about one.`;
  yield 'Severity: **error** – the next kernel refuses, panics, loses, reuses or corrupts, or the hardware faults; **warning** –';
  yield 'legal but almost surely not meant; **note** – worth knowing.';
  const areas = new Map<string, Rule[]>();
  for (const rule of catalogue) {
    const area = rule.id.split('-')[0] ?? '';
    areas.set(area, [...(areas.get(area) ?? []), rule]);
  }
  for (const [area, rules] of areas) {
    yield '';
    yield `## ${area}: ${AREAS[area] ?? area}`;
    yield '';
    yield '| rule | severity | what must hold | otherwise | source |';
    yield '|---|---|---|---|---|';
    for (const { id, severity, title, consequence, source } of rules) {
      yield `| ${[id, severity, title, consequence, source].map(cell).join(' | ')} |`;
    }
  }
  yield '';
  yield '## Not rules';
  yield '';
  yield 'Rows of the specifications that no rule of its own checks, and why.';
  yield '';
  yield '| row | reason |';
  yield '|---|---|';
  for (const { source, reason } of gaps) yield `| ${cell(source)} | ${cell(reason)} |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

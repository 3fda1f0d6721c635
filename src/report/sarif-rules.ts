/** A rule as SARIF describes it. */
import { exampleOf } from '../validate/example.js';
import type { Rule } from '../validate/rule.js';
import { areaOf, areaTitle } from './areas.js';
import { sarifText } from './sarif-text.js';

type Json = { [key: string]: unknown };

/** The page that `npm run docs` makes from the catalogue. */
const PAGE = 'https://github.com/kho-toolkit/kho-toolkit/blob/main/docs/rules.md';

/** The descriptor of a rule. Its help is text of several lines, and the same as Markdown. */
export function ruleDescriptor(rule: Rule): Json {
  const { id, title, severity, consequence, evidence, source, generations } = rule;
  const example = exampleOf(id);
  const rows: (readonly [name: string, text: string])[] = [
    ['Must hold', title],
    ['Otherwise', consequence],
    ['Decided by', evidence],
    ['Source', source],
    ...(example === undefined ? [] : [['Example', example.message] as const]),
  ];
  return {
    id,
    shortDescription: { text: sarifText(title) },
    fullDescription: { text: sarifText(`Must hold: ${title}. Otherwise: ${consequence}.`) },
    helpUri: `${PAGE}#${anchorOf(id)}`,
    help: {
      text: rows.map(([name, text]) => sarifText(`${name}: ${text}.`)).join('\n'),
      markdown: rows.map(([name, text]) => `- **${name}**: ${sarifText(markdownText(text))}`).join('\n'),
    },
    defaultConfiguration: { level: severity },
    properties: { tags: [areaOf(id), ...generations], source, evidence },
  };
}

/** The heading of the rule's area, in the form in which GitHub links to it. */
function anchorOf(id: string): string {
  return `${areaOf(id)}: ${areaTitle(id)}`
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

/** Text whose characters mean nothing to Markdown. */
function markdownText(text: string): string {
  return text.replace(/[\\`*_<>[\]|#~]/g, '\\$&');
}

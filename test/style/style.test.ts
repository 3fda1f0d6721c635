/** The mechanical part of docs/style.md, over rule titles and consequences, messages, help, field docs and pages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordTypes } from '../../src/records/index.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { literals } from './strings.js';

const BANNED: readonly RegExp[] = [
  /\bbehind\b/,
  /\b(?:nobody|somebody|anybody|whoever|whose)\b/,
  /\b(?:he|his|him)\b/,
  /\b(?:stands|stood)\b|\bstand (?:in|for|on|behind|there|at|before|beside)\b/,
  /\b(?:lies|lie) (?:in|within|below|beyond|at|inside|outside|there)\b/,
  /(?<!\b[Tt]here )\b(?:is|are|was) no (?!longer\b)/,
  /\bwants?\b/,
  /\bwhat (?:it says|is there|lies|stands|follows of)\b/,
  /\bby itself\b|\bas far as it goes\b|\bthe other way round\b|\ba finding each\b|\bbelongs? to no\b/,
  /\blets? (?:\w+ )?pass\b|\banswers? for\b|\bcomes? back to\b|\bgoes on (?:at|in|behind)\b/,
  /\bNUL (?:ends|terminated)\b|\bNo NUL\b/,
  /\bone a line\b|\ba (?:rule|leaf|type|dump|folder|command) (?:each|a time)\b/,
  /’/,
];

/** A capital that is not that of a name. */
const CAPITAL =
  /^(?:A|An|The|No|Nothing|Something|At|Every|Each|There|Two|Session|File|Folio|Block|[A-Z][a-z]+ is) /;

function faults(text: string): string[] {
  return BANNED.filter((banned) => banned.test(text)).map((banned) => `${banned.source}: ${text}`);
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        name.endsWith('.ts') && !/(?:^|\/)(?:records|generated)\/|(?:examples|assets)\.ts$/.test(name),
    )
    .map((name) => join(folder, name));
}

/** Text outside of code, as a page shows it. */
function prose(markdown: string): string[] {
  return markdown
    .replace(/```[\s\S]*?```/g, '')
    .split('\n')
    .map((line) => line.replace(/`[^`]*`/g, '``'));
}

describe('docs/style.md', () => {
  test('titles and consequences of rules', () => {
    const wrong = catalogue.flatMap(({ id, title, consequence }) => [
      ...faults(`${id} ${title}`),
      ...faults(`${id} ${consequence}`),
      ...(CAPITAL.test(title) || /\.$/.test(title) ? [`${id} ${title}`] : []),
      ...(CAPITAL.test(consequence) || /\.$/.test(consequence) ? [`${id} ${consequence}`] : []),
    ]);
    expect(wrong).toEqual([]);
  });

  test('literals with words in them: messages, errors, help', () => {
    const wrong = sources('src').flatMap((path) =>
      literals(readFileSync(path, 'utf8'))
        .filter(({ text }) => /\w \w/.test(text))
        .flatMap(({ line, text }) => faults(text).map((fault) => `${path}:${line}: ${fault}`)),
    );
    expect(wrong).toEqual([]);
  });

  test('findings start with a name or in lower case, and have no full stop', () => {
    const wrong = [...sources('src/validate'), ...sources('src/structures')].flatMap((path) =>
      literals(readFileSync(path, 'utf8'))
        .filter(({ text }) => CAPITAL.test(text) || /\w \w.*[a-z]\.$/.test(text))
        .map(({ line, text }) => `${path}:${line}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });

  test('docs of records and their fields', () => {
    const wrong = recordTypes.flatMap(({ name, doc, fields }) => [
      ...faults(`${name}: ${doc}`),
      ...fields.flatMap((field) => faults(`${name}.${field.kernelName}: ${field.doc}`)),
    ]);
    expect(wrong).toEqual([]);
  });

  test.each([
    'README.md',
    'ARCHITECTURE.md',
    'docs/ci.md',
    'docs/install.md',
    'docs/library.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'docs/properties.md',
    'docs/study.md',
    'docs/synth.md',
    'formats/README.md',
    'fixtures/README.md',
  ])('%s', (path) => {
    expect(prose(readFileSync(path, 'utf8')).flatMap(faults)).toEqual([]);
  });
});

test('no marker of a merge conflict is left in a text file', () => {
  const texts = [
    '.',
    'docs',
    'formats',
    'fixtures',
    'schemas',
    'src',
    'test',
    'tools',
    'bench',
    'study',
  ].flatMap((folder) =>
    readdirSync(folder, { recursive: folder !== '.', encoding: 'utf8' })
      .filter((name) => /\.(?:md|ts|js|json|ksy|ya?ml|c|h|sh)$/.test(name) && !/node_modules/.test(name))
      .map((name) => join(folder, name)),
  );
  expect(texts.filter((path) => /^(?:<{7} |={7}$|>{7} )/m.test(readFileSync(path, 'utf8')))).toEqual([]);
});

test('the lexer finds literals, and no comment or regular expression', () => {
  const source = "// it's\nconst a = /['\"]/.test('b') ? `c @{d('e')} f` : \"g\"; /* 'h' */ const i = 'j';\n";
  expect(literals(source.replace('@', '$'))).toEqual([
    { line: 2, text: 'b' },
    { line: 2, text: 'e' },
    { line: 2, text: 'c … f' },
    { line: 2, text: 'g' },
    { line: 2, text: 'j' },
  ]);
});

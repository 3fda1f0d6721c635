/** The examples as source files, formatted as the formatter would. */
import type { RuleExample } from '../../../src/validate/example.js';

const WIDTH = 110;
/** Rules of one file. */
const MOST = 40;

export interface ExampleFile {
  /** Without extension. */
  readonly name: string;
  readonly ids: readonly string[];
}

/** One file an area, several for a large one. */
export function exampleFiles(ids: readonly string[]): ExampleFile[] {
  const areas = new Map<string, string[]>();
  for (const id of ids) {
    const area = id.replace(/-\d+$/, '').toLowerCase();
    areas.set(area, [...(areas.get(area) ?? []), id]);
  }
  return [...areas].flatMap(([area, own]) =>
    Array.from({ length: Math.ceil(own.length / MOST) }, (_, i) => ({
      name: own.length <= MOST ? area : `${area}-${i + 1}`,
      ids: own.slice(i * MOST, (i + 1) * MOST),
    })),
  );
}

function constant(name: string): string {
  return `${name.replace('-', '')}Examples`;
}

export function exampleModule(name: string, examples: readonly (readonly [string, RuleExample])[]): string {
  const lines = [
    '/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */',
    "import type { RuleExample } from '../example.js';",
    '',
    `export const ${constant(name)}: { readonly [rule: string]: RuleExample } = {`,
  ];
  for (const [id, example] of examples) {
    lines.push(`  '${id}': {`);
    for (const [key, value] of Object.entries(example)) lines.push(...property(key, value));
    lines.push('  },');
  }
  return `${[...lines, '};'].join('\n')}\n`;
}

export function indexModule(names: readonly string[]): string {
  const lines = [
    '/** The examples of all rules, by id; made by proof.test.ts like the files beside this one. */',
    "import type { RuleExample } from '../example.js';",
    ...[...names].sort().map((name) => `import { ${constant(name)} } from './${name}.js';`),
    '',
    'export const examples: { readonly [rule: string]: RuleExample } = {',
    ...names.map((name) => `  ...${constant(name)},`),
    '};',
  ];
  return `${lines.join('\n')}\n`;
}

function property(key: string, value: string): string[] {
  const literal = quoted(value);
  const line = `    ${key}: ${literal},`;
  return line.length <= WIDTH ? [line] : [`    ${key}:`, `      ${literal},`];
}

/** In the quotes that need fewer escapes, single ones where it is the same. */
function quoted(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  const single = value.split("'").length;
  return single > value.split('"').length
    ? `"${escaped.replaceAll('"', '\\"')}"`
    : `'${escaped.replaceAll("'", "\\'")}'`;
}

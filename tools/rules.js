/**
 * Build time, for the rules: refuses an id that is used twice, and makes a module of src/validate/examples.json, since
 * Node 20 warns of an imported JSON file.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const source = new URL('../src/', import.meta.url);

/** Files in which an id is declared, by id. */
const declared = new Map();
for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!/^(?:validate|structures)\/.*\.ts$/.test(name) || name === 'validate/examples.ts') continue;
  for (const [, id] of readFileSync(new URL(name, source), 'utf8').matchAll(/^\s*id: '([A-Z]+-\d{3})'/gm)) {
    const before = declared.get(id);
    if (before !== undefined) {
      console.error(`src/${name}: rule ${id} is declared in src/${before} already`);
      process.exitCode = 1;
    }
    declared.set(id, name);
  }
}

const to = new URL('validate/examples.ts', source);
const examples = JSON.parse(readFileSync(new URL('validate/examples.json', source), 'utf8'));
// A string is parsed when the first example is asked for; an object literal would be whenever a rule is run.
const text = `/** Made from examples.json by tools/rules.js. */
export const EXAMPLES = ${JSON.stringify(JSON.stringify(examples))};
`;
let before;
try {
  before = readFileSync(to, 'utf8');
} catch {
  // Not made yet.
}
if (before !== text) writeFileSync(to, text);

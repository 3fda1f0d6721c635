// The command line as few files: node takes longer to find, load and compile hundreds of modules than most commands
// take to run. Three chunks that build on one another, and one for each command, so that only what it needs is compiled.
// The library is not bundled.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The licences of the packages that are in the bundle, beside it. */
const licences = {
  name: 'licences',
  generateBundle(_, bundle) {
    const folders = new Set();
    for (const chunk of Object.values(bundle)) {
      for (const id of chunk.moduleIds ?? []) {
        const folder = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0];
        if (folder !== undefined) folders.add(folder);
      }
    }
    const texts = [...folders].sort().map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      if (file === undefined) throw new Error(`${name} comes without the text of its licence`);
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    });
    this.emitFile({
      type: 'asset',
      fileName: 'THIRD-PARTY.txt',
      source: texts.join(`\n${'-'.repeat(80)}\n\n`),
    });
  },
};

/** ASCII alone: V8 decodes and scans such a source in half the time. Outside of literals there is nothing else. */
const ascii = {
  name: 'ascii',
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      if (/String\.raw`[^`]*[^`\0-\x7f]/.test(chunk.code))
        throw new Error(`${chunk.fileName}: an escape would change String.raw`);
      chunk.code = chunk.code.replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    }
  },
};

/** The files that a module of dist/ imports, itself included, without what it loads when it is needed. */
function closure(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, from] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\b[^;'"]*['"](\.[^'"]+)['"]/gm,
  )) {
    closure(join(dirname(file), from), found);
  }
  return found;
}

/** Workers start from a file of the bundle. */
const workerFile = {
  name: 'worker-file',
  transform(_code, id) {
    if (!id.endsWith('/dist/memory/node/worker-file.js')) return undefined;
    return "export const WORKER_FILE = new URL('./search-worker.cjs', import.meta.url);";
  },
};

const cli = join(import.meta.dirname, 'dist/cli');
const start = closure(join(cli, 'main.js'));
const dumps = closure(join(cli, 'dump.js'));
const rules = closure(join(cli, 'validate.js'));
const worker = closure(join(cli, '../memory/node/search-worker.js'));

export default {
  input: { main: 'dist/cli/main.js', 'search-worker': 'dist/memory/node/search-worker.js' },
  platform: 'node',
  // yargs looks for files of its configuration with it, which kho has none of.
  transform: { define: { 'import.meta.resolve': 'undefined' } },
  resolve: {
    alias: {
      // yargs compares two numbers with it; node's own takes 10 ms to load.
      assert: join(import.meta.dirname, 'tools/bundle/assert.js'),
      '#supports-color': join(import.meta.dirname, 'tools/bundle/supports-color.js'),
      'string-width': join(import.meta.dirname, 'tools/bundle/string-width.js'),
    },
  },
  plugins: [licences, ascii, workerFile],
  output: {
    dir: 'dist/bundle',
    // Scripts can be given code that is compiled already (bin/chunks.js), modules cannot.
    format: 'cjs',
    minify: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    cleanDir: true,
    codeSplitting: {
      groups: [
        // What a worker needs, and nothing that it does not.
        { name: 'memory', test: (id) => worker.has(id) && !id.endsWith('search-worker.js'), priority: 4 },
        { name: 'start', test: (id) => start.has(id) || id.includes('node_modules/yargs'), priority: 3 },
        { name: 'dumps', test: (id) => dumps.has(id), priority: 2 },
        { name: 'rules', test: (id) => rules.has(id), priority: 1 },
      ],
    },
  },
};

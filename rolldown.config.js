// The command line as few files: node takes longer to find, load and compile hundreds of modules than most commands
// take to run. One chunk a command, so that only what it needs is compiled. The library is not bundled.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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

export default {
  input: { main: 'dist/cli/main.js' },
  platform: 'node',
  // yargs compares two numbers with it; node's own takes 10 ms to load.
  resolve: { alias: { assert: join(import.meta.dirname, 'tools/bundle/assert.js') } },
  plugins: [licences],
  output: {
    dir: 'dist/bundle',
    format: 'esm',
    minify: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    cleanDir: true,
  },
};

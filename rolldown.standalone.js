// The command line as one file without anything beside it: dist/kho.mjs, to be copied to a host, and dist/kho.cjs.
import { readFileSync } from 'node:fs';
import config from './rolldown.config.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const [licences, ascii] = config.plugins;

/** There is no package.json beside it. */
const knowsVersion = {
  name: 'version',
  transform(_code, id) {
    if (!id.endsWith('/dist/cli/version.js')) return undefined;
    return `export function packageVersion() { return ${JSON.stringify(version)}; }`;
  },
};

/** Licences at its end, as it travels alone. */
const withLicences = {
  name: 'with-licences',
  generateBundle(options, bundle) {
    let text = '';
    licences.generateBundle.call({ emitFile: ({ source }) => (text = source) }, options, bundle);
    for (const chunk of Object.values(bundle)) {
      if (chunk.type === 'chunk')
        chunk.code += `\n/*\nIncluded packages:\n\n${text.replaceAll('*/', '* /')}*/\n`;
    }
  },
};

/** Workers start from the one file that there is; a single executable is none that they could. */
const ownFile = {
  name: 'worker-file',
  transform(_code, id) {
    if (!id.endsWith('/dist/memory/node/worker-file.js')) return undefined;
    return `import { fileURLToPath } from 'node:url';
      export const WORKER_FILE =
        fileURLToPath(import.meta.url) === process.execPath ? undefined : new URL(import.meta.url);`;
  },
};

const shared = { minify: true, codeSplitting: false };

export default {
  ...config,
  input: { kho: 'tools/bundle/standalone.js' },
  // yargs asks for it where configurations extend others, which ours do not.
  checks: { emptyImportMeta: false },
  plugins: [knowsVersion, withLicences, ascii, ownFile],
  output: [
    { ...shared, file: 'dist/kho.mjs', format: 'esm', banner: '#!/usr/bin/env node' },
    // For a single executable, whose main script Node.js 20 takes as CommonJS alone.
    { ...shared, file: 'dist/kho.cjs', format: 'cjs' },
  ].filter(({ format }) => format === (process.env.KHO_STANDALONE ?? format)),
};

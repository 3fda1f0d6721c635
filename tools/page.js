/**
 * Build time, for the page of `kho report`: its script, bundled, and its style as a module with their hashes, which the
 * page's policy names.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const page = new URL('../src/report/page/', import.meta.url);

/**
 * A script for browsers, as one text that can stand in an element.
 *
 * @param define names that stand for texts of the script
 */
export async function bundled(input, define = {}) {
  const bundle = await rolldown({
    input: fileURLToPath(input),
    platform: 'browser',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    logLevel: 'warn',
    transform: { define },
    // What only Node has is imported by modules of which a browser's script needs other parts.
    external: /^node:/,
    treeshake: { moduleSideEffects: false, manualPureFunctions: ['promisify'] },
  });
  const { output } = await bundle.generate({ format: 'iife', minify: true });
  await bundle.close();
  if (output.length !== 1) throw new Error(`${input}: is not one script`);
  const code = output[0].code
    .trim()
    .replace(/[^\t\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  if (/<\/script|<!--/i.test(code)) throw new Error(`${input}: would end its element`);
  if (/\bfrom *["']node:|\brequire\(/.test(code)) throw new Error(`${input}: needs Node`);
  return code;
}

/** The hash of a text as a policy names it. */
export function policyHash(text) {
  return createHash('sha256').update(text).digest('base64');
}

/** The style without what only people read. */
export function style() {
  return readFileSync(new URL('style.css', page), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s*\n\s*/g, '\n')
    .trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const script = await bundled(new URL('script/main.ts', page));
  const css = style();
  const text = `/** Made from script/ and style.css by tools/page.js. */
export const SCRIPT = ${JSON.stringify(script)};
export const SCRIPT_SHA256 = '${policyHash(script)}';
export const STYLE = ${JSON.stringify(css)};
export const STYLE_SHA256 = '${policyHash(css)}';
`;
  const to = new URL('assets.ts', page);
  let before;
  try {
    before = readFileSync(to, 'utf8');
  } catch {
    // Not made yet.
  }
  if (before !== text) writeFileSync(to, text);
}

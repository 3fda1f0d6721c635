/** Build time: src/memory/rising.wat as a module with its bytes, so that the library needs no file beside it. */
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const source = new URL('../src/memory/rising.wat', import.meta.url);
const module = (await wabt()).parseWat('rising.wat', readFileSync(source, 'utf8'), { simd: true });
module.validate();
const { buffer } = module.toBinary({});
const text = Buffer.from(buffer).toString('base64');
writeFileSync(
  new URL('../src/memory/rising-wasm.ts', import.meta.url),
  `/** src/memory/rising.wat, assembled by tools/wasm.js: base64. */\nexport const RISING_WASM =\n  '${text}';\n`,
);

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as arbitraries from '../../src/fuzz/index.js';
import { recordTypes } from '../../src/records/index.js';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

test('every record has an arbitrary in kho-toolkit/arbitraries', () => {
  const names = recordTypes.map(({ name }) => {
    const words = name.split('_').map((part) => part.charAt(0).toUpperCase() + part.slice(1));
    const joined = words.join('');
    return `${joined.charAt(0).toLowerCase()}${joined.slice(1)}Arbitrary`;
  });
  const exported = arbitraries as unknown as Record<string, unknown>;
  expect(names.filter((name) => typeof exported[name] !== 'function')).toEqual([]);
});

test('kho-toolkit/arbitraries resolves to what the build makes of src/fuzz/index.ts', async () => {
  expect(manifest.exports['./arbitraries']).toEqual({
    types: './dist/fuzz/index.d.ts',
    default: './dist/fuzz/index.js',
  });
  // By the package's own name, as a user imports it.
  const name = 'kho-toolkit/arbitraries';
  const module: Record<string, unknown> = await import(name);
  expect(Object.keys(module).sort()).toEqual(Object.keys(arbitraries).sort());
});

test('fast-check is a peer that need not be there', () => {
  expect(manifest.dependencies['fast-check']).toBeUndefined();
  expect(manifest.peerDependencies['fast-check']).toBe('4');
  expect(manifest.peerDependenciesMeta['fast-check']).toEqual({ optional: true });
});

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkPointers, emitIndex, emitRecords, type Output } from './emit.js';
import { emitArbitraries, emitArbitraryIndex } from './emit-arbitraries.js';
import { layoutSchemas } from './layout.js';
import { loadSchema } from './load.js';

/** What a run did. */
export interface Summary {
  readonly schemas: number;
  readonly types: number;
  /** Paths of the files whose content changed. */
  readonly written: readonly string[];
  /** Paths of files without a schema. */
  readonly removed: readonly string[];
}

const FOLDERS = ['src/records', 'src/fuzz/generated'];

/**
 * Reads `root`/formats and brings src/records and src/fuzz/generated below `root` up to date.
 *
 * @throws SchemaError before anything is written when a schema is outside the subset.
 */
export function generate(root: string): Summary {
  const folder = join(root, 'formats');
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ksy'))
    .sort();
  const schemas = files.map((name) =>
    loadSchema(name.slice(0, -4), readFileSync(join(folder, name), 'utf8')),
  );
  const layouts = layoutSchemas(schemas);
  checkPointers(schemas, layouts);
  const outputs = [
    ...schemas.map((schema) => emitRecords(schema, layouts)),
    emitIndex(schemas),
    ...schemas.map((schema) => emitArbitraries(schema, layouts)),
    emitArbitraryIndex(schemas),
  ];
  const written = outputs.filter((output) => update(root, output)).map(({ path }) => path);
  const removed = FOLDERS.flatMap((path) => removeStale(root, path, outputs));
  return { schemas: files.length, types: layouts.size, written, removed };
}

/** Writes a file only when its content changes, so that watchers and incremental builds stay quiet. */
function update(root: string, output: Output): boolean {
  const path = join(root, output.path);
  mkdirSync(dirname(path), { recursive: true });
  try {
    if (readFileSync(path, 'utf8') === output.text) return false;
  } catch {
    // Not there yet.
  }
  writeFileSync(path, output.text);
  return true;
}

function removeStale(root: string, folder: string, outputs: readonly Output[]): string[] {
  const kept = new Set(outputs.map(({ path }) => path));
  const stale = readdirSync(join(root, folder))
    .map((name) => `${folder}/${name}`)
    .filter((path) => !kept.has(path));
  for (const path of stale) rmSync(join(root, path));
  return stale;
}

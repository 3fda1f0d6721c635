import { blank } from './scan.js';

/**
 * Files of src that work on any structure along its binding: none of them names one, or a generation. A path that ends
 * with a slash is a folder.
 */
const ENGINES: readonly string[] = [
  'structures/structure.ts',
  'structures/walk.ts',
  'structures/text.ts',
  'structures/refers.ts',
  'structures/lists.ts',
  'structures/model.ts',
  'structures/tree.ts',
  'structures/blocks.ts',
  'decode/structures/',
  'decode/upstream/believed.ts',
  'decode/upstream/chain.ts',
  'decode/upstream/folios.ts',
  'decode/upstream/vmalloc.ts',
  'encode/structures/',
  'encode/upstream/chain.ts',
  'encode/upstream/folios.ts',
  'encode/upstream/lists.ts',
  'instances/structures.ts',
  'instances/folios.ts',
  'instances/translation.ts',
  'instances/tables.ts',
  'diff/outline/structures.ts',
  'diff/outline/folios.ts',
  'diff/outline/owners.ts',
  'diff/kept/uses-structures.ts',
  'diff/kept/uses-tables.ts',
  'report/structure-',
  'report/tree-json.ts',
];
/** Files that name structures, and take what their versions have from bindings: none of them names a version. */
const VERSIONLESS: readonly string[] = [
  'decode/upstream/luo.ts',
  'decode/upstream/riders.ts',
  'decode/upstream/kho-test.ts',
  'encode/upstream/luo.ts',
  'encode/upstream/rider.ts',
  'instances/upstream.ts',
  'diff/kept/',
  'diff/outline/riders.ts',
  'diff/outline/subtrees.ts',
  'report/upstream-',
  'synth/luo.ts',
];
const GENERATION = /['"`](?:kho-v\d|luo-v\d|memfd-v\d|memblock-v\d|kho-test-v\d|rfc-2024)/g;

/** What an engine names, and where. */
export interface NameUse {
  readonly name: string;
  /** From 1. */
  readonly line: number;
}

/** Whether a file, by its path from src, takes what versions have from bindings. */
export function isVersionless(path: string): boolean {
  return VERSIONLESS.some((each) => path.startsWith(each));
}

/** Whether a file, by its path from src, is an engine. */
export function isEngine(path: string): boolean {
  return ENGINES.some((engine) => path.startsWith(engine));
}

/**
 * Names of structures and generations in the code of an engine; its comments may have them.
 *
 * @param subjects folders of src/structures
 */
export function namesIn(source: string, subjects: readonly string[]): NameUse[] {
  const code = blank(source, false);
  const uses: NameUse[] = [];
  const add = (pattern: RegExp): void => {
    for (const match of code.matchAll(pattern)) {
      uses.push({
        name: match[0].replace(/^['"`]/, ''),
        line: code.slice(0, match.index).split('\n').length,
      });
    }
  };
  for (const subject of subjects) {
    // As a word on its own, and as an identifier: guest-memfd is guestMemfd there.
    const identifier = subject.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    add(new RegExp(`(?<![\\w-])(?:${subject}|${identifier})(?![\\w])`, 'gi'));
  }
  add(GENERATION);
  return uses.sort((a, b) => a.line - b.line);
}

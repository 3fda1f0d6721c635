import { blank } from './scan.js';

/**
 * Files of src that work on any structure along its binding: none of them names one, or a version. A path that ends
 * with a slash is a folder.
 */
const ENGINES: readonly string[] = [
  'structures/structure.ts',
  'structures/rider.ts',
  'structures/walk.ts',
  'structures/text.ts',
  'structures/refers.ts',
  'structures/lists.ts',
  'structures/model.ts',
  'structures/tree.ts',
  'structures/tree-memory.ts',
  'structures/compared.ts',
  'structures/blocks.ts',
  'decode/structures/',
  'decode/upstream/believed.ts',
  'decode/upstream/chain.ts',
  'decode/upstream/folios.ts',
  'decode/upstream/vmalloc.ts',
  'encode/elf.ts',
  'encode/structures/',
  'encode/upstream/chain.ts',
  'encode/upstream/folios.ts',
  'encode/upstream/lists.ts',
  'references/',
  'diff/outline/',
  'diff/kept/uses-tables.ts',
  'report/structure-',
  'report/tree-json.ts',
  'report/tree-memory-json.ts',
];
/** What places are called is what structures are called. */
const PLACES = 'references/place.ts';
/** Where versions of ABIs are named: as facts, as forms, and in what is generated. A path that ends with a slash is a folder. */
const VERSIONED: readonly string[] = [
  'versions/',
  'structures/',
  'records/',
  'fuzz/generated/',
  'validate/examples.ts',
  'report/page/assets.ts',
];
/** A version of an ABI, as `compatible` has it, or the 2024 series. */
const VERSION = '(?<![\\w/,-])(?:rfc-2024|[a-z][a-z0-9,_]*(?:-[a-z]+)*-v\\d+)(?!\\w)';

/** A structure, and in how many files it may be named beside its own folder. */
export const SAMPLE = { subject: 'memfd', files: 6 } as const;
/** Where a structure is named for people, in rules and cases, and in registries. A path that ends with a slash is a folder. */
const SPOKEN =
  /^(?:cli|validate|records|fuzz\/generated)\/|\/(?:rules|cases)\b|(?:^|\/)(?:index|\w+-found)\.ts$|\/assets\.ts$/;

/** Whether a file names the {@link SAMPLE}, comments included, where it should not have to; other subjects' names may contain it. */
export function namesSample(path: string, source: string): boolean {
  const { subject } = SAMPLE;
  if (SPOKEN.test(path) || path.startsWith(`structures/${subject}/`)) return false;
  return new RegExp(`(?<!guest[-_ ]?)(?<!huge[-_ ]?)${subject}`, 'i').test(source);
}

/** What an engine names, and where. */
export interface NameUse {
  readonly name: string;
  /** From 1. */
  readonly line: number;
}

/** Whether a file, by its path from src, is an engine. */
export function isEngine(path: string): boolean {
  return path !== PLACES && ENGINES.some((engine) => path.startsWith(engine));
}

/**
 * Names of structures and versions in the code of an engine; its comments may have them.
 *
 * @param subjects folders of src/structures
 */
export function namesIn(source: string, subjects: readonly string[]): NameUse[] {
  const code = blank(source, false);
  const uses: NameUse[] = [];
  for (const subject of subjects) {
    // As a word on its own, and as an identifier: guest-memfd is guestMemfd there.
    const identifier = subject.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    uses.push(...matches(code, new RegExp(`(?<![\\w-])(?:${subject}|${identifier})(?![\\w])`, 'gi')));
  }
  return [...uses, ...matches(code, new RegExp(VERSION, 'g'))].sort((a, b) => a.line - b.line);
}

/**
 * Versions of ABIs that a file names although it should ask for what sets them apart. Rules may have them in their words,
 * so that there only a string that is one counts.
 *
 * @param path from src
 */
export function versionsIn(path: string, source: string): NameUse[] {
  if (VERSIONED.some((each) => path.startsWith(each))) return [];
  const alone = path.startsWith('validate/') || path.startsWith('vtd/rules/');
  return matches(blank(source, false), new RegExp(alone ? `(?<=['"\`])${VERSION}(?=['"\`])` : VERSION, 'g'));
}

function matches(code: string, pattern: RegExp): NameUse[] {
  return [...code.matchAll(pattern)].map(({ 0: name, index }) => ({
    name,
    line: code.slice(0, index).split('\n').length,
  }));
}

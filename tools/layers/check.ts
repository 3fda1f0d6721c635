import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { isEngine, type NameUse, namesIn, namesSample, SAMPLE, versionsIn } from './engines.js';
import { type Scan, scan } from './scan.js';

/**
 * Folders of src, top first. A file imports from its own folder, from lines further down, and from a neighbour
 * on its line as long as the neighbour imports nothing from it in turn. Some files are a layer of their own (`OWN`).
 */
const LAYERS: readonly (readonly string[])[] = [
  ['viewer'],
  ['cli'],
  ['report', 'diff', 'trim', 'synth', 'fuzz', 'what'],
  ['catalogue'],
  ['rules'],
  ['validate'],
  ['references'],
  ['decode', 'encode'],
  ['abi'],
  ['structures'],
  ['vtd'],
  ['btf'],
  ['fdt', 'memory', 'versions', 'records'],
  ['schema'],
];
/**
 * Rules of a structure lie beside its binding, which must not know them, and are made of what validate has for all:
 * only the catalogue, their registry's reader, is above them there. So do expectations of fuzzing. What judges VT-d tables lies
 * beside what reads them, and is one with the runner, which asks it during the walks.
 */
const OWN: readonly (readonly [layer: string, paths: RegExp])[] = [
  ['fuzz', /^structures\/(?:[^/]+\/)?expect\b/],
  ['validate', /^vtd\/rules\//],
  ['rules', /^structures\/(?:[^/]+\/)?rules\b/],
  ['catalogue', /^validate\/catalogue\.ts$/],
];
/** Dumps that break rules: beside them too, for the tests alone, and with what tests have. */
const CASES = /^(?:structures\/[^/]+|vtd\/rules\/rows)\/cases\b/;
const RANK = new Map(LAYERS.flatMap((names, rank) => names.map((name): [string, number] => [name, rank])));
/** Packages that a folder may use; cli and memory/node may use any. */
const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['fuzz', ['fast-check']],
  ['viewer', ['fzstd']],
]);
const BUILTINS = new Set(builtinModules);

export interface Violation {
  /** Path from the root, with slashes. */
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface Result {
  readonly files: number;
  readonly imports: number;
  readonly violations: readonly Violation[];
}

interface Source extends Scan {
  /** Path from `src`, with slashes. */
  readonly path: string;
  /** Structures that an engine names. */
  readonly names: readonly NameUse[];
  /** Whether it names the structure whose mentions are counted. */
  readonly sample: boolean;
  /** Versions of ABIs that are named where they should be asked for. */
  readonly versions: readonly NameUse[];
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

/** Checks the imports of every TypeScript file below `root`/src. */
export function checkLayers(root: string): Result {
  const folder = join(root, 'src');
  const subjects = subjectsOf(folder);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name): Source => {
      const path = name.split(sep).join('/');
      const text = readFileSync(join(folder, name), 'utf8');
      const names = isEngine(path) ? namesIn(text, subjects) : [];
      return {
        path,
        names,
        sample: namesSample(path, text),
        versions: isEngine(path) ? [] : versionsIn(path, text),
        ...scan(text),
      };
    })
    .filter(({ path }) => !CASES.test(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const known = new Set(sources.map(({ path }) => path));
  const violations: Violation[] = [];
  const edges: Edge[] = [];
  const report = (path: string, line: number, message: string): void => {
    violations.push({ file: `src/${path}`, line, message });
  };
  for (const { path, imports, nodeGlobals, names, versions } of sources) {
    for (const { name, line } of names) report(path, line, `names ${name}: an engine knows no structure`);
    for (const { name, line } of versions)
      report(path, line, `names ${name}: only src/versions and src/structures know versions`);
    for (const { name, line } of isNodeCode(path) ? [] : nodeGlobals) {
      report(path, line, `uses ${name}: only src/cli and src/memory/node may use what Node alone has`);
    }
    for (const { specifier, line } of imports) {
      if (!specifier.startsWith('.')) {
        const message = packageProblem(path, specifier);
        if (message !== undefined) report(path, line, message);
        continue;
      }
      const to = target(folder, path, specifier);
      if (!known.has(to)) report(path, line, `imports ${specifier}: not a file of src`);
      else edges.push({ from: path, to, line });
      const message = directionProblem(path, to);
      if (message !== undefined) report(path, line, message);
    }
  }
  const named = sources.filter(({ sample }) => sample).map(({ path }) => path);
  if (named.length > SAMPLE.files)
    report(
      named.at(-1) ?? '',
      1,
      `${named.length} files name ${SAMPLE.subject} beside its folder, more than ${SAMPLE.files}: ${named.join(', ')}`,
    );
  for (const { from, to, line } of mutual(edges)) {
    report(from, line, `imports src/${to}: ${layerOf(from)} and ${layerOf(to)} import each other`);
  }
  for (const { from, to, line, path } of cycles(edges)) {
    report(from, line, `import cycle through ${to}: ${path.join(' → ')}`);
  }
  return { files: sources.length, imports: edges.length, violations };
}

/** Folders of root trees: what is below these has folders of its own. */
const ROOTS: readonly string[] = ['root', 'rfc-2024'];

/** The structures that are bound: one folder each, with its binding of memory or of a tree. */
function subjectsOf(folder: string): string[] {
  const structures = join(folder, 'structures');
  if (!existsSync(structures)) return [];
  return readdirSync(structures, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() &&
    !ROOTS.includes(entry.name) &&
    ['binding.ts', 'tree.ts'].some((file) => existsSync(join(structures, entry.name, file)))
      ? [entry.name]
      : [],
  );
}

function isNodeCode(path: string): boolean {
  return path.startsWith('cli/') || path.startsWith('memory/node/');
}

function packageProblem(path: string, specifier: string): string | undefined {
  if (isNodeCode(path)) return undefined;
  if (specifier.startsWith('node:') || BUILTINS.has(specifier)) {
    return `imports ${specifier}: only src/cli and src/memory/node may use Node built-ins`;
  }
  const allowed = PACKAGES.get(layerOf(path)) ?? [];
  return allowed.includes(specifier) ? undefined : `imports the package ${specifier}: not allowed here`;
}

function directionProblem(from: string, to: string): string | undefined {
  // Of the viewer the bundler proves that what it uses there needs nothing of Node (tools/page.js).
  const free = isNodeCode(from) || layerOf(from) === 'viewer';
  if (to.startsWith('memory/node/') && !free && from.includes('/')) {
    return `imports src/${to}: only src/cli may use code that needs Node`;
  }
  const [own, other] = [layerOf(from), layerOf(to)];
  if (own === '' || own === other) return undefined;
  const [ownRank, otherRank] = [RANK.get(own), RANK.get(other)];
  if (ownRank === undefined) return `src/${own} is not a layer`;
  if (otherRank !== undefined && otherRank >= ownRank) return undefined;
  return `imports src/${to}: ${own} may not import ${other === '' ? 'the package entry' : other}`;
}

/** The layer of a file, mostly the folder of src that it is in; empty for the files of src itself, which put the package together. */
function layerOf(path: string): string {
  const own = OWN.find(([, paths]) => paths.test(path));
  if (own !== undefined) return own[0];
  const slash = path.indexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

function target(folder: string, from: string, specifier: string): string {
  const path = relative(folder, resolve(folder, dirname(from), specifier));
  return path.split(sep).join('/').replace(/\.js$/, '.ts');
}

/** Imports between folders of one layer that import each other. */
function mutual(edges: readonly Edge[]): Edge[] {
  const pairs = new Set(edges.map(({ from, to }) => `${layerOf(from)} ${layerOf(to)}`));
  return edges.filter(({ from, to }) => {
    const [own, other] = [layerOf(from), layerOf(to)];
    if (own === other || !pairs.has(`${other} ${own}`)) return false;
    return RANK.has(own) && RANK.get(own) === RANK.get(other);
  });
}

/** One entry for each import that closes a cycle, found by a depth-first walk with its own stack. */
function cycles(edges: readonly Edge[]): (Edge & { path: string[] })[] {
  const out = new Map<string, Edge[]>();
  for (const edge of edges) out.set(edge.from, [...(out.get(edge.from) ?? []), edge]);
  const finished = new Set<string>();
  const found: (Edge & { path: string[] })[] = [];
  for (const start of out.keys()) {
    if (finished.has(start)) continue;
    const stack = [{ file: start, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = out.get(top.file)?.[top.next++];
      if (edge === undefined) {
        finished.add(top.file);
        stack.pop();
        continue;
      }
      const loop = stack.findIndex(({ file }) => file === edge.to);
      if (loop >= 0) found.push({ ...edge, path: [...stack.slice(loop).map(({ file }) => file), edge.to] });
      else if (!finished.has(edge.to)) stack.push({ file: edge.to, next: 0 });
    }
  }
  return found;
}

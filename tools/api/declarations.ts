/** What a .d.ts file of dist/ exports, with its text: enough of the language for what the compiler writes. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Module {
  /** Declared here, by name: the whole statement. */
  readonly declared: ReadonlyMap<string, string>;
  /** Names from other modules, as they are called here. */
  readonly bound: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
  /** Names that are exported, here declared or bound. */
  readonly exported: ReadonlySet<string>;
  /** Modules of which everything is exported. */
  readonly stars: readonly { readonly file: string; readonly types: boolean }[];
}

const modules = new Map<string, Module>();

/** Statements begin in the first column, and nothing else does but closing brackets. */
function statements(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const found: string[] = [];
  for (const line of code.split('\n')) {
    if (/^[a-z]/.test(line)) found.push(line);
    else if (line.trim() !== '' && found.length > 0) found.push(`${found.pop()}\n${line}`);
  }
  return found;
}

function readModule(file: string): Module {
  const known = modules.get(file);
  if (known !== undefined) return known;
  const declared = new Map<string, string>();
  const bound = new Map<string, { file: string; name: string }>();
  const exported = new Set<string>();
  const stars: { file: string; types: boolean }[] = [];
  for (const statement of statements(readFileSync(file, 'utf8'))) {
    const from = /from '(\.[^']+)\.js';?$/.exec(statement)?.[1];
    const target = from === undefined ? undefined : join(dirname(file), `${from}.d.ts`);
    if (/^export (?:type )?\*/.test(statement)) {
      if (target !== undefined) stars.push({ file: target, types: statement.startsWith('export type') });
      continue;
    }
    const list = /^(import|export) (?:type )?\{([\s\S]*?)\}/.exec(statement);
    if (list !== null) {
      for (const part of (list[2] ?? '').split(',')) {
        const [, name, alias] = /^(?:type )?(\w+)(?: as (\w+))?$/.exec(part.trim()) ?? [];
        if (name === undefined) continue;
        if (target !== undefined) bound.set(alias ?? name, { file: target, name });
        if (list[1] === 'export') exported.add(alias ?? name);
      }
      continue;
    }
    const [, name] =
      /^(?:export )?(?:declare )?(?:abstract )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/.exec(
        statement,
      ) ?? [];
    if (name === undefined) continue;
    const earlier = declared.get(name);
    declared.set(name, earlier === undefined ? statement : `${earlier}\n${statement}`);
    if (statement.startsWith('export')) exported.add(name);
  }
  const module = { declared, bound, exported, stars };
  modules.set(file, module);
  return module;
}

/** A declaration, and the file that has it. */
export interface Declaration {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/** The declaration that a name in a file stands for. */
export function resolve(file: string, name: string): Declaration | undefined {
  const { declared, bound, stars } = readModule(file);
  const text = declared.get(name);
  if (text !== undefined) return { file, name, text };
  const other = bound.get(name);
  if (other !== undefined) return resolve(other.file, other.name);
  for (const star of stars) {
    const found = exportsOf(star.file).includes(name) ? resolve(star.file, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The names that a module exports, sorted. */
export function exportsOf(file: string): string[] {
  const { exported, stars } = readModule(file);
  const starred = stars.flatMap((star) =>
    exportsOf(star.file).filter((name) => !star.types || isType(star.file, name)),
  );
  return [...new Set([...exported, ...starred])].sort();
}

const EXPORTED = /^export (?:declare )?(?:interface|type|class) /;
const TYPE = /^(?:export )?(?:declare )?(?:interface|type|class) /;

function isType(file: string, name: string): boolean {
  return TYPE.test(resolve(file, name)?.text ?? '');
}

/** Types of this package that a declaration mentions. */
export function mentioned({ file, name, text }: Declaration): Declaration[] {
  const words = new Set(text.replace(/'[^']*'|`[^`]*`/g, '').match(/\b[A-Z]\w*/g));
  return [...words].flatMap((word) => {
    const found = word === name ? undefined : resolve(file, word);
    // What its module keeps to itself is part of what mentions it.
    return found !== undefined && EXPORTED.test(found.text) ? [found] : [];
  });
}

/** On one line, without what the compiler says by layout alone. */
export function signature({ text }: Declaration): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/^export /, '')
    .replace(/^declare /, '')
    .trim();
}

/** The comment of a declaration, with its stars; empty where it has none. */
export function commentOf({ file, name }: Declaration): string {
  const text = readFileSync(file, 'utf8');
  const declaration = new RegExp(
    `(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n)?export (?:declare )?(?:abstract )?(?:function\\*?|const|let|class|interface|type|enum) ${name}\\b`,
  );
  return declaration.exec(text)?.[1] ?? '';
}

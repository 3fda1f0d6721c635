/** Outputs must be files of their own: checked before anything is read or written. */
import { fstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from './numbers.js';

interface Named {
  /** As the user knows it: `-o`, `--truth`, or the argument itself. */
  readonly role: string;
  readonly path: string;
}

/** Options that name a file to be written, and those that name one to be read. Arguments without a name are read. */
const WRITTEN = ['output', 'truth', 'write-baseline'] as const;
const READ = ['memory', 'regset', 'baseline', 'iomem'] as const;
/** Positionals of the commands. */
const POSITIONALS = ['dump', 'dumps', 'a', 'b', 'model', 'vmlinux'] as const;

interface Arguments {
  readonly [key: string]: unknown;
}

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(texts);
  return typeof value === 'string' ? [value] : [];
}

function namedBy(args: Arguments, keys: readonly string[]): Named[] {
  return keys.flatMap((key) =>
    texts(args[key]).map((text) => ({
      role: key === 'output' ? '-o' : `--${key}`,
      // validate's --output FORMAT=FILE.
      path: key === 'output' ? text.replace(/^[a-z]+=/, '') : text,
    })),
  );
}

/** File descriptors of the standard streams. */
const STDIN = 0;
const STDOUT = 1;

/**
 * What tells files apart: device and inode, or the path where there is no file yet. Undefined for pipes and terminals.
 *
 * @param stream what `-` stands for: a file too where the shell opened one (`< FILE`, `>> FILE`)
 */
function identity(path: string, stream: number): string | undefined {
  if (path === '') return undefined;
  try {
    const stat = path === '-' ? fstatSync(stream) : statSync(path);
    // Several results may go to one pipe or to /dev/null; a folder is a place for files.
    return stat.isFile() ? `${stat.dev}:${stat.ino}` : undefined;
  } catch {
    return path === '-' ? undefined : resolve(path);
  }
}

/**
 * Refuses an output that is an input or another output, by device and inode.
 *
 * @throws UsageError naming both
 */
export function checkDistinctFiles(args: Arguments): void {
  const seen = new Map<string, Named>();
  const inputs = [
    ...namedBy(args, POSITIONALS).map(({ path }) => ({ role: path, path })),
    ...namedBy(args, READ),
  ];
  for (const input of inputs) {
    const id = identity(input.path, STDIN);
    if (id !== undefined) seen.set(id, input);
  }
  const outputs = namedBy(args, WRITTEN);
  // Appended to a dump (`>> DUMP`), a result is not what anyone wants either.
  if (args.output === undefined) outputs.push({ role: 'standard output', path: '-' });
  for (const output of outputs) {
    const id = identity(output.path, STDOUT);
    if (id === undefined) continue;
    const other = seen.get(id);
    if (other !== undefined) {
      const which = other.role === other.path ? 'is the input' : `is what ${other.role} names`;
      throw new UsageError(
        `${output.path === '-' ? output.role : `${output.role} ${output.path}`} ${which}; nothing was written`,
      );
    }
    seen.set(id, output);
  }
}

/** A copy of /sys/kernel/debug/kho is one DUMP with two sides, and each is a result of its own. */
import { join } from 'node:path';
import { readFolder } from '../memory/node/folder.js';
import type { LoadOptions } from './load-options.js';

/** What an argument stands for: itself, or the sides of a copied folder. */
export interface Sides {
  readonly paths: readonly string[];
  /** What is the matter with the side that is not among them. */
  readonly missing?: string;
  /** The memory behind both, which is beside them. */
  readonly memory?: string;
}

/**
 * The results that an argument gives.
 *
 * @returns `PATH/in` and `PATH/out` for a copy of the folder above them, or the one of them that has a tree
 * @throws InputError when a folder cannot be read
 */
export async function sidesOf(path: string, { tree }: LoadOptions): Promise<Sides> {
  const folder = path === '-' ? undefined : await readFolder(path).catch(() => undefined);
  if (tree !== undefined || folder === undefined) return { paths: [path] };
  const memory = 'memory' in folder && folder.memory !== undefined ? { memory: folder.memory } : {};
  if (folder.kind === 'debugfs-both') return { paths: [join(path, 'in'), join(path, 'out')], ...memory };
  if (folder.kind !== 'debugfs' || folder.otherSide === undefined) return { paths: [path] };
  const { direction, otherSide } = folder;
  // A side that is there as an empty file is a result too: one that cannot be read.
  if (otherSide.includes(' is empty')) return { paths: [join(path, 'in'), join(path, 'out')], ...memory };
  return { paths: [join(path, direction)], missing: otherSide, ...memory };
}

/** Two handovers to compare: of two DUMP arguments, or the incoming and the outgoing tree of one. */

import { findTrees, pickDirection } from '../decode/find.js';
import { HANDOVER_PATTERNS } from '../decode/find-search.js';
import { InputError } from '../memory/node/errors.js';
import type { OpenedMemory } from '../memory/node/open-memory.js';
import { several } from '../schema/units.js';
import { fromFolders, fromTree, type LoadedDump, treePlace, withDump } from './load.js';
import { withInputs } from './load-inputs.js';
import type { LoadOptions } from './load-options.js';

/** Opens two dumps, and closes both however `use` ends. The same path may be given twice, but `-` only once. */
export async function withTwoDumps<T>(
  [pathA, pathB]: readonly [string, string],
  [optionsA, optionsB]: readonly [LoadOptions, LoadOptions],
  use: (a: LoadedDump, b: LoadedDump) => Promise<T>,
): Promise<T> {
  return withDump(pathA, optionsA, (a) => withDump(pathB, optionsB, (b) => use(a, b)));
}

/**
 * Opens a dump that holds both the tree that its kernel got and the one that it prepares.
 *
 * @throws InputError when it does not hold both, or does not tell which is which
 */
export async function withBothTrees<T>(
  path: string,
  options: LoadOptions,
  use: (incoming: LoadedDump, outgoing: LoadedDump) => Promise<T>,
): Promise<T> {
  return withInputs(path, options, async (inputs) => {
    const { folders, blob, memory } = inputs;
    if (folders !== undefined) {
      const dumps = await fromFolders(path, folders, inputs, options);
      const [incoming, outgoing] = (['incoming', 'outgoing'] as const).map((wanted) =>
        dumps.find(({ direction }) => direction === wanted),
      );
      if (incoming !== undefined && outgoing !== undefined) return use(incoming, outgoing);
      throw noPair(path, `is a copy of debugfs with the ${dumps[0]?.direction} tree alone`);
    }
    if (blob !== undefined) throw noPair(path, 'is one devicetree blob');
    if (memory === undefined) throw new InputError(path, 'no-memory', 'contains no memory');
    await memory.searchAhead?.(HANDOVER_PATTERNS, options.jobs);
    const [incoming, outgoing] = bothInMemory(path, memory, options);
    return use(incoming, outgoing);
  });
}

function bothInMemory(
  path: string,
  opened: OpenedMemory,
  options: LoadOptions,
): readonly [LoadedDump, LoadedDump] {
  const findings = findTrees(opened.memory, undefined, opened.vmcoreinfo);
  const [incoming, outgoing] = (['incoming', 'outgoing'] as const).map((wanted) => {
    const picked = pickDirection(findings, wanted);
    const [tree] = picked?.trees ?? [];
    return picked === undefined || tree === undefined || picked.trees.length > 1
      ? undefined
      : fromTree(path, tree, opened, picked, options);
  });
  if (incoming !== undefined && outgoing !== undefined) return [incoming, outgoing];
  const all = [...findings.trees, ...findings.others];
  if (all.length === 0) throw new InputError(path, 'no-tree', 'contains no handover tree');
  if (all.length === 1) {
    throw noPair(path, `contains one handover tree, at ${all.map(treePlace).join()}`);
  }
  const places = several(all.map(treePlace));
  throw noPair(path, `does not show which of its trees is incoming and which outgoing (trees: ${places})`);
}

function noPair(path: string, what: string): InputError {
  return new InputError(
    path,
    'no-pair',
    `${what}; compare it with another dump (kho diff A B), or name a tree of each with --fdt-addr twice`,
  );
}

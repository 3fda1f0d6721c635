/** `kho validate` on memory without a handover tree: the VT-d rules need only the registers. */
import type { Handover } from '../abi/model.js';
import { InputError } from '../memory/node/errors.js';
import { damageOf, type LoadedDump, type LoadOptions, withDump, withMemory } from './load.js';

/**
 * Opens a dump like {@link withDump}; when it holds no tree and `units` are looked at, its memory alone.
 *
 * @throws InputError as withDump does
 */
export async function withDumpOrMemory<T>(
  path: string,
  options: LoadOptions,
  units: boolean,
  use: (dump: LoadedDump) => Promise<T>,
): Promise<T> {
  try {
    return await withDump(path, options, use);
  } catch (error) {
    // A tree that was asked for by its address has to be there.
    const treeless =
      error instanceof InputError && error.code === 'no-tree' && options.fdtAddress === undefined;
    if (!units || !treeless) throw error;
  }
  return withMemory(path, options, async (memory, opened) => {
    const handover: Handover = { kind: 'unknown', pageSize: 4096, diagnostics: [], memory };
    return use({ path, description: memory.description, handover, damage: damageOf(opened) });
  });
}

/** `kho-toolkit/node`: dumps in files, opened as the command line opens them. */
import { type LoadedDump, type LoadOptions, withDumps } from './cli/load.js';

export { type LoadedDump, type LoadOptions, withDump, withDumps } from './cli/load.js';
export type { Decided, Evidence } from './cli/load-evidence.js';
export { InputError, OutputError } from './memory/node/errors.js';
export type { OpenedMemory } from './memory/node/open-memory.js';
export { type OutputChunks, writeFileAtomic } from './memory/node/output.js';
export type { Pattern } from './memory/search.js';

/** A file, opened until it is closed. */
export interface OpenedDump {
  /** Every handover tree that it holds. */
  readonly dumps: readonly LoadedDump[];
  /** Closes the files; what reads memory fails from then on. */
  close(): Promise<void>;
}

/**
 * Opens whatever the command line takes as a DUMP: blobs, cores (ELF, kdump), compressed or not, folders, archives.
 * `withDump` closes by itself, and refuses a dump with several trees.
 *
 * @param options as the command line's `--memory`, `--tree`, `--page-size` and so on
 * @throws InputError when it cannot be read or contains no handover tree
 *
 * @example
 * ```ts
 * import { openDump } from 'kho-toolkit/node';
 *
 * const { dumps, close } = await openDump('fixtures/linux-7.3-live-update/handover.elf.gz');
 * for (const { handover } of dumps) console.log(handover.generation, handover.luo?.sessions?.length);
 * await close();
 * //=> kho-v4 43
 * ```
 */
export async function openDump(path: string, options: LoadOptions = {}): Promise<OpenedDump> {
  return new Promise<OpenedDump>((resolve, reject) => {
    let finish: () => void = () => {};
    const closed = new Promise<void>((done) => {
      finish = done;
    });
    const running: Promise<void> = withDumps(path, options, async (dumps) => {
      resolve({
        dumps,
        close: () => {
          finish();
          return running;
        },
      });
      await closed;
    });
    running.catch(reject);
  });
}

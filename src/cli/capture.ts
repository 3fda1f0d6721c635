/** `kho capture`: the handover of the host that it runs on, as a folder or a small core. */
import { statSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { InputError } from '../memory/node/errors.js';
import { size } from '../schema/units.js';
import { type Captured, changedSince, withCapture } from './capture/capture.js';
import { createHostFiles } from './capture/host-files.js';
import { writeCoreFile, writeFolder } from './capture/write.js';
import { message } from './common.js';
import { lastValue, UsageError } from './numbers.js';
import { type Given, IN_AND_OUT, OUTPUT_OPTION, QUIET, withOptions } from './options.js';

const OPTIONS = {
  output: {
    ...OUTPUT_OPTION,
    describe: 'a new folder, or FILE.elf for one small core; - is a core on standard output',
  },
  'root-dir': {
    group: IN_AND_OUT,
    describe: "folder with a copy of another host's /sys and /proc (default: this host)",
  },
  quiet: QUIET,
} as const;

export const captureCommand: CommandModule<object, Given<typeof OPTIONS>> = {
  builder: (yargs) =>
    withOptions(yargs, OPTIONS)
      .example('sudo kho capture -o host', 'debugfs, boot_params, registers, and the records of /proc/kcore')
      .example('kho validate host', 'a folder is a DUMP of every command')
      .example('sudo kho capture -o host.elf', 'one core of nothing but the records')
      .example('sudo kho validate --live', 'captured and checked at once'),
  handler: async (args) => {
    const output = lastValue(args.output);
    if (output === undefined) throw new UsageError('-o DIR or -o FILE.elf is missing');
    if (output === '-' && process.stdout.isTTY === true)
      throw new UsageError('-o - writes a core, which does not go to a terminal');
    const root = hostRoot(lastValue(args['root-dir']));
    const host = createHostFiles(root);
    await withCapture(host, {}, async (captured) => {
      const core = isCore(output)
        ? await writeCoreFile(output, captured)
        : await writeFolder(output, captured);
      tell(args, captured);
      for (const path of changedSince(host, captured))
        message(args, `kho: ${path}: changed while it was captured: the kernel is preparing a kexec`);
      if (core !== undefined)
        message(args, `${output}: ${size(core.kept)} of records in ${size(core.covered)} of pages`);
    });
  },
};

/**
 * Where the host's files are.
 *
 * @throws InputError for anyone but root, to whom debugfs and /proc/kcore are closed
 */
export function hostRoot(folder: string | undefined): string {
  if (folder === undefined) {
    if (process.getuid?.() !== 0)
      throw new InputError(
        '/sys/kernel/debug',
        'not-root',
        'only root can read it: run this with sudo, or name a copied /sys and /proc with --root-dir',
      );
    return '/';
  }
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true)
    throw new InputError(folder, 'ENOTDIR', 'is not a folder with a /sys and /proc');
  return folder;
}

/** What was refused, a line each. */
export function tell(
  args: { quiet?: boolean | undefined },
  { refused, trees }: Pick<Captured, 'refused' | 'trees'>,
): void {
  for (const { path, code, why } of refused) message(args, `kho: ${path}: not captured: ${why} [${code}]`);
  const found = trees.map(({ direction, address }) =>
    address === undefined ? direction : `${direction} at 0x${address.toString(16)}`,
  );
  message(args, `captured: ${found.join(', ')}`);
}

/** By its name, or as there is such a file: everything else is a folder. */
function isCore(path: string): boolean {
  if (path === '-') return true;
  const found = path.endsWith('/') ? undefined : statSync(path, { throwIfNoEntry: false });
  return found === undefined ? /\.(?:elf|core|vmcore)$/.test(path) : !found.isDirectory();
}

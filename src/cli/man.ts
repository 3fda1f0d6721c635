/** `kho man`: the manual page, as the package has it in man/. */
import type { CommandModule } from 'yargs';
import { writeFileAtomic } from '../memory/node/output.js';
import type { Command } from './command.js';
import { commandTable } from './command-table.js';
import { joined } from './common.js';
import { manualLines } from './manual/page.js';
import { lastValue } from './numbers.js';
import { OUTPUT_OPTION } from './options.js';
import { packageVersion } from './version.js';

interface ManArguments {
  output: string | string[] | undefined;
}

/** @param commands all of them, this one included */
export const manCommand = (commands: readonly Command[]): CommandModule<object, ManArguments> => ({
  builder: (yargs) =>
    yargs
      .option('output', OUTPUT_OPTION)
      .example('kho man | man -l -', 'read it')
      .example('kho man -o /usr/local/share/man/man1/kho.1', 'install it'),
  handler: async (args) => {
    await writeFileAtomic(
      lastValue(args.output) ?? '-',
      joined(manualLines(await commandTable(commands), packageVersion())),
    );
  },
});

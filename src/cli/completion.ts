/** `kho completion`: scripts that complete commands, options and their values in a shell. */
import type { CommandModule } from 'yargs';
import type { Command } from './command.js';
import { commandTable } from './command-table.js';
import { joined, write } from './common.js';
import { bashLines } from './completion/bash.js';
import { fishLines } from './completion/fish.js';
import { SHELLS, type Shell } from './completion/shells.js';
import { valueFinder } from './completion/values.js';
import { zshLines } from './completion/zsh.js';
import { UsageError } from './numbers.js';
import { OUTPUT_OPTION } from './options.js';

interface CompletionArguments {
  shell: string | undefined;
  output: string | string[] | undefined;
}

const SCRIPTS = { bash: bashLines, zsh: zshLines, fish: fishLines } as const;

/** The shell that the command was started from, as far as the environment tells. */
function ownShell(): Shell {
  const name = process.env.SHELL?.split('/').at(-1);
  return SHELLS.find((shell) => shell === name) ?? 'bash';
}

/** @param commands all of them, this one included */
export const completionCommand = (
  commands: readonly Command[],
): CommandModule<object, CompletionArguments> => ({
  builder: (yargs) =>
    yargs
      .positional('shell', {
        type: 'string',
        describe: `${SHELLS.join(', ')}; that of $SHELL, or else bash, if none is given`,
      })
      .option('output', OUTPUT_OPTION)
      .example('source <(kho completion bash)', 'in ~/.bashrc')
      .example('kho completion zsh > "$' + '{fpath[1]}/_kho"', 'before compinit in ~/.zshrc')
      .example('kho completion fish > ~/.config/fish/completions/kho.fish', ''),
  handler: async (args) => {
    const shell = args.shell === undefined ? ownShell() : SHELLS.find((name) => name === args.shell);
    if (shell === undefined) throw new UsageError(`"${args.shell}" is not one of ${SHELLS.join(', ')}`);
    const lines = SCRIPTS[shell](await commandTable(commands), valueFinder());
    await write(args, joined(lines));
  },
});

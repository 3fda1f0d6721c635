/** The commands: what each is called, and where it is; only the one that runs is loaded. */
import type { CommandModule } from 'yargs';
import type { Command } from './command.js';

/** yargs' own type for a list of commands knows nothing of their arguments. */
function erased<T>(command: CommandModule<object, T>): CommandModule {
  return command as CommandModule;
}

/** In the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    form: 'info <dumps..>',
    describe: 'show what a dump is and what it holds',
    load: async () => erased((await import('./info.js')).infoCommand),
  },
  {
    form: 'dump <dump>',
    describe: 'print what a dump holds',
    metered: true,
    load: async () => erased((await import('./dump.js')).dumpCommand),
  },
  {
    form: 'encode <model>',
    describe: 'write a blob from the JSON that dump prints',
    load: async () => erased((await import('./encode.js')).encodeCommand),
  },
  {
    form: 'validate [dumps..]',
    describe: 'check a dump against the rules of its generation',
    metered: true,
    load: async () => erased((await import('./validate.js')).validateCommand),
  },
  {
    form: 'diff <a> [b]',
    describe: 'compare two handovers, or what a kernel got with what it prepares',
    metered: true,
    load: async () => erased((await import('./diff.js')).diffCommand),
  },
  {
    form: 'trim <dump>',
    describe: 'cut a dump down to the records of its handover',
    metered: true,
    load: async () => erased((await import('./trim.js')).trimCommand),
  },
  {
    form: 'report <dump>',
    describe: 'write a page of HTML: what a dump holds, and what is wrong with it',
    metered: true,
    load: async () => erased((await import('./report.js')).reportCommand),
  },
  {
    form: 'synth',
    describe: 'make a valid dump from a seed',
    load: async () => erased((await import('./synth.js')).synthCommand),
  },
  {
    form: 'fuzz [dumps..]',
    describe: 'mutate a dump, and run a program (or this one) on each case',
    load: async () => erased((await import('./fuzz.js')).fuzzCommand),
  },
  {
    form: 'check-abi <vmlinux>',
    describe: "compare a kernel's types (BTF) with the layouts that this tool knows",
    load: async () => erased((await import('./check-abi.js')).checkAbiCommand),
  },
  {
    form: 'explain [topic]',
    describe: 'explain a rule, a record, or the ABI versions',
    load: async () => erased((await import('./explain.js')).explainCommand),
  },
  {
    form: 'walk <dump>',
    describe: 'walk the page tables of a domain or of devices',
    metered: true,
    load: async () => erased((await import('./walk.js')).walkCommand),
  },
  {
    form: 'what <dump> <addresses..>',
    describe: 'explain an address: its record, its owner, what refers to it and maps it',
    metered: true,
    load: async () => erased((await import('./what.js')).whatCommand),
  },
  {
    form: 'capture',
    describe: 'save the handover of the host that this runs on',
    load: async () => erased((await import('./capture.js')).captureCommand),
  },
  {
    form: 'completion [shell]',
    describe: 'print a script that completes commands and options in a shell',
    load: async () => erased((await import('./completion.js')).completionCommand(COMMANDS)),
  },
  {
    form: 'man',
    describe: 'print the manual page, for man -l -',
    load: async () => erased((await import('./man.js')).manCommand(COMMANDS)),
  },
];

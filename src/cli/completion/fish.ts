/** Completion for fish. */
import { type CommandInfo, EVERYWHERE, type OptionInfo } from '../command-table.js';
import type { ValueFinder, Values } from './values.js';

/** Lines of a script that registers the completion. */
export function fishLines(commands: readonly CommandInfo[], values: ValueFinder): readonly string[] {
  const names = commands.map(({ name }) => name).join(' ');
  const none = `not __fish_seen_subcommand_from ${names}`;
  return [
    '# Completion of kho for fish, made by `kho completion fish`.',
    'complete -c kho -f',
    ...commands.map(
      ({ name, describe }) => `complete -c kho -n ${quoted(none)} -f -a ${name} -d ${quoted(describe)}`,
    ),
    ...EVERYWHERE.map((option) => `complete -c kho ${flags(option)} -d ${quoted(option.describe)}`),
    ...commands.flatMap((command) => commandLines(command, values)),
  ];
}

function commandLines({ name, options, positionals }: CommandInfo, values: ValueFinder): string[] {
  const seen = `complete -c kho -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  return [
    ...options.map(
      (option) =>
        `${seen} ${flags(option)}${option.value ? ` -r ${action(values.option(name, option.name))}` : ''} -d ${quoted(option.describe)}`,
    ),
    ...positionals.slice(0, 1).map((each) => `${seen} ${action(values.positional(name, each))}`),
  ];
}

function flags({ name, alias }: OptionInfo): string {
  return `-l ${name}${alias === undefined ? '' : ` -s ${alias}`}`;
}

function action({ words, list, files }: Values): string {
  const where =
    files === undefined ? '-f' : files === 'folders' ? "-f -a '(__fish_complete_directories)'" : '-F';
  if (words.length === 0) return where;
  const named = words.join(' ');
  if (list === true) return `-f -a ${quoted(`(__fish_complete_list , "string split ' ' '${named}'")`)}`;
  return `${where} -a ${quoted(named)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Completion for zsh: a file of its function path, or to be sourced after compinit. */
import { type CommandInfo, EVERYWHERE, type OptionInfo } from '../command-table.js';
import type { ValueFinder, Values } from './values.js';

/** Lines of a script that defines and registers the completion. */
export function zshLines(commands: readonly CommandInfo[], values: ValueFinder): readonly string[] {
  return [
    '#compdef kho',
    '# Completion of kho for zsh, made by `kho completion zsh`.',
    '_kho() {',
    '  local curcontext=$curcontext state line',
    '  local -a commands=(',
    ...commands.map(({ name, describe }) => `    ${quoted(`${name}:${describe}`)}`),
    '  )',
    '  _arguments -C \\',
    ...EVERYWHERE.flatMap((option) => specs(option, undefined)).map((spec) => `    ${spec} \\`),
    "    '1:command:->command' \\",
    "    '*::argument:->argument'",
    '  case $state in',
    '    command) _describe command commands ;;',
    '    argument)',
    '      case $words[1] in',
    ...commands.flatMap((command) => [
      `        ${command.name})`,
      '          _arguments \\',
      ...argumentSpecs(command, values)
        .map((spec) => `            ${spec}`)
        .join(' \\\n')
        .split('\n'),
      '          ;;',
    ]),
    '      esac',
    '      ;;',
    '  esac',
    '}',
    '# Autoloaded, it is the function itself.',
    'if [ "$funcstack[1]" = "_kho" ]; then',
    '  _kho "$@"',
    'else',
    '  compdef _kho kho',
    'fi',
  ];
}

function argumentSpecs({ name, options, positionals, form }: CommandInfo, values: ValueFinder): string[] {
  return [
    ...[...options, ...EVERYWHERE].flatMap((option) =>
      specs(option, option.value ? values.option(name, option.name) : undefined),
    ),
    ...positionals.map((each) => {
      const many = form.includes(`${each.name}..`);
      return quoted(`${many ? '*' : ''}:${each.name}:${action(values.positional(name, each))}`);
    }),
  ];
}

/** An option may be given again: lists add up, and of others the last one counts. */
function specs({ name, alias, describe }: OptionInfo, value: Values | undefined): string[] {
  const text = `[${describe.replace(/[\\[\]:]/g, '\\$&')}]`;
  const rest = value === undefined ? '' : `:${name}:${action(value)}`;
  const long = quoted(`*--${name}${value === undefined ? '' : '='}${text}${rest}`);
  return alias === undefined ? [long] : [long, quoted(`*-${alias}${text}${rest}`)];
}

function action({ words, list, files }: Values): string {
  if (words.length === 0) return files === undefined ? ' ' : files === 'folders' ? '_files -/' : '_files';
  if (files !== undefined) return `{compadd -S "" - ${words.join(' ')}; _files}`;
  return list === true ? `_sequence compadd - ${words.join(' ')}` : `(${words.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

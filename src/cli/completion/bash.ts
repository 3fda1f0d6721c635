/** Completion for bash, without the package bash-completion. */
import { type CommandInfo, EVERYWHERE, type OptionInfo } from '../command-table.js';
import type { ValueFinder, Values } from './values.js';

/** Lines of a script that defines and registers the completion. */
export function bashLines(commands: readonly CommandInfo[], values: ValueFinder): readonly string[] {
  const names = commands.map(({ name }) => name);
  return [
    '# Completion of kho for bash, made by `kho completion bash`.',
    '_kho() {',
    "  local cur prev word i command='' words='' list='' files='' options=''",
    '  COMPREPLY=()',
    '  cur=$' + '{COMP_WORDS[COMP_CWORD]}',
    '  prev=$' + '{COMP_WORDS[COMP_CWORD-1]}',
    '  # Words are split at "=".',
    "  if [[ $cur == '=' ]]; then",
    "    cur=''",
    "  elif [[ $prev == '=' ]]; then",
    '    prev=$' + '{COMP_WORDS[COMP_CWORD-2]}',
    '  fi',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    word=$' + '{COMP_WORDS[i]}',
    '    case $word in',
    `      ${names.join(' | ')}) command=$word; break ;;`,
    '    esac',
    '  done',
    '  case $command in',
    ...commands.map(({ name, options }) => `    ${name}) options='${optionWords(options)}' ;;`),
    `    *) options='${optionWords([])}' ;;`,
    '  esac',
    '  case $command:$prev in',
    ...optionCases(commands, values),
    '    *)',
    '      if [[ $cur == -* ]]; then',
    '        words=$options',
    '      else',
    '        case $command in',
    `          '') words='${names.join(' ')}' ;;`,
    ...commands.flatMap(({ name, positionals }) =>
      positionals
        .slice(0, 1)
        .map((first) => `          ${name}) ${assign(values.positional(name, first))} ;;`),
    ),
    '        esac',
    '      fi',
    '      ;;',
    '  esac',
    '  if [[ $words == *= ]]; then compopt -o nospace 2>/dev/null; fi',
    '  if [[ -z $files ]]; then compopt +o default 2>/dev/null; fi',
    '  if [[ -n $list && $cur == *,* ]]; then',
    '    mapfile -t COMPREPLY < <(compgen -P "$' + '{cur%,*}," -W "$words" -- "$' + '{cur##*,}")',
    '  elif [[ -n $words ]]; then',
    '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")',
    "  elif [[ $files == 'folders' ]]; then",
    '    mapfile -t COMPREPLY < <(compgen -d -- "$cur")',
    '  fi',
    '}',
    '# Where it finds no word, readline completes names of files.',
    'complete -o default -F _kho kho',
  ];
}

function optionWords(options: readonly OptionInfo[]): string {
  return [...options, ...EVERYWHERE]
    .flatMap(({ name, alias }) => [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])])
    .join(' ');
}

/** Options with equal values are one case. */
function optionCases(commands: readonly CommandInfo[], values: ValueFinder): readonly string[] {
  const cases = new Map<string, string[]>();
  for (const { name: command, options } of commands) {
    for (const { name, alias, value } of options) {
      if (!value) continue;
      const action = assign(values.option(command, name));
      const patterns = cases.get(action) ?? [];
      patterns.push(`${command}:--${name}`, ...(alias === undefined ? [] : [`${command}:-${alias}`]));
      cases.set(action, patterns);
    }
  }
  return [...cases].map(([action, patterns]) => `    ${patterns.join(' | ')}) ${action} ;;`);
}

function assign({ words, list, files }: Values): string {
  const parts = [
    ...(words.length === 0 ? [] : [`words='${words.join(' ')}'`]),
    ...(list === true ? ['list=1'] : []),
    ...(files === undefined ? [] : [`files=${files}`]),
  ];
  return parts.length === 0 ? ':' : parts.join('; ');
}

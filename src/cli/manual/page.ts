/** The manual page kho(1), from the command table. */
import { type CommandInfo, EVERYWHERE, type OptionInfo } from '../command-table.js';
import { roffBold, roffItalic, roffItem, roffLines, roffText } from './roff.js';

/** Of the release: the top entry of CHANGELOG.md. */
const DATE = '2026-11-30';
/** So many commands must have an option for it to be described once for all. */
const SHARED = 3;

const DESCRIPTION = [
  'kho reads, checks, writes and compares the state that one Linux kernel hands to the next across kexec: Kexec HandOver (KHO) trees, the memory they refer to, LUO sessions and memfds, iommufd and Intel IOMMU state.',
  'A DUMP is a devicetree blob (with --memory FILE for its memory), an ELF core, a kdump-compressed core, a raw image with --base, a copy of /sys/kernel/debug/kho or a tar archive of one, or a folder of blob and core; gzip, zstd and - for standard input work everywhere. Input is recognised by content, never by name.',
  'Numbers are decimal or 0x, with K, M, G or T as powers of 1024. Lists are repeated or separated by commas. Results go to standard output, messages to standard error.',
];

const STATUS: readonly (readonly [string, string])[] = [
  ['0', 'nothing at or above the level of --fail-on; dump, info and walk: a result was printed'],
  ['1', 'findings (validate), differences (diff), a struct that differs (check-abi)'],
  ['2', 'unusable arguments, or unreadable, undecided or incomplete input'],
  ['3', 'an internal error, in one line'],
];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['NO_COLOR', 'no colours, whatever the terminal; --color goes before it'],
  ['TMPDIR', 'where input is unpacked, without --spool'],
  [
    'NODE_DISABLE_COMPILE_CACHE',
    'set to 1: the compiled program is not kept, neither by Node.js 22.1 and newer nor in $XDG_CACHE_HOME/kho-toolkit',
  ],
  ['XDG_CACHE_HOME', 'where Node.js before 22.1 keeps the compiled program (default: ~/.cache)'],
];

/** Lines of roff source for the man macros. */
export function manualLines(commands: readonly CommandInfo[], version: string): readonly string[] {
  const shared = sharedOptions(commands);
  return [
    '.\\" Made by `kho man` from the table of commands.',
    `.TH KHO 1 "${DATE}" "kho-toolkit ${version}" "User Commands"`,
    '.SH NAME',
    'kho \\- read, check and write what one Linux kernel hands to the next',
    '.SH SYNOPSIS',
    ...commands.flatMap(({ form }) => [formText(form), '.br']).slice(0, -1),
    '.SH DESCRIPTION',
    ...DESCRIPTION.flatMap((text) => ['.PP', ...roffLines(text)]).slice(1),
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandLines(command, shared)),
    ...[...new Set(shared.map(({ group }) => group))].flatMap((group) => [
      `.SH ${roffText(headingOf(group).toUpperCase())}`,
      ...shared.filter((option) => option.group === group).flatMap(optionLines),
    ]),
    '.SH OTHER OPTIONS',
    ...EVERYWHERE.flatMap(optionLines),
    '.SH EXIT STATUS',
    ...STATUS.flatMap(([status, text]) => roffItem(roffBold(status), text)),
    'Over several dumps 2 beats 1 beats 0.',
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, text]) => roffItem(roffBold(name), text)),
    '.SH SEE ALSO',
    '.BR dtc (1),',
    '.BR crash (8),',
    '.BR makedumpfile (8)',
    '.PP',
    ...roffLines(
      'Documentation/core-api/kho/ and Documentation/core-api/liveupdate.rst in the kernel source',
    ),
  ];
}

function commandLines(command: CommandInfo, shared: readonly OptionInfo[]): readonly string[] {
  const { form, describe, options, positionals, examples } = command;
  const own = options.filter((option) => !shared.some((each) => sameOption(each, option)));
  const groups = [
    ...new Set(options.filter((option) => !own.includes(option)).map(({ group }) => headingOf(group))),
  ];
  const also =
    groups.length === 0 ? [] : ['.PP', ...roffLines(`Also the options of ${groups.join(', and ')} below.`)];
  return [
    `.SS ${formText(form)}`,
    ...roffLines(`${describe.charAt(0).toUpperCase()}${describe.slice(1)}.`),
    ...positionals.flatMap(({ name, describe: text }) => roffItem(roffItalic(name.toUpperCase()), text)),
    ...own.flatMap(optionLines),
    ...also,
    ...(examples.length === 0 ? [] : ['.PP', 'Examples:']),
    ...examples.flatMap(([line, text]) => roffItem(roffBold(line), text)),
  ];
}

/** Options with a heading that several commands have alike. */
function sharedOptions(commands: readonly CommandInfo[]): readonly OptionInfo[] {
  const all = commands.flatMap(({ options }) => options).filter(({ group }) => group !== undefined);
  return all.filter(
    (option, i) =>
      all.findIndex((other) => sameOption(other, option)) === i &&
      all.filter((other) => sameOption(other, option)).length >= SHARED,
  );
}

function sameOption(a: OptionInfo, b: OptionInfo): boolean {
  return a.name === b.name && a.describe === b.describe && a.alias === b.alias && a.group === b.group;
}

function headingOf(group: string | undefined): string {
  return (group ?? '').replace(/:$/, '');
}

function optionLines(option: OptionInfo): readonly string[] {
  const { name, alias, value, describe, default: preset } = option;
  const argument = value ? ` ${roffItalic(name.toUpperCase())}` : '';
  const short = alias === undefined ? '' : `${roffBold(`-${alias}`)}${argument}, `;
  const text =
    preset === undefined || /default/.test(describe) ? describe : `${describe} (default: ${preset})`;
  return roffItem(`${short}${roffBold(`--${name}`)}${argument}`, text);
}

/** `diff <a> [b]` → kho diff A [B]. */
function formText(form: string): string {
  const [name = '', ...args] = form.split(' ');
  const words = args.map((arg) => {
    const bare = roffItalic(arg.replace(/[<>[\].]/g, '').toUpperCase());
    const many = arg.includes('..') ? '...' : '';
    return arg.startsWith('[') ? `[${bare}${many}]` : `${bare}${many}`;
  });
  return [`${roffBold(`kho ${name}`)}`, ...words].join(' ');
}

/** What options take, for help: yargs knows of strings only. */

const TAKES: Readonly<Record<string, string>> = {
  FILE: 'memory regset iomem baseline write-baseline truth output',
  DIR: 'spool root-dir',
  ADDR: 'fdt-addr base pgd iova root at',
  SIZE: 'max-unpacked guest-ram page-size memory-limit',
  REG: 'cap ecap',
  BDF: 'device',
  N: 'budget jobs haw rev agaw pasid seed count first timeout sessions files flbs reserve-mem test-folios domains devices unattached units deleted areas levels ftrace-cpus fragmentation holes',
};
export const LABELS = new Map(
  Object.entries(TAKES).flatMap(([label, names]) => names.split(' ').map((name) => [name, label] as const)),
);

const OPTION = /^ +(?:-\w, )?--([\w-]+) /;
const TYPE = /\[(?:string|number)\]/;

/** The help of a command as yargs lays it out, with what each option takes in place of its type. */
export function withPlaceholders(help: string): string {
  let label: string | undefined;
  return help
    .split('\n')
    .map((line) => {
      const name = OPTION.exec(line)?.[1];
      if (name !== undefined) label = LABELS.get(name);
      else if (!line.startsWith('      ')) label = undefined;
      const found = label === undefined ? null : TYPE.exec(line);
      const shown = found === null ? line : line.replace(found[0], `[${label}]`.padStart(found[0].length));
      // An argument may be given more than once: its form has dots.
      return shown.replace(/ {2,}\[array\](?: \[required\])? \[default: \[\]\]$/, '');
    })
    .join('\n');
}

/** What yargs refuses, said in the command line's own terms, with the name that was probably intended. */

/** What is known of a command line that yargs refused. */
export interface Refused {
  readonly argv: readonly string[];
  /** The commands' forms, e.g. `diff <a> [b]`. */
  readonly commands: readonly string[];
  /** Names of the options that the command takes, without dashes. */
  readonly options: readonly string[];
}

/** The command that a command line names; undefined when it names none. */
export function commandOf(argv: readonly string[], commands: readonly string[]): string | undefined {
  const names = commands.map(nameOf);
  return argv.find((word) => names.includes(word));
}

/** yargs' sentence in our words; one that is not known stays. */
export function refusalText(text: string, refused: Refused): string {
  const { argv, commands } = refused;
  const unknown = /^Unknown arguments?: (.+)$/.exec(text)?.[1];
  if (unknown !== undefined) return unknownText(unknown.split(', ')[0] ?? '', refused);
  const valueless = /^Not enough arguments following: (.+)$/.exec(text)?.[1];
  if (valueless !== undefined) return `${dashed(valueless)} needs a value`;
  const command = commandOf(argv, commands);
  if (/^Not enough non-option arguments/.test(text) && command !== undefined) {
    const wanted = commands.find((form) => nameOf(form) === command) ?? command;
    return `an argument is missing: kho ${wanted}`;
  }
  return text;
}

function unknownText(word: string, { argv, commands, options }: Refused): string {
  const given = argv.find((each) => each.startsWith('-') && each.replace(/^-+/, '').split('=')[0] === word);
  if (given !== undefined) return `there is no option ${dashed(word)}${meant(word, options, dashed)}`;
  const command = commandOf(argv, commands);
  if (command !== undefined) return `kho ${command}: "${word}" is one argument too many`;
  return `there is no command "${word}"${meant(word, commands.map(nameOf), (name) => name)}`;
}

function dashed(name: string): string {
  return `${name.length === 1 ? '-' : '--'}${name}`;
}

/** Names that are nearly a word, or that it is part of, best first. */
export function namesLike(word: string, names: readonly string[], most = 6): readonly string[] {
  const wanted = word.toLowerCase();
  return names
    .map((name) => {
      const part = wanted.length > 2 && name.toLowerCase().includes(wanted);
      return { name, far: part ? 0 : distance(wanted, name.toLowerCase()) };
    })
    .filter(({ name, far }) => far <= Math.floor(Math.min(name.length, wanted.length) / 3))
    .sort((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ name }) => name);
}

/** `; did you mean …?` with the candidates that are nearest, where any is near. */
function meant(word: string, candidates: readonly string[], text: (name: string) => string): string {
  const near = candidates
    .map((name) => ({ name, distance: distance(word, name) }))
    .filter(({ name, distance }) => distance <= Math.floor(name.length / 3))
    .sort((a, b) => a.distance - b.distance);
  const best = near.filter((each) => each.distance === near[0]?.distance).map(({ name }) => text(name));
  return best.length === 0 ? '' : `; did you mean ${[...new Set(best)].join(' or ')}?`;
}

/** Letters to be inserted, left out, changed or swapped with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const cost = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, changed);
      rows[i]?.push(swapped ? Math.min(cost, at(i - 2, j - 2) + 1) : cost);
    }
  }
  return at(a.length, b.length);
}

/** `diff` of `diff <a> [b]`. */
function nameOf(form: string): string {
  return form.split(' ')[0] ?? form;
}

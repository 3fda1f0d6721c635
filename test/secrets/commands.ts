/** Every command on a dump, and all that it writes. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { kho } from '../cli/kho.js';

/** What a command wrote to a stream or a file. */
export interface Output {
  readonly command: string;
  readonly bytes: Buffer;
}

const FORMATS = ['text', 'json', 'sarif', 'junit', 'ktap'];

/** Command lines; `@` is the dump, `~` the same before anything was changed, `%` a name in the folder of outputs. */
export const COMMANDS: readonly (readonly string[])[] = [
  ['info', '@'],
  ['dump', '@'],
  ['dump', '@', '--format', 'json', '-o', '%model.json'],
  ['dump', '@', '--format', 'dts'],
  ['validate', '@', ...FORMATS.flatMap((format) => ['--output', `${format}=%validate.${format}`])],
  ['trim', '@', '-o', '%small.elf'],
  ['report', '@', '-o', '%page.html'],
  ['diff', '~', '@'],
  ['diff', '@', '~', '--format', 'json', '--strict'],
  ['encode', '%model.json', '--to', 'elf', '-o', '%encoded.elf'],
  ['walk', '@', '--domain', 'all', '--format', 'csv'],
  ['walk', '@', '--domain', 'all'],
  ['walk', '@', '--domain', 'all', '--format', 'json'],
  ['fuzz', '@', '--count', '4', '-o', '%cases'],
];

/** Those that tell most of a dump. */
export const TELLING = COMMANDS.slice(0, 9);

function written(path: string): Buffer[] {
  if (!statSync(path).isDirectory()) return [readFileSync(path)];
  return readdirSync(path).flatMap((name) => written(join(path, name)));
}

/**
 * Runs commands on a dump.
 *
 * @param folder for what they write; emptied
 * @param addresses that `what` is asked for
 */
export function* outputsOf(
  dump: string,
  original: string,
  folder: string,
  commands: readonly (readonly string[])[],
  addresses: readonly number[] = [],
): Generator<Output> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const asked = addresses.map((address) => `0x${address.toString(16)}`);
  const what = [[], ['--hex'], ['--hex', '--format', 'json']].map((more) => ['what', '@', ...asked, ...more]);
  for (const line of [...commands, ...(asked.length === 0 ? [] : what)]) {
    const args = line.map((arg) =>
      arg === '@' ? dump : arg === '~' ? original : arg.replace('%', `${folder}/`),
    );
    const { status, stdout, stderr } = kho(args);
    const command = line.join(' ');
    if (status === null || status > 2) throw new Error(`${command}: status ${status}\n${stderr}`);
    yield { command, bytes: Buffer.from(stdout) };
    yield { command: `${command}, messages`, bytes: Buffer.from(stderr) };
  }
  for (const name of readdirSync(folder))
    for (const bytes of written(join(folder, name))) yield { command: `file ${name}`, bytes };
}

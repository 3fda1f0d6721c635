/**
 * The files that this run has read, so that no output replaces one of them (the only copy of a dump is easily the
 * name after `-o`), and none can be read by more people than its inputs.
 */
import type { Stats } from 'node:fs';

const paths = new Map<string, string>();
let readable = 0o666;

const keyOf = ({ dev, ino }: Pick<Stats, 'dev' | 'ino'>): string => `${dev}:${ino}`;

/** Notes a regular file that is about to be read. */
export function noteRead(path: string, stat: Stats): void {
  if (!stat.isFile()) return;
  paths.set(keyOf(stat), path);
  readable &= stat.mode;
}

/** From now on outputs of this run are for their owner alone, as what it reads is root's. */
export function notePrivate(): void {
  readable &= 0o700;
}

/** The path under which this run has read a file; undefined when it has not. */
export function readAs(stat: Pick<Stats, 'dev' | 'ino'>): string | undefined {
  return paths.get(keyOf(stat));
}

/**
 * Permissions of an output: those wanted, less what its group and others may not do with every input.
 *
 * @param wanted permission bits
 */
export function permittedMode(wanted: number): number {
  return wanted & (0o711 | (readable & 0o066));
}

/** Forgets all files: a new run begins. */
export function forgetReads(): void {
  paths.clear();
  readable = 0o666;
}

/** Runs whole processes and tells what they cost. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a process took. */
export interface Cost {
  /** Processor time of the process and those that it started, user and system; on the wall where /proc is missing. */
  readonly seconds: number;
  /** Of a Node process that was asked for it. */
  readonly peakMiB?: number;
}

/** Ticks a second in /proc (USER_HZ, 100 on every architecture that Node runs on). */
const TICKS = 100;
const HOOK = new URL('./peak-hook.js', import.meta.url);

/** Processor time of all children that have ended, in seconds; undefined where the system does not tell. */
function childrenSeconds(): number | undefined {
  try {
    // Behind the name in brackets, which may hold anything, field 3 is the first; cutime and cstime are 16 and 17.
    const fields = readFileSync('/proc/self/stat', 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[13]) + Number(fields[14])) / TICKS;
  } catch {
    return undefined;
  }
}

/**
 * Runs a program to its end, output thrown away.
 *
 * @param peak tell its peak memory: it has to be Node then
 * @param status what it may end with besides 0
 * @throws Error when it ends otherwise
 */
export function run(program: string, args: readonly string[], peak = false, status = 0): Cost {
  const note = join(tmpdir(), `kho-bench-${process.pid}.peak`);
  const before = childrenSeconds();
  const start = performance.now();
  const child = spawnSync(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: peak
      ? { ...process.env, KHO_BENCH_PEAK: note, NODE_OPTIONS: `--import=${HOOK.href}` }
      : { ...process.env },
  });
  const wall = (performance.now() - start) / 1000;
  const after = childrenSeconds();
  if (child.error !== undefined) throw child.error;
  if (child.status !== 0 && child.status !== status) {
    throw new Error(`${program} ${args.join(' ')} ended with ${child.status}: ${child.stderr}`);
  }
  const seconds = before === undefined || after === undefined ? wall : after - before;
  if (!peak) return { seconds };
  const peakMiB = Number(readFileSync(note, 'utf8')) / 1024;
  rmSync(note);
  return { seconds, peakMiB };
}

/** The least of several runs. */
export function least(turns: number, work: () => Cost): Cost {
  let best: Cost | undefined;
  for (let i = 0; i < turns; i++) {
    const cost = work();
    if (best === undefined || cost.seconds < best.seconds) best = cost;
  }
  return best ?? { seconds: 0 };
}

/** The command line as users have it. */
export const KHO = fileURLToPath(new URL('../../../bin/kho.js', import.meta.url));

/** The peers of the devicetree codec, run as programs with a limit. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Seconds that a peer may take on one blob. */
export const LIMIT = 20;

/** Seconds taken, or why there are none. */
export type Timing = number | string;

/** Whole run of a program in seconds, its start and its output into a pipe included. */
export function timeProgram(command: string, args: readonly string[]): Timing {
  const start = performance.now();
  const { status, signal, error } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'ignore'],
    timeout: LIMIT * 1000,
    killSignal: 'SIGKILL',
  });
  if (error !== undefined && 'code' in error) {
    if (error.code === 'ENOENT') return 'not installed';
    if (error.code === 'ETIMEDOUT') return `> ${LIMIT} s`;
  }
  if (signal !== null) return `killed by ${signal}`;
  if (status !== 0) return `status ${status}`;
  return (performance.now() - start) / 1000;
}

/** Compiles peer.c into `folder`; undefined without gcc or libfdt. */
export function buildPeer(folder: string): string | undefined {
  const path = join(folder, 'fdt-peer');
  // from build/bench/fdt, where this runs, to the source
  const source = fileURLToPath(new URL('../../../bench/fdt/peer.c', import.meta.url));
  if (!existsSync(source)) throw new Error(`${source} is missing`);
  const { status } = spawnSync('gcc', ['-O2', '-o', path, source, '-lfdt'], { stdio: 'ignore' });
  return status === 0 ? path : undefined;
}

/** Seconds of one libfdt job inside its program, file reading not included. */
export function timeLibfdt(peer: string | undefined, job: string, file: string): Timing {
  if (peer === undefined) return 'not installed';
  const { status, signal, stdout, error } = spawnSync(peer, [job, file], {
    timeout: LIMIT * 1000,
    killSignal: 'SIGKILL',
  });
  if (error !== undefined && 'code' in error && error.code === 'ETIMEDOUT') return `> ${LIMIT} s`;
  if (signal !== null) return `killed by ${signal}`;
  const seconds = Number(stdout.toString().split(' ')[0]);
  return status === 0 && seconds > 0 ? seconds : `status ${status}`;
}

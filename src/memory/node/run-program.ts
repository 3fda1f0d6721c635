/** A program run on a file, with limits, on its own and without a shell's reading of its arguments. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { onExit } from './cleanup.js';

/** How a program ended. */
export interface ProgramEnd {
  /** Undefined when a signal ended it. */
  readonly status?: number;
  readonly signal?: string;
  /** It ran longer than it may, and was killed. */
  readonly timedOut: boolean;
}

export interface ProgramLimits {
  /** Milliseconds. */
  readonly timeout: number;
  /** Bytes of address space. */
  readonly memory?: number;
}

/** Exit statuses of sh: there is no such program; it cannot be run. */
export const NOT_FOUND = 127;
export const NOT_EXECUTABLE = 126;

/**
 * Runs words as a program, a file its input, its outputs /dev/null. Its process group is killed when the time is up.
 * The memory limit is that of sh (`ulimit -v`), which then replaces itself by the program, so that a signal of
 * the program is seen as one.
 */
export function runProgram(
  words: readonly string[],
  input: string,
  { timeout, memory }: ProgramLimits,
): Promise<ProgramEnd> {
  const limit =
    memory === undefined ? '' : `ulimit -v ${Math.ceil(memory / 1024)} || exit ${NOT_EXECUTABLE}; `;
  const core = 'ulimit -c 0; ';
  const fd = openSync(input, 'r');
  return new Promise((done, fail) => {
    const child = spawn('/bin/sh', ['-c', `${core}${limit}exec "$@"`, 'sh', ...words], {
      stdio: [fd, 'ignore', 'ignore'],
      detached: true,
    });
    closeSync(fd);
    let timedOut = false;
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeout);
    // A signal that ends this process would leave the group running.
    const forget = onExit(kill);
    child.once('error', (error) => {
      clearTimeout(timer);
      forget();
      fail(error);
    });
    child.once('exit', (status, signal) => {
      clearTimeout(timer);
      forget();
      // What it left running in its group must not outlive it.
      kill();
      done({ timedOut, ...(status === null ? {} : { status }), ...(signal === null ? {} : { signal }) });
    });
  });
}

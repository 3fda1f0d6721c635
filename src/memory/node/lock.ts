/** One process at a time: a file that holds the number of the process that works in a folder. */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { keepFile, removeAtExit } from './cleanup.js';
import { asOutputError, errorCode, OutputError } from './errors.js';

/** Whether a process of this number runs, ours or another user's. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * Takes the lock; one that a process left which has ended is taken over.
 *
 * @returns gives it back; so does the end of this process
 * @throws OutputError when another process holds it, or it cannot be written
 */
export function lockFile(path: string): () => void {
  for (let tries = 0; ; tries++) {
    try {
      const fd = openSync(path, 'wx', 0o600);
      writeSync(fd, `${process.pid}\n`);
      closeSync(fd);
      break;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw asOutputError(path, error);
      const pid = Number(readFileSync(path, 'utf8'));
      if (tries > 0 || !Number.isInteger(pid) || pid <= 0 || runs(pid)) {
        throw new OutputError(
          path,
          'locked',
          `is held by process ${pid || 'unknown'}; remove it if that has ended`,
        );
      }
      rmSync(path, { force: true });
    }
  }
  removeAtExit(path);
  return () => {
    rmSync(path, { force: true });
    keepFile(path);
  };
}

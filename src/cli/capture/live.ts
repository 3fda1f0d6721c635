/** The running host as a dump, without a trace on disk. */
import { rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepFile, removeAtExit } from '../../memory/node/cleanup.js';
import { uniqueSuffix } from '../../memory/node/unique.js';
import { type Captured, withCapture } from './capture.js';
import { createHostFiles } from './host-files.js';
import { fillFolder } from './write.js';

/** Where there is a file system in memory, files are in memory. */
const MEMORY = '/dev/shm';

/**
 * Captures a host into a private folder, which is gone afterwards.
 *
 * @param root `/`, or a folder with another host's files
 * @param spool where the folder is, if not in memory
 * @throws InputError when the host shows no handover
 */
export async function withLiveFolder<T>(
  root: string,
  spool: string | undefined,
  use: (folder: string, captured: Captured) => Promise<T>,
): Promise<T> {
  const folder = join(spool ?? memoryFolder(), `.kho-live-${uniqueSuffix()}`);
  removeAtExit(folder);
  try {
    const captured = await withCapture(createHostFiles(root), {}, async (found) => {
      fillFolder(folder, found);
      return found;
    });
    return await use(folder, captured);
  } finally {
    rmSync(folder, { force: true, recursive: true });
    keepFile(folder);
  }
}

function memoryFolder(): string {
  return statSync(MEMORY, { throwIfNoEntry: false })?.isDirectory() === true ? MEMORY : tmpdir();
}

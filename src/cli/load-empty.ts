/** Copies of debugfs that hold nothing, told from folders that are none. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyFiles } from '../memory/node/archive.js';
import type { Folder } from '../memory/node/folder.js';

/** Names of files in /sys/kernel/debug/kho/{in,out}. */
const NAMES = ['fdt', 'scratch_phys', 'scratch_len'];
/** Where they are: in the folder of one direction, or below that of both. */
const PLACES = ['', 'in', 'out'];

/**
 * Refuses a folder whose files have the names of debugfs' and not a byte in them.
 *
 * @throws InputError with the command that copies them
 */
export async function refuseEmptyCopy(path: string, folder: Folder): Promise<void> {
  if (folder.kind !== 'unknown' && folder.kind !== 'debugfs-no-tree') return;
  let found = 0;
  for (const place of PLACES) {
    const names = await readdir(join(path, place)).catch(() => []);
    for (const name of names.filter((each) => NAMES.includes(each))) {
      if (!(await isEmpty(join(path, place, name)))) return;
      found++;
    }
  }
  if (found > 0) throw emptyFiles(path, 'has the files of debugfs, but they are empty');
}

/** Whether nothing can be read: the size that a file reports need not be its own. */
async function isEmpty(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  try {
    return file !== undefined && (await file.read(new Uint8Array(1), 0, 1, 0)).bytesRead === 0;
  } catch {
    return false;
  } finally {
    await file?.close();
  }
}

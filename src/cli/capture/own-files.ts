/** What of the files of debugfs a capture has. */
import { ownBlob } from '../../decode/upstream/own-blob.js';
import type { Refusal } from './host-files.js';
import type { CapturedFile } from './sources.js';

/** A root tree, or the blob of one of its children. */
const BLOB = /^(?:in|out)\/(?:fdt|dt|sub_fdts\/(.+))$/s;

/**
 * The files without bytes of other owners: debugfs shows the memory of a blob (debugfs_create_blob), whoever has it by
 * now.
 *
 * @param refused takes those that have nothing else
 */
export function ownFiles(files: readonly CapturedFile[], refused: Refusal[]): readonly CapturedFile[] {
  return files.flatMap((file) => {
    const [match, name] = BLOB.exec(file.path) ?? [];
    if (match === undefined || file.bytes.length === 0) return [file];
    const bytes = ownBlob(file.bytes, name);
    if (bytes !== undefined) return [{ ...file, bytes }];
    const why = 'shows memory that the kernel has freed and reused';
    refused.push({ path: file.from, code: 'FREED', why });
    return [];
  });
}

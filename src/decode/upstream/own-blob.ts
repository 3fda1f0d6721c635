/** What of a blob that was copied from a kernel's memory is its own: the copy has whatever was there by then. */
import { blobParts } from '../../fdt/blob-parts.js';
import { parseFdt } from '../../fdt/parse.js';
import { findTails } from '../../schema/plausible-lists.js';
import { riderOf } from '../../structures/riders.js';
import { dataView } from '../bytes.js';
import { readRiderRecord } from '../structures/rider.js';
import { createReporter, type Reporter } from './report.js';
import { isClear, withoutForeign } from './reused.js';
import { isTree } from './riders.js';

/**
 * Takes as zero what a trim of the memory would not keep of a blob: bytes that are not part of its tree or record, and
 * those after the NUL of a text.
 *
 * @param name of the child of the root whose blob it is; undefined for a root tree
 * @returns undefined where nothing of it is what it should be; the blob itself where no kernel is known to write it
 */
export function ownBlob(blob: Uint8Array, name?: string): Uint8Array | undefined {
  if (isClear(blob)) return blob;
  const reporter = createReporter([], undefined);
  let own: Uint8Array;
  if (isTree(blob)) own = ownTree(reporter, blob);
  else {
    const rider = name === undefined ? undefined : riderOf(name);
    if (rider?.record === undefined) return name === undefined || rider !== undefined ? undefined : blob;
    own = blob.slice();
    readRiderRecord(rider, { diagnostics: [], reporter, old: false }, own, 0n);
    const record = rider.record.recognise(own).form?.record?.record;
    const { size = own.length } = record ?? {};
    if (record !== undefined)
      findTails(record, dataView(own), 0, Math.min(size, own.length), (start, end) =>
        own.fill(0, start, end),
      );
    own.fill(0, size);
  }
  return isClear(own) ? undefined : own;
}

function ownTree(reporter: Reporter, blob: Uint8Array): Uint8Array {
  const { bytes, header, tokensEnd, diagnostics } = withoutForeign(reporter, parseFdt(blob), 0, 'blob');
  if (header === undefined) return bytes;
  const parts = [...blobParts(bytes)];
  // A copy that is cut off, as of a tree that has grown, may end within a token; what is none is somebody else's.
  const cut = header.totalsize > bytes.length && diagnostics.every(({ code }) => code !== 'unknown-token');
  if (cut) parts.push([tokensEnd, bytes.length]);
  const own = new Uint8Array(bytes.length);
  for (const [start, end] of parts) if (end > start) own.set(bytes.subarray(start, end), start);
  return own;
}

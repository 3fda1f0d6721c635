/** Preserved memfds: the record that `data` of a LUO file points to, and its list of folios. */
import type { Memfd } from '../../abi/upstream/model.js';
import { MEMFD_FORMS } from '../../structures/memfd/binding.js';
import { readStructure } from '../structures/read.js';
import { type Context, contextOf } from './context.js';

/**
 * Reads a memfd; undefined when its record is absent.
 *
 * @param version from the file's handler string
 * @param address physical address of the record
 * @param owner the file, for messages
 */
export function readMemfd(
  context: Context,
  version: Memfd['version'],
  address: bigint,
  owner: string,
): Memfd | undefined {
  const own = contextOf(context, 'memfd', address);
  const record = readStructure(
    { context: own, owner },
    MEMFD_FORMS[version].root,
    address,
    `memfd record of ${owner}`,
  );
  if (record === undefined) return undefined;
  const { address: _, ...fields } = record;
  return { version, ...(fields as Omit<Memfd, 'version' | 'origin'>), origin: { address } };
}

/** Preserved memfds (mm/memfd_luo.c): the record that `data` of a LUO file points to, and its list of folios. */
import type { Memfd } from '../../abi/upstream/model.js';
import { readBytes } from '../../memory/read.js';
import {
  MEMFD_LUO_SER_SIZE,
  MEMFD_LUO_SER_V1_SIZE,
  readMemfdLuoSer,
  readMemfdLuoSerV1,
} from '../../records/memfd.js';
import { dataView } from '../bytes.js';
import type { Context } from './context.js';
import { readFolioList } from './folios.js';

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
  const { memory, reporter } = context;
  const size = version === 'memfd-v1' ? MEMFD_LUO_SER_V1_SIZE : MEMFD_LUO_SER_SIZE;
  const bytes = readBytes(memory, address, size);
  if (bytes === undefined) {
    reporter.of('memfd', address).absent(`memfd record of ${owner}`, address);
    return undefined;
  }
  const view = dataView(bytes);
  const { folios: descriptor, ...fields } =
    version === 'memfd-v1' ? readMemfdLuoSerV1(view, 0) : readMemfdLuoSer(view, 0);
  const list = readFolioList(context, descriptor, fields.nrFolios, {
    address,
    what: owner,
    field: 'memfd_luo_ser.nr_folios',
    code: 'memfd-folios',
  });
  return { version, ...fields, ...list, origin: { address } };
}

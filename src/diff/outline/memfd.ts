/** The record of a preserved memfd. */
import type { Memfd } from '../../abi/upstream/model.js';
import { memfdLuoSer } from '../../records/memfd.js';
import { flags, hex } from '../../schema/units.js';
import type { Field } from '../difference.js';
import { field, strictField, summaryField } from '../entity.js';
import { namesOf } from './folios.js';

/** Names of the seals, as the schema has them. */
const SEALS = namesOf(memfdLuoSer.fields, 'seals');

/**
 * The fields of the record. memfd-v1 has no seals and no flags: what a file of it has is what 0 says in
 * memfd-v2.
 *
 * @param memfd undefined when the record is not in the dump
 */
export function memfdFields(memfd: Memfd | undefined): Field[] {
  if (memfd === undefined) return [{ name: 'memfd_luo_ser', value: null }];
  const { size, pos, seals = 0, flags: bits = 0, nrFolios, area } = memfd;
  return [
    field('size', size, 'size'),
    field('pos', pos, 'hex'),
    field('seals', flags(seals, SEALS)),
    field('flags', hex(bits)),
    summaryField('nr_folios', nrFolios),
    strictField('nr_folios', nrFolios, 'count'),
    strictField('folios.first', area.descriptor.first),
    strictField('folios.total_pages', area.descriptor.totalPages, 'count'),
  ];
}

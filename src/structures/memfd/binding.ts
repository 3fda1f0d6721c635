/** Preserved memfds (mm/memfd_luo.c; upstream 3.6), in the versions that releases have. */
import { memfdLuoSer, memfdLuoSerV1 } from '../../records/memfd.js';
import type { RecordType } from '../../schema/record.js';
import { counted, flags, hex, size } from '../../schema/units.js';
import { type Model, type StructureForm, type Subject, value } from '../structure.js';
import type { Memfd } from './model.js';

function form(id: Memfd['version'], record: RecordType<unknown>): StructureForm {
  return {
    id,
    subject: 'memfd',
    title: id,
    names: [id],
    source: 'upstream 3.6',
    root: {
      record,
      what: 'memfd',
      fields: {
        pos: value('pos', { form: 'hex' }),
        seals: value('seals', { form: 'flags' }),
        flags: value('flags', { form: 'hex' }),
        folios: { kind: 'folios', count: 'nrFolios', code: 'memfd-folios' },
      },
    },
  };
}

const SEALS = new Map(memfdLuoSer.fields.find(({ id }) => id === 'seals')?.values) as ReadonlyMap<
  number,
  string
>;

export const memfd: Subject = {
  key: 'memfd',
  holder: 'file',
  what: 'memfd',
  plural: 'memfds',
  part: 'memfd',
  area: { id: 'MEMFD', title: 'memfd files' },
  released: true,
  apart: true,
  forms: [
    form('memfd-v2', memfdLuoSer),
    { ...form('memfd-v1', memfdLuoSerV1), lacks: { seals: 0, flags: 0 } },
  ],
  line(model: Model) {
    const { size: bytes, pos, seals = 0, nrFolios } = model as unknown as Memfd;
    return [
      { text: size(bytes) },
      { text: `pos ${hex(pos)}` },
      ...(seals === 0 ? [] : [{ text: `seals ${flags(seals, SEALS)}` }]),
      { text: counted(nrFolios, 'folio'), faint: true },
    ];
  },
};

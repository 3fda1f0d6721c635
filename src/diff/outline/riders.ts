/** LUO, memblock, kexec-metadata and kho_test. */
import { missingOf } from '../../abi/missing.js';
import type { KexecMetadata, KhoTest, Luo, Memblock } from '../../abi/upstream/model.js';
import { bytesToText } from '../../schema/text.js';
import { LUO_FORMS, luoForm } from '../../structures/luo/binding.js';
import { type Entity, field, strictField, summaryField } from '../entity.js';
import type { Place } from '../place.js';
import { keptList, type StructureContext } from './structures.js';

/** The orchestrator's state: the same for every version of its ABI. */
export function luoEntity(luo: Luo, context: StructureContext): Entity {
  const { compatible, liveupdateNumber, sessions, sessionsAddress, flbsAddress, abiHeader } = luo;
  const place: Place = { part: 'luo' };
  const files = sessions?.reduce((sum, session) => sum + (session.files?.length ?? 0), 0);
  const form = luoForm(compatible) ?? LUO_FORMS[0];
  const partial = missingOf(context.handover, ['luo']) !== undefined;
  return {
    place,
    key: 'luo',
    fields: [
      field('compatible', compatible),
      {
        ...field('liveupdate_num', liveupdateNumber, 'count'),
        expected: (a, b) => b > a,
      },
      summaryField('sessions', sessions?.length),
      summaryField('files', files),
      strictField('sessions_pa', sessionsAddress),
      strictField('flbs_pa', flbsAddress),
      strictField('luo_ser', abiHeader),
    ],
    lists: (form === undefined ? [] : [form.sessions, form.flbs]).map((list) =>
      keptList(context, list, luo, place, partial),
    ),
  };
}

/** reserve_mem: regions by name, with their sizes. */
export function memblockEntity({ compatible, regions }: Memblock): Entity {
  const place = { part: 'memblock' } as const;
  return {
    place,
    key: 'memblock',
    fields: [field('compatible', compatible), summaryField('regions', regions.length)],
    lists: [
      {
        name: 'regions',
        place,
        entities: regions.map(({ name = '', start, size }) => ({
          place: { ...place, region: name },
          key: name,
          fields: [field('size', size, 'size'), strictField('start', start)],
        })),
      },
    ],
  };
}

/** Who handed over, and how often before; each kernel counts on. */
export function metadataEntity({ version, previousRelease, kexecCount }: KexecMetadata): Entity {
  const release = previousRelease === undefined ? undefined : bytesToText(previousRelease).text;
  return {
    place: { part: 'kexec-metadata' },
    key: 'kexec-metadata',
    fields: [
      field('version', version, 'count'),
      { ...field('previous_release', release), expected: () => true },
      {
        ...field('kexec_count', kexecCount, 'count'),
        expected: (a, b) => b > a,
      },
    ],
  };
}

/** The in-kernel test: its csum stands for the contents of its folios, which are random at each cold boot. */
export function khoTestEntity({ compatible, magic, nrFolios, csum, folios, foliosInfo }: KhoTest): Entity {
  const place = { part: 'kho-test' } as const;
  return {
    place,
    key: 'kho-test',
    fields: [
      field('compatible', compatible),
      field('magic', magic, 'hex'),
      field('nr_folios', nrFolios, 'count'),
      field('csum', csum, 'hex'),
      strictField('folios_info.first', foliosInfo?.first),
    ],
    lists: [
      folios === undefined || (folios.length === 0 && nrFolios !== 0)
        ? { name: 'folios', place }
        : {
            name: 'folios',
            place,
            // The list may be longer than what the dump has of it.
            partial: folios.length < (nrFolios ?? 0),
            entities: {
              *[Symbol.iterator]() {
                let index = 0;
                for (const { address, order } of folios) {
                  yield {
                    place: { ...place, index },
                    key: `${index++}`,
                    fields: [field('order', order, 'count'), strictField('address', address)],
                  };
                }
              },
            },
          },
    ],
  };
}

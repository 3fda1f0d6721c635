/** The 2024 series' iommufds by persistent_id, their IOASes by id, their areas by IOVA. */
import type { Ioas, IoasArea, Iommufd } from '../../abi/model.js';
import type { Place } from '../../references/place.js';
import { type Entity, field, presence, summaryField } from '../entity.js';

/** An iommufd, its IOASes and their areas; the nodes' positions say nothing. */
export function iommufdEntity({ persistentId, nodeName, ioases }: Iommufd): Entity {
  const place: Place = {
    part: 'iommufd',
    ...(persistentId === undefined ? { nodeName: nodeName ?? '' } : { iommufd: persistentId }),
  };
  return {
    place,
    key: keyOf(persistentId, nodeName),
    fields: [presence('ioases', ioases), summaryField('ioases', ioases?.length)],
    lists: [
      {
        name: 'ioases',
        place,
        entities: (ioases ?? []).map((ioas) => ioasEntity(ioas, place)),
      },
    ],
  };
}

function ioasEntity({ id, nodeName, pinnedFileHandle, areas }: Ioas, above: Place): Entity {
  const place: Place = { ...above, ...(id === undefined ? { nodeName: nodeName ?? '' } : { ioas: id }) };
  return {
    place,
    key: keyOf(id, nodeName),
    fields: [field('pinned-file-handle', pinnedFileHandle, 'id'), summaryField('areas', areas.length)],
    lists: [
      {
        name: 'areas',
        place,
        entities: {
          *[Symbol.iterator]() {
            for (const area of areas) yield areaEntity(area, place);
          },
        },
      },
    ],
  };
}

/** The position of an area's node says nothing; where its IOVAs begin does. */
function areaEntity({ nodeName, index, iovaStart, iovaLen, iommuProt }: IoasArea, above: Place): Entity {
  return {
    place:
      iovaStart === undefined
        ? { ...above, nodeName: nodeName ?? `${index ?? ''}` }
        : { ...above, area: iovaStart },
    key: iovaStart === undefined ? `node ${nodeName ?? index}` : iovaStart.toString(16),
    fields: [field('iova-len', iovaLen, 'size'), field('iommu-prot', iommuProt, 'hex')],
  };
}

/** The key of a node that has a number, or of one whose number cannot be read. */
export function keyOf(id: bigint | number | undefined, nodeName: string | undefined): string {
  return id === undefined ? `node ${nodeName ?? ''}` : `${id}`;
}

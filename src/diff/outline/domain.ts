/** The 2024 series' domains by persistent_id: devices by bus and function, mappings by IOVA. */
import type { Domain, DomainDevice } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import type { Place } from '../../references/place.js';
import { type Entity, field, type List, presence, strictField, summaryField } from '../entity.js';
import { keyOf } from './iommufd.js';
import { mappingSpans } from './mapping.js';
import type { PageOwners } from './owners.js';

/** @param owners what physical pages hold, in names that outlive a move */
export function domainEntity(
  domain: Domain,
  memory: PhysicalMemory | undefined,
  owners: () => PageOwners,
  strict: boolean,
): Entity {
  const { persistentId, nodeName, agaw, pgd, devices, mem } = domain;
  const place: Place = {
    part: 'domain',
    ...(persistentId === undefined ? { nodeName: nodeName ?? '' } : { domain: persistentId }),
  };
  return {
    place,
    key: keyOf(persistentId, nodeName),
    fields: [
      field('agaw', agaw, 'count'),
      presence('devices', devices),
      summaryField('devices', devices?.length),
      presence('pgd', pgd),
      presence('mem', mem),
      strictField('pgd address', pgd),
      strictField('mem records', mem?.bytes),
    ],
    lists: [
      { name: 'devices', place, entities: (devices ?? []).map((device) => deviceEntity(device, place)) },
      mappingList(domain, memory, owners, strict, place),
    ],
  };
}

function mappingList(
  { pgd, agaw }: Domain,
  memory: PhysicalMemory | undefined,
  owners: () => PageOwners,
  strict: boolean,
  place: Place,
): List {
  if (memory === undefined || pgd === undefined || agaw === undefined) return { name: 'mappings', place };
  const root = { memory, root: pgd, levels: agaw + 2 };
  return {
    name: 'mappings',
    place,
    spans: {
      spans: () => mappingSpans(root, owners(), strict),
      place: (iova, iovaEnd) => ({ ...place, iova, iovaEnd }),
    },
  };
}

function deviceEntity({ bus, devfn, nodeName, index }: DomainDevice, above: Place): Entity {
  const named = bus !== undefined && devfn !== undefined;
  return {
    place: named ? { ...above, bus, devfn } : { ...above, nodeName: nodeName ?? `${index ?? ''}` },
    key: named ? `${bus}:${devfn}` : `node ${nodeName ?? index}`,
    fields: [],
  };
}

/** Words that findings share. */
import type { Location } from '../abi/model.js';
import { counted, hex, size } from '../schema/units.js';
import type { PlacedRecord } from './facts.js';

export { higher, lower } from './numbers.js';
export { counted, hex, size };

/** `0x1000-0x3000 (8 KiB)`, the end exclusive. */
export function range(start: bigint, end: bigint): string {
  return `${hex(start)}-${hex(end)} (${size(end - start)})`;
}

/** The first few of a list and how many follow. */
export function listed(items: readonly string[], shown = 4): string {
  const rest = items.length - shown;
  return rest > 0 ? `${items.slice(0, shown).join(', ')} and ${rest} more` : items.join(', ');
}

/** `record 3 of /intel-iommu/domains/1/mem`. */
export function recordName({ property, index }: PlacedRecord): string {
  return `record ${index} of ${property.path === '/' ? '' : property.path}/mem`;
}

/** Where a record is in the tree. */
export function recordPlace({ property, start }: PlacedRecord): Location {
  return { fdtPath: property.path, property: 'mem', field: 'kho_mem.addr', address: start };
}

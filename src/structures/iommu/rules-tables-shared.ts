/** What the rules on the tables of a handed-over IOMMU state share (upstream 4.5). */

import type { Location } from '../../abi/model.js';
import { type HandedIommu, handedIommu } from '../../decode/iommu/domains.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import type { Reporter, RuleContext, Subject } from '../../validate/rule.js';
import { elementField } from '../../validate/structures/place.js';
import type { DevicePath } from '../../vtd/context/path.js';
import { formById } from '../index.js';
import type { Element } from '../model.js';
import { pciText } from '../values.js';
import type { IommuDevice, IommuState } from './model.js';
import { deviceSubject } from './rules-view.js';
import { liveDevices, type RecordedUnit, recordedPath } from './units.js';

export const NO_STATE = 'no IOMMU state is handed over';

/** The state, and the memory that its tables lie in; the rule is skipped where there is none. */
export function handedOf(
  { handover }: RuleContext,
  report: Reporter,
): (HandedIommu & { readonly memory: PhysicalMemory }) | undefined {
  const handed = handedIommu(handover);
  const { memory } = handover;
  if (handed === undefined) report.skip(NO_STATE);
  else if (memory !== undefined) return { ...handed, memory };
  return undefined;
}

/** A device in use below a unit in use, and what its unit's tables say of it. */
export interface PlacedDevice {
  readonly state: IommuState;
  readonly device: IommuDevice;
  readonly unit: RecordedUnit;
  readonly path: DevicePath;
  readonly name: string;
  readonly subject: Subject;
}

/**
 * All devices whose way below a root table can be followed to its end; where bytes are missing on it the rule says so.
 */
export function placedDevices(context: RuleContext, report: Reporter): PlacedDevice[] {
  const handed = handedOf(context, report);
  if (handed === undefined) return [];
  const { state, units, memory } = handed;
  if (units.length === 0) report.skip('no Intel unit is handed over');
  return units.flatMap((unit) =>
    liveDevices(state, { unit: unit.unit.address }).flatMap((device): PlacedDevice[] => {
      const path = pathOf(memory, unit, device);
      const unread = path.steps.find(({ verdict }) => verdict === 'unknown');
      if (unread !== undefined) {
        report.absent(
          `a ${unread.kind.replaceAll('-', ' ').replace('pasid', 'PASID')}`,
          BigInt(unread.address),
        );
        return [];
      }
      const name = pciText(device.segment, device.bdf);
      return [{ state, device, unit, path, name, subject: deviceSubject(device) }];
    }),
  );
}

const paths = new WeakMap<RecordedUnit, Map<IommuDevice, DevicePath>>();

/** The way of a device, followed once for all rules. */
function pathOf(memory: PhysicalMemory, unit: RecordedUnit, device: IommuDevice): DevicePath {
  const known = paths.get(unit) ?? new Map<IommuDevice, DevicePath>();
  paths.set(unit, known);
  const path = known.get(device) ?? recordedPath(memory, unit.rtaddr, unit.mode, device.bdf);
  known.set(device, path);
  return path;
}

/** Where a field of an element is, under the kernel's name; `part` is the vendor part that has it. */
export function fieldOf(
  { form }: IommuState,
  list: 'units' | 'domains' | 'devices',
  element: Element,
  id: string,
  part?: string,
): Location {
  const known = formById(form);
  if (known === undefined) return { address: element.address };
  return elementField(known, list, element, part === undefined ? id : `${part}.${id}`);
}

/** Which devices are attached to a domain, and what they tell of its tables. */
import type { PhysicalMemory } from '../../memory/physical.js';
import type { DevicePath } from '../../vtd/context/path.js';
import { elementAt } from '../lists.js';
import { IOMMU_TYPE, type IommuDevice, type IommuDomain, type IommuState } from './model.js';
import { liveDevices, pathRoots, type RecordedUnit, recordedPath } from './units.js';

/** Which of VT-d's translations a domain is. */
export type Stage = 'first' | 'second';

/** Which kind of tables a domain has, and what tells, for people. */
export interface ToldStage {
  readonly stage: Stage;
  readonly why: string;
}

/** A device that is attached to a domain, and where its unit's tables lead it. */
export interface Attachment {
  readonly device: IommuDevice;
  /** Undefined where the record that it names is none of an Intel unit in use. */
  readonly unit?: RecordedUnit;
  /** Undefined without a unit, or without memory. */
  readonly path?: DevicePath;
}

/** The devices in use of a domain. */
export function attachmentsOf(
  state: IommuState,
  units: readonly RecordedUnit[],
  { address }: IommuDomain,
  memory: PhysicalMemory | undefined,
): readonly Attachment[] {
  return liveDevices(state, { domain: address }).map((device): Attachment => {
    const unit = units.find((each) => each.unit.address === device.unit);
    if (unit === undefined) return { device };
    if (memory === undefined) return { device, unit };
    return { device, unit, path: recordedPath(memory, unit.rtaddr, unit.mode, device.bdf) };
  });
}

/**
 * Whether the tables of a domain are another vendor's: a device of it is below a unit in use that is not Intel's, or it
 * has none and no unit is.
 */
export function isForeign(
  { units: all }: IommuState,
  attachments: readonly Attachment[],
  units: readonly RecordedUnit[],
): boolean {
  if (attachments.length === 0)
    return units.length === 0 && all.items.some(({ deleted, type }) => !deleted && type !== IOMMU_TYPE.intel);
  return attachments.some(({ device, unit }) => {
    const own = unit === undefined ? elementAt(all, device.unit) : undefined;
    return own !== undefined && !own.deleted && own.type !== IOMMU_TYPE.intel;
  });
}

/**
 * The stage is not recorded (upstream 4.5, seen in captures). The context or PASID entry of a device that is led to the
 * top table tells it, else `sign_extend`, which first-stage tables have and others not, else that no unit has any but legacy mode.
 */
export function stageOf(
  { topTable, signExtend }: IommuDomain,
  attachments: readonly Attachment[],
  units: readonly RecordedUnit[],
): ToldStage | undefined {
  const stages = attachments.flatMap(({ path }) => path?.translation ?? []);
  // A device that is led elsewhere tells less, but more than nothing.
  const matching = stages.filter((translation) =>
    pathRoots({ translation } as DevicePath).some((address) => BigInt(address) === topTable),
  );
  for (const translation of matching) {
    const why = translation.kind === 'second-stage' || translation.kind === 'nested' ? 'second' : 'first';
    if (translation.kind === 'nested')
      return {
        stage: BigInt(translation.second.address) === topTable ? 'second' : 'first',
        why: 'the PASID entry of its device, which is nested',
      };
    if (translation.kind === 'first-stage' || translation.kind === 'second-stage')
      return { stage: why, why: 'the entry of its device' };
  }
  if (signExtend === 1) return { stage: 'first', why: 'sign_extend' };
  for (const { kind } of stages) {
    if (kind === 'first-stage') return { stage: 'first', why: 'the entry of its device' };
    if (kind === 'second-stage') return { stage: 'second', why: 'the entry of its device' };
  }
  if (units.length > 0 && units.every(({ mode }) => mode === 'legacy'))
    return { stage: 'second', why: 'legacy mode, which has no other' };
  return signExtend === 0 && units.length > 0 ? { stage: 'second', why: 'sign_extend is 0' } : undefined;
}

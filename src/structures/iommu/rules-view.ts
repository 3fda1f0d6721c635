/** The IOMMU state as its rules see it: objects in use, who refers to whom, and what to call them. */
import type { Handover } from '../../abi/model.js';
import { grouped } from '../../schema/grouped.js';
import { IOMMU } from '../../validate/reads.js';
import type { Reporter, RuleContext, Subject } from '../../validate/rule.js';
import type { Elements } from '../../validate/shapes.js';
import { isZeroAt } from '../../validate/structures/generic.js';
import { eachHeld, type Held, heldOf } from '../../validate/structures/held.js';
import { elementField, elementOf } from '../../validate/structures/place.js';
import { hex } from '../../validate/text.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';
import type { StructureList } from '../model.js';
import { pciText } from '../values.js';
import type { IommuDevice, IommuDomain, IommuObject, IommuState, IommuUnit } from './model.js';

/** Where the series defines and reads these records. */
export const ABI = 'include/linux/kho/abi/iommu.h';
export const CORE = 'drivers/iommu/liveupdate.c (samikhawaja/linux, not in a release)';
export const INTEL = 'drivers/iommu/intel/liveupdate.c (samikhawaja/linux, not in a release)';

export type ListKey = 'units' | 'domains' | 'devices';

/** One state. */
export interface IommuView extends Held<IommuState> {
  /** Objects that are counted, written and not deleted. */
  readonly units: readonly IommuUnit[];
  readonly domains: readonly IommuDomain[];
  readonly devices: readonly IommuDevice[];
  /** Devices in use by the address of their domain and of their unit. */
  readonly byDomain: ReadonlyMap<bigint, readonly IommuDevice[]>;
  readonly byUnit: ReadonlyMap<bigint, readonly IommuDevice[]>;
  /** Objects that are counted and were never written. */
  readonly blank: ReadonlySet<IommuObject>;
}

const views = new WeakMap<IommuState, IommuView>();

/** Every state whose record was read. */
export function iommuViews(handover: Handover): readonly IommuView[] {
  return heldOf<IommuState>(handover, 'iommu').map((held) => viewOf(handover, held));
}

/** As {@link iommuViews}; the rule does not apply where there is none. */
export function eachView(context: RuleContext, report: Reporter): readonly IommuView[] {
  return eachHeld<IommuState>(context, 'iommu', report).map((held) => viewOf(context.handover, held));
}

const shared: Elements<never>['shared'] = { generations: UPSTREAM, needs: ['memory'], reads: IOMMU };

/** States. */
export const VIEWS: Elements<IommuView> = { shared, each: eachView, subject: ({ subject }) => subject };

/** Objects in use of all states, each with its state. */
function objects<T>(
  of: (view: IommuView) => readonly T[],
  subject?: (view: IommuView, object: T) => Subject,
): Elements<readonly [IommuView, T]> {
  return {
    shared,
    *each(context, report) {
      for (const view of eachView(context, report)) for (const object of of(view)) yield [view, object];
    },
    ...(subject === undefined ? {} : { subject: ([view, object]) => subject(view, object) }),
  };
}

export const UNITS = objects(({ units }) => units);
export const DOMAINS = objects(({ domains }) => domains, domainSubject);
export const DEVICES = objects(
  ({ devices }) => devices,
  (_, device) => deviceSubject(device),
);

function viewOf({ memory }: Handover, held: Held<IommuState>): IommuView {
  const known = views.get(held.model);
  if (known !== undefined) return known;
  const { form, model } = held;
  const blank = new Set<IommuObject>();
  const live = <T extends IommuObject>({ items }: StructureList<T>, key: ListKey): T[] => {
    const size = elementOf(form, key)?.record.size ?? 0;
    return items.filter((item) => {
      // Nothing that is in use has no users.
      const empty = item.refCount === 0 && memory !== undefined && isZeroAt(memory, item.address, size);
      if (empty) blank.add(item);
      return !empty && !isDeleted(item);
    });
  };
  const devices = live(model.devices, 'devices');
  const view: IommuView = {
    ...held,
    units: live(model.units, 'units'),
    domains: live(model.domains, 'domains'),
    devices,
    byDomain: grouped(devices, ({ domain }) => domain),
    byUnit: grouped(devices, ({ unit }) => unit),
    blank,
  };
  views.set(model, view);
  return view;
}

const KNOWN_FLAGS = 3;

/** Whether an object is out of use: flags with bits that nobody defines are damaged, and say nothing (IOMMU-011). */
export function isDeleted({ deleted, flags }: IommuObject): boolean {
  return deleted && flags <= KNOWN_FLAGS;
}

/** `device 0000:00:03.0`. */
export function deviceName({ segment, bdf }: IommuDevice): string {
  return `device ${pciText(segment, bdf)}`;
}

export function deviceSubject({ segment, bdf, attachmentId }: IommuDevice): Subject {
  return { domain: attachmentId, device: pciText(segment, bdf) };
}

/** `the domain at 0x1000`: nothing names a domain but its devices. */
export function domainName({ byDomain }: IommuView, { address }: IommuDomain): string {
  const [first, ...rest] = byDomain.get(address) ?? [];
  if (first === undefined) return `the domain at ${hex(address)}, which no device is attached to,`;
  return `the domain of ${deviceName(first)}${rest.length === 0 ? '' : ` and ${rest.length} more`}`;
}

export function domainSubject({ byDomain }: IommuView, { address }: IommuDomain): Subject {
  const [first] = byDomain.get(address) ?? [];
  return first === undefined ? {} : deviceSubject(first);
}

/** `unit 0xfed90000`. */
export function unitName({ token }: IommuUnit): string {
  return `unit ${hex(token)}`;
}

/** Where a field of an object stands. */
export function fieldPlace(
  { form }: IommuView,
  list: ListKey,
  object: { readonly address: bigint },
  id: string,
) {
  return elementField(form, list, object, id);
}

/** Whether all of a list is known: only then does an address that it lacks lead nowhere. */
export function isWhole({ missing, damaged }: StructureList<unknown>): boolean {
  return missing === undefined && damaged === undefined;
}

/** Devices of units with VT-d tables: the types of other units say nothing here. */
export function intelDevices({ devices, units }: IommuView): readonly IommuDevice[] {
  const intel = new Set(units.filter((unit) => unit.intel !== undefined).map(({ address }) => address));
  return devices.filter(({ unit }) => intel.has(unit));
}

/** Whether every unit in use is Intel's: only then are all tables VT-d's. */
export function isIntel({ units }: IommuView): boolean {
  return units.length > 0 && units.every((unit) => unit.intel !== undefined);
}

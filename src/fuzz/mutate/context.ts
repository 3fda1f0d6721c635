/** What mutators choose from. */
import type { Instances, RecordInstance } from '../../references/instance.js';
import { addTo } from '../../schema/grouped.js';
import type { Random } from '../../synth/random.js';
import type { Mutation } from '../mutation.js';
import { type FuzzTarget, part } from '../target.js';

export interface MutateContext {
  readonly target: FuzzTarget;
  readonly instances: Instances;
  /** Records by the name of their type: each type gets its turn, however many records it has. */
  readonly byType: readonly (readonly RecordInstance[])[];
  /** Records by list, lists of one left out. */
  readonly byList: ReadonlyMap<string, readonly RecordInstance[]>;
  /** Addresses of records and pages, for pointers that lead to the wrong one. */
  readonly addresses: readonly { readonly address: number; readonly what: string }[];
}

/** Makes one mutation; undefined where it finds nothing to do, and another one has its turn. */
export type Mutator = (context: MutateContext, random: Random) => Mutation | undefined;

/** Sorts what a target holds for its mutators. */
export function mutateContext(target: FuzzTarget, instances: Instances): MutateContext {
  const byType = new Map<string, RecordInstance[]>();
  const byList = new Map<string, RecordInstance[]>();
  for (const instance of instances.records) {
    addTo(byType, instance.record.name, instance);
    if (instance.list !== undefined) addTo(byList, instance.list, instance);
  }
  for (const [list, members] of byList) if (members.length < 2) byList.delete(list);
  const addresses = [...instances.pages, ...instances.records].map(({ address, what }) => ({
    address,
    what,
  }));
  return { target, instances, byType: [...byType.values()], byList, addresses };
}

/** The bytes of a record as the target has them now; empty when they are not there. */
export function recordBytes({ target }: MutateContext, { record, address }: RecordInstance): Uint8Array {
  return part(target.segments, address, record.size ?? 0) ?? new Uint8Array(0);
}

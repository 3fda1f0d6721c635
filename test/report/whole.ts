/** Objects with every key, so that a test meets each. */
import type { RecordView } from '../../src/abi/record-view.js';
import type { PreservedPages } from '../../src/abi/upstream/model.js';
import type { FdtTree } from '../../src/fdt/parse.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import type { StructureModel } from '../../src/structures/model.js';

type AsItIs = bigint | string | number | boolean | Uint8Array | Float64Array | BigUint64Array;
/** Every key there: a new key of the type does not compile until it is in the object. */
export type Whole<T> = unknown extends T
  ? T
  : T extends
        | AsItIs
        | FdtTree
        | PhysicalMemory
        | PreservedPages
        | RecordView<unknown>
        | StructureModel
        | ((...args: never[]) => unknown)
    ? T
    : T extends Iterable<infer Item>
      ? Whole<Item>[]
      : { [Key in keyof T]-?: Whole<T[Key]> };

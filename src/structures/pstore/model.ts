/** The head of a record of pstore, the child `pstore-kho` of the root tree (upstream 4.10). Its text is not in the model. */
import type { StructureModel } from '../model.js';

export interface PstoreState extends StructureModel {
  /** Version of the record; not in the older form. */
  readonly version?: number;
  /** Bytes of text. */
  readonly size: bigint;
  readonly timeSec: bigint;
  readonly timeNsec: bigint;
  readonly count: number;
  /** enum kmsg_dump_reason. */
  readonly reason: number;
  readonly part: number;
  readonly compressed: number;
}

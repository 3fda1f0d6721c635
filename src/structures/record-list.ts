/** How the records of a list are kept: in one allocation, or in linked pages. */
import type { RecordType } from '../schema/record.js';
import type { Chain } from './structure.js';

/** One allocation of so many pages, a power of two; records follow its header. */
export interface Area {
  readonly pages: number;
  /** With a field that counts the records; without a header their owner does. */
  readonly header?: RecordType<unknown>;
  /** For people. */
  readonly what: string;
}

/** How the records of a list are kept. */
export type Kept = { readonly area: Area } | { readonly chain: Chain };

/** Records of one size. */
export interface RecordList<T> {
  readonly record: RecordType<T>;
  /** Several, for people. */
  readonly what: string;
  readonly kept: Kept;
}

/** What of a list does not depend on what its records are. */
type Shape = { readonly record: { readonly size?: number | undefined }; readonly kept: Kept };

/** The one allocation that a list is in; undefined where it is in linked pages. */
export function areaOf({ kept }: Shape): Area | undefined {
  return 'area' in kept ? kept.area : undefined;
}

/** How the pages of a list are linked; undefined where it is in one allocation. */
export function chainOf({ kept }: Shape): Chain | undefined {
  return 'chain' in kept ? kept.chain : undefined;
}

/** Records that the allocation has room for, or one of the linked pages. */
export function listCapacity({ record, kept }: Shape, pageSize: number): number {
  const [room, header] =
    'chain' in kept ? [pageSize, kept.chain.header] : [kept.area.pages * pageSize, kept.area.header];
  return Math.floor((room - (header?.size ?? 0)) / (record.size ?? pageSize));
}

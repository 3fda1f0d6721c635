import {
  type ContextEntry,
  ContextTranslationType,
  PagingMode,
  type PasidEntry,
  PasidTranslationType,
} from '../../records/vtd.js';

import { pageAddress } from './structure.js';

/** A paging structure: where its top table is and how deep it is. */
export interface PagingRoot {
  /** Physical byte address of the top table; guest-physical for the first stage of a nested translation. */
  readonly address: number;
  /** Levels: address width code + 2 for a second stage, 4 or 5 for a first stage. */
  readonly levels: number;
}

/**
 * What a context or PASID entry does with requests. `reserved` is a type that no revision defines; `did` is
 * the domain id.
 */
export type DeviceTranslation =
  | { readonly kind: 'second-stage'; readonly second: PagingRoot; readonly did: number }
  | {
      readonly kind: 'first-stage';
      readonly first: PagingRoot;
      readonly did: number;
      /** The address width code, which hardware ignores here but the kernel's listing does not. */
      readonly aw: number;
    }
  | { readonly kind: 'nested'; readonly first: PagingRoot; readonly second: PagingRoot; readonly did: number }
  | { readonly kind: 'pass-through'; readonly did: number }
  | { readonly kind: 'reserved'; readonly type: number; readonly did: number };

/** Levels of a second stage by the code in AW (vtd.md 1.11). */
function levelsOfWidth(aw: number): number {
  return aw + 2;
}

/** What a legacy context entry does (vtd.md 1.3). */
export function contextTranslation(entry: ContextEntry): DeviceTranslation {
  const { tt, did } = entry;
  if (tt === ContextTranslationType.passThrough) return { kind: 'pass-through', did };
  if (tt !== ContextTranslationType.untranslated && tt !== ContextTranslationType.all) {
    return { kind: 'reserved', type: tt, did };
  }
  const second = { address: pageAddress(entry.ssptptr), levels: levelsOfWidth(entry.aw) };
  return { kind: 'second-stage', second, did };
}

/** What a PASID table entry does (vtd.md 1.7). */
export function pasidTranslation(entry: PasidEntry): DeviceTranslation {
  const { pgtt, did } = entry;
  const second = { address: pageAddress(entry.ssptptr), levels: levelsOfWidth(entry.aw) };
  const levels = entry.fspm === PagingMode.fiveLevel ? 5 : 4;
  const first = { address: pageAddress(entry.fsptptr), levels };
  switch (pgtt) {
    case PasidTranslationType.firstStage:
      return { kind: 'first-stage', first, did, aw: entry.aw };
    case PasidTranslationType.secondStage:
      return { kind: 'second-stage', second, did };
    case PasidTranslationType.nested:
      return { kind: 'nested', first, second, did };
    case PasidTranslationType.passThrough:
      return { kind: 'pass-through', did };
    default:
      return { kind: 'reserved', type: pgtt, did };
  }
}

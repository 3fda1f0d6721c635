/** Where the translation tables are that a handed-over IOMMU state speaks of. */
import type { PhysicalMemory } from '../../memory/physical.js';
import type { Translation, TranslationTable } from '../structure.js';
import { attachmentsOf, isForeign, stageOf } from './attachments.js';
import type { IommuState } from './model.js';
import { recordedUnits } from './units.js';

/** The top tables of domains that are in use, and the root tables of Intel units. */
export function iommuTranslation(state: IommuState, memory: PhysicalMemory | undefined): Translation {
  const units = recordedUnits(state, memory);
  return {
    units: units.map(({ name, rtaddr }) => ({ name, rtaddr })),
    tables: state.domains.items.flatMap((domain): TranslationTable[] => {
      const { address, topTable, topLevel, deleted } = domain;
      // The kernel counts levels from 0; no table has more than five.
      if (deleted || topLevel > 4n) return [];
      const attachments = attachmentsOf(state, units, domain, memory);
      if (isForeign(state, attachments, units)) return [];
      const told = stageOf(domain, attachments, units);
      return [
        {
          element: address,
          what: `IOMMU domain 0x${address.toString(16)}`,
          root: topTable,
          levels: Number(topLevel) + 1,
          stage: told?.stage ?? 'second',
        },
      ];
    }),
  };
}

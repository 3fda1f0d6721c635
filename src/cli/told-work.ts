/** How far long passes are, for the line on a terminal. */

import type { Handover } from '../abi/model.js';
import { filesOf } from '../abi/upstream/holders.js';
import { tellStep } from '../memory/node/telling.js';
import { expectEntries, tellPart } from '../memory/work.js';
import { folioListsOf } from '../structures/index.js';
import type { ValidateOptions } from '../validate/run.js';

/** Options with which a validation tells at which of its rules it is. */
export const TOLD_RULES: Pick<ValidateOptions, 'onRule'> = {
  onRule: (index, count) => tellStep(index, count, 'rule'),
};

/** Entries of the lists of folios of handovers will be read so many times in all. */
export function expectFolios(times: number, ...handovers: readonly Handover[]): void {
  let entries = 0;
  for (const handover of handovers)
    for (const { file } of filesOf(handover))
      for (const { list } of folioListsOf(file)) entries += list.folios.length;
  expectEntries(entries > 0 ? times * entries : undefined);
}

/** The same; before each, what share of all of them its walk is. */
export function* toldParts<T>(walks: readonly T[]): Generator<T> {
  for (const [index, walk] of walks.entries()) {
    tellPart(index / walks.length, (index + 1) / walks.length);
    yield walk;
  }
}

/** Comparisons drawn whole, in a form that reads well in a failing test. */
import type { Handover } from '../../src/abi/model.js';
import { type DiffOptions, diffHandovers } from '../../src/diff/diff.js';
import type { Difference, Gap, Tally } from '../../src/diff/difference.js';
import { wholePlaceText } from '../../src/report/place-text.js';
import { bytesToHex } from '../../src/schema/text.js';

export interface Compared {
  readonly differences: readonly Difference[];
  readonly gaps: readonly Gap[];
  readonly tally: Readonly<Tally>;
}

export function compared(a: Handover, b: Handover, options: DiffOptions = {}): Compared {
  const diff = diffHandovers(a, b, options);
  return { differences: [...diff.differences], gaps: diff.gaps, tally: diff.tally };
}

/** One line a difference: `~ LUO session "a" token 0x1 size 1 2`. */
export function lines({ differences }: Pick<Compared, 'differences'>): string[] {
  return differences.map(({ kind, place, field, a, b }) => {
    const mark = { added: '+', removed: '-', changed: '~' }[kind];
    const values = [a, b].filter((value) => value !== undefined).map(plainValue);
    return [mark, wholePlaceText(place), field ?? '', ...values].filter((part) => part !== '').join(' ');
  });
}

function plainValue(value: Difference['a']): string {
  return value instanceof Uint8Array ? bytesToHex(value) : `${value}`;
}

/** The same differences as seen from the other side. */
export function swapped(differences: readonly Difference[]): Difference[] {
  return differences.map(({ kind, a, b, ...rest }) => ({
    ...rest,
    kind: kind === 'added' ? 'removed' : kind === 'removed' ? 'added' : 'changed',
    ...(b === undefined ? {} : { a: b }),
    ...(a === undefined ? {} : { b: a }),
  }));
}

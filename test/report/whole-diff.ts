/** Documents of `kho diff` with every key that there is. */
import type { Handover } from '../../src/abi/model.js';
import type { Diff } from '../../src/diff/diff.js';
import type { Difference } from '../../src/diff/difference.js';
import type { Coverage, Uncovered } from '../../src/diff/kept/coverage.js';
import type { Place } from '../../src/references/place.js';
import { diffJson } from '../../src/report/diff-json.js';
import type { DiffSide } from '../../src/report/diff-sides.js';
import { textToBytes } from '../../src/schema/text.js';
import { type Json, parsed } from '../rfc/json.js';
import type { Whole } from './whole.js';

const BIG = 0xffff_ffff_ffff_ffffn;
const NOT_TEXT = Uint8Array.of(0x61, 0xff, 0, 0x62);

const place: Whole<Place> = {
  ...{ part: 'luo', subtree: 's', session: NOT_TEXT, token: BIG, flb: NOT_TEXT, region: 'r' },
  ...{ structure: 's', element: 'e' },
  ...{ iommufd: BIG, ioas: 1, area: BIG, domain: BIG, bus: 255, devfn: 255, nodeName: 'n' },
  ...{ iova: BIG, iovaEnd: BIG + 1n, file: NOT_TEXT, offset: BIG << 12n, offsetEnd: BIG << 12n },
  ...{ cpu: 1, order: 0, index: 0, address: 0n, addressEnd: BIG + 1n, fdtPath: '/', property: 'p', copy: 2 },
};
const longBytes = new Uint8Array(65);
const difference: Whole<Difference> = {
  ...{ kind: 'changed', place, field: 'f', a: BIG, b: NOT_TEXT, unit: 'hex', expected: true, secret: false },
  contents: [
    {
      name: 'n',
      value: -1,
      unit: 'count',
      only: 'summary',
      expected: () => true,
      secret: false,
      unknown: '',
      implied: false,
    },
    {
      name: 'n',
      value: longBytes,
      unit: 'count',
      only: 'summary',
      expected: () => true,
      secret: true,
      unknown: 'n.',
      implied: false,
    },
  ],
  bytes: { offset: 0, differing: 1, sizeA: 1, sizeB: 2 },
};
const uncovered: Whole<Uncovered> = {
  ...{ status: 'lost', place, what: 'w', bytes: BIG, count: 1 },
  ranges: [{ start: 0n, end: BIG + 1n, position: 0n }],
};

/** A document of one difference and one gap. */
export function diffDocument(coverage: Coverage, side: DiffSide): Json {
  const diff: Diff = {
    differences: [difference, { kind: 'added', place: { part: 'tree' } }],
    gaps: [{ place, what: 'w', missing: 'both' }],
    moreGaps: () => 1,
    tally: { added: 1, removed: 0, changed: 1, expected: 1 },
  };
  return parsed(diffJson(side, side, diff, coverage, true));
}

/** A document with every key. */
export function wholeDiff(handover: Handover): Json {
  const entries = [uncovered, { ...uncovered, place: { part: 'domain' } as const }];
  const coverage = { verdict: 'lost', bytes: BIG, uncovered: 1n, lost: 1n, entries } as const;
  const metadata = { version: 1, previousRelease: textToBytes('7.3.4', 65), kexecCount: 1 };
  return diffDocument(coverage, {
    path: 'a',
    direction: 'incoming',
    handover: {
      ...handover,
      kexecMetadata: metadata,
      preserved: { ranges: [{ start: 0n, end: BIG }] },
      preservedMap: undefined as never,
    },
  });
}

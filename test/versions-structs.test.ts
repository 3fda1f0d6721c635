/** Which structs a kernel should have, for each release and each struct taken from it. */
import { expect, test } from 'vitest';
import { schemaStructs } from '../src/btf/compare.js';
import { recordTypes } from '../src/records/index.js';
import { HANDLER_STRUCTS } from '../src/structures/bound-records.js';
import { expectedStructs, STRUCT_SETS } from '../src/versions/structs.js';

const MEMFD = ['memfd_luo_ser', 'memfd_luo_folio_ser'];
const HANDLERS = [MEMFD];

test('structs of handlers are those of their bindings', () => {
  expect(HANDLER_STRUCTS.map((names) => new Set(names))).toEqual([new Set(MEMFD)]);
});

test('every struct of the table has a schema', () => {
  const known = schemaStructs(recordTypes);
  for (const { kho, luo } of STRUCT_SETS)
    for (const name of [...kho, ...luo]) expect(known.has(name)).toBe(true);
});

test.each(STRUCT_SETS)('$releases: whole, every struct is expected; one less, that one is missing', (set) => {
  const forms =
    set.luo.length === 0
      ? [set.kho]
      : [set.kho, [...set.kho, ...set.luo], [...set.kho, ...set.luo, ...MEMFD]];
  for (const names of forms) {
    const whole = expectedStructs(new Set(names), HANDLERS);
    expect(new Set(whole?.names)).toEqual(new Set(names));
    for (const gone of names) {
      const present = new Set(names.filter((name) => name !== gone));
      const release = set.releases[0] ?? '';
      const missing = expectedStructs(present, HANDLERS, release)?.names.filter((name) => !present.has(name));
      expect(missing).toEqual([gone]);
      // Without the release some struct is missed all the same, unless the rest is what another release has.
      const guessed = expectedStructs(present, HANDLERS);
      const guess = guessed?.names.filter((name) => !present.has(name)) ?? [];
      if (guess.length === 0) expect(guessed?.set).not.toBe(set);
    }
  }
});

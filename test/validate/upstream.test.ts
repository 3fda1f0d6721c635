import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { upstreamRules } from '../../src/structures/rules.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { notBuilt } from '../../src/validate/upstream/not-built.js';
import { coreMemory, decodeAt, linuxNames, linuxTruth } from '../decode/linux-dumps.js';
import { fixtures } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';
import { bootPages } from './upstream-boot.js';
import { CASES } from './upstream-cases/index.js';
import { bootData, damaged, ORIGINAL, original, patched } from './upstream-damage.js';

describe('healthy dumps', () => {
  test.each(ORIGINAL.map((each) => [each.name, each] as const))('%s has no finding', (_, { handover }) => {
    const { findings, failed, passed } = validate(handover, catalogue);
    expect(findings).toEqual([]);
    expect(failed).toEqual([]);
    // Every block is accounted for: that rule is not skipped.
    expect(passed).toContain('KHO-156');
  });

  test.each(['linux-6.18-handover', 'linux-7.1-live-update', 'linux-7.3-live-update'])(
    '%s with boot_params has no finding',
    (name) => {
      const { memory, address } = original(name);
      const over = patched(memory, bootPages(name, {}));
      const handover = decodeAt(over, address, { setupData: bootData(over) });
      const { findings, passed } = validate(handover, catalogue);
      expect(findings).toEqual([]);
      for (const rule of [
        'KHO-101',
        'KHO-102',
        'KHO-103',
        'KHO-104',
        'KHO-121',
        'KHO-122',
        'KHO-123',
        'KHO-126',
      ])
        expect(passed).toContain(rule);
    },
  );

  test('the copy in the loaded image of 6.18 is not a finding', () => {
    const { memory, address } = original('linux-6.18-handover');
    const copy = linuxTruth('linux-6.18-handover').find(({ pa }) => BigInt(pa) !== address);
    if (copy === undefined) throw new Error('no copy');
    const { findings, skipped } = validate(decodeAt(memory, copy.pa), catalogue);
    expect(findings).toEqual([]);
    expect(skipped.map(({ rule }) => rule)).toContain('KHO-156');
  });

  test.each(['linux-7.3-live-update', 'linux-7.3-scalable-mode'])(
    '%s before the kexec: the files that LUO has not written down yet are at most notes',
    (name) => {
      const memory = coreMemory(gunzip(fileBytes(join(fixtures, name, 'vtd/before-kexec.elf.gz'))));
      const trees = outgoing(memory);
      expect(trees.length).toBeGreaterThan(0);
      for (const handover of trees) {
        const { findings } = validate(handover, upstreamRules);
        expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
      }
    },
  );

  const copies = linuxNames.flatMap((name) =>
    ['debugfs-in/fdt', 'debugfs-out/fdt']
      .filter((path) => existsSync(join(fixtures, name, path)))
      .map((path) => [name, path] as const),
  );
  test.each(copies)('%s/%s on its own: rules that need memory are skipped with the reason', (name, path) => {
    const handover = decodeHandover(readFileSync(join(fixtures, name, path)));
    const { findings, skipped } = validate(handover, upstreamRules);
    expect(findings).toEqual([]);
    const why = new Map(skipped.map(({ rule, why }) => [rule, why]));
    for (const { id, needs, generations, requires = [] } of upstreamRules) {
      if (handover.generation === undefined || !generations.includes(handover.generation)) continue;
      if (needs?.includes('memory') === true && requires.length === 0)
        expect(why.get(id)).toMatch(/--memory/);
    }
  });
});

test.each(['linux-6.18-handover', 'linux-7.1-live-update', 'linux-7.3-live-update'])(
  '%s: the blobs of debugfs without what they point to are no finding',
  (name) => {
    const tree = readFileSync(join(fixtures, name, 'debugfs-in/fdt'));
    const segments = (decodeHandover(tree).subtrees ?? []).flatMap(({ name: child = '', address = 0n }) =>
      // The kernel has freed LUO's by then.
      child === 'LUO'
        ? []
        : [
            {
              address: Number(address),
              bytes: readFileSync(join(fixtures, name, 'debugfs-in/sub_fdts', child)),
            },
          ],
    );
    const handover = decodeHandover(tree, {
      memory: { ...segmentsMemory(segments, 'blobs'), excerpt: true },
    });
    expect(handover.khoTest).toBeDefined();
    const { findings, skipped } = validate(handover, upstreamRules);
    expect(findings).toEqual([]);
    const why = new Map(skipped.map(({ rule, why }) => [rule, why]));
    expect(why.get('KHO-116')).toMatch(/map/);
    expect(why.get('KHO-111')).toBe('the address of the tree is not known');
  },
);

/** The trees that a kernel prepares, found as the command line finds them. */
function outgoing(memory: PhysicalMemory): Handover[] {
  return findTrees(memory).trees.flatMap(({ addresses }) => {
    const [address] = addresses;
    return address === undefined ? [] : [decodeAt(memory, address)];
  });
}

describe('each rule fails on a dump that is damaged for it', () => {
  test.each(CASES.map((each) => [each.rule, each.what, each.dump, each] as const))(
    '%s: %s (%s)',
    (rule, _what, _dump, each) => {
      const { findings } = validate(damaged(each), catalogue);
      const own = findings.filter((finding) => finding.rule === rule);
      expect(own.map(({ severity }) => severity)).toContain(each.severity);
      for (const { message } of own) expect(message).not.toMatch(/undefined|NaN|\[object/);
    },
  );

  test('every rule has such a dump', () => {
    // KHO-160 judges a release, not a damaged byte: test/cli/upstream.test.ts.
    const tried = new Set(['KHO-160', ...CASES.map(({ rule }) => rule)]);
    expect(upstreamRules.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([]);
  });
});

test('every row of the specification is a rule, or is listed with the reason why not', () => {
  const rows = Object.entries({
    E: 19,
    C: 8,
    M: 9,
    X: 18,
    V: 10,
    B: 7,
    K: 2,
    R: 7,
    T: 3,
    L: 18,
    F: 8,
    H: 17,
  });
  const all = rows.flatMap(([letter, count]) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`));
  expect(all).toHaveLength(126);
  const built = new Set(upstreamRules.flatMap(({ source }) => source.match(/\b[A-Z]\d+\b/g) ?? []));
  const listed = notBuilt.map(({ source }) => source.replace('upstream ', ''));
  expect(all.filter((row) => !built.has(row) && !listed.includes(row))).toEqual([]);
  expect(listed.filter((row) => built.has(row) || !all.includes(row))).toEqual([]);
});

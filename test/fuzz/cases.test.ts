import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalBytes } from '../../src/decode/bytes.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { applied, caseBytes } from '../../src/fuzz/apply.js';
import { dictionaryLines } from '../../src/fuzz/dictionary.js';
import { leafFields, readLeaf, writeLeaf } from '../../src/fuzz/fields.js';
import { caseMaker } from '../../src/fuzz/generate.js';
import { targetInstances } from '../../src/fuzz/instances.js';
import { caseName, manifestLine, parseLines } from '../../src/fuzz/manifest.js';
import { recordTypes } from '../../src/records/index.js';
import { createRandom } from '../../src/synth/random.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { newestTargets, realTargets } from './targets.js';

const { core, blob } = newestTargets();

describe('numbers from a seed', () => {
  test('are the same each time, and others for another seed or case', () => {
    const some = (seed: bigint, number: number) => {
      const random = createRandom(seed, number);
      return Array.from({ length: 8 }, () => random.below(2 ** 32));
    };
    expect(some(1n, 2)).toEqual(some(1n, 2));
    const all = [some(1n, 2), some(1n, 3), some(2n, 2), some(1n << 32n, 2), some(1n, 2 ** 40)];
    expect(new Set(all.map(String)).size).toBe(all.length);
    // The same on every machine and in every version: cases are named by seed and number.
    expect(createRandom(2026n, 42).bits(64)).toMatchInlineSnapshot(`10533040184888202221n`);
  });

  test('are spread evenly', () => {
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++)
      counts[createRandom(7n, i).below(10)] = (counts[createRandom(7n, i).below(10)] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe('fields of records', () => {
  const fixed = recordTypes.filter(
    ({ size, read }) => size !== undefined && size < 4096 && read !== undefined,
  );

  test('are read and written as the generated readers do', () => {
    let compared = 0;
    for (const record of fixed) {
      const fields = leafFields(record).filter(
        ({ owner, info, bitWidth }) => owner === record && info.kind === 'uint' && bitWidth <= 64,
      );
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: record.size ?? 0, maxLength: record.size ?? 0 }),
          fc.bigInt(0n, 2n ** 64n - 1n),
          (bytes, value) => {
            const view = new DataView(bytes.buffer);
            const before = record.read?.(view, 0) as { [key: string]: unknown };
            for (const field of fields) {
              expect(readLeaf(field, bytes)).toBe(BigInt(before[field.info.id] as bigint));
              const wanted = BigInt.asUintN(field.bitWidth, value);
              const written = writeLeaf(field, bytes, wanted);
              const copy = bytes.slice();
              copy.set(written.bytes, written.at);
              const after = record.read?.(new DataView(copy.buffer), 0) as { [key: string]: unknown };
              for (const other of fields) {
                const expected = other === field ? wanted : BigInt(before[other.info.id] as bigint);
                expect(BigInt(after[other.info.id] as bigint)).toBe(expected);
              }
              compared++;
            }
          },
        ),
        { numRuns: 8 },
      );
    }
    expect(compared).toBeGreaterThan(1000);
  });
});

describe('cases', () => {
  test.each([...realTargets()].slice(0, 6))(
    'of $name are the same each time, and leave the target as it was',
    ({ target }) => {
      const before = target.segments.map(({ bytes }) => bytes.slice());
      const [one, two] = [caseMaker(target, 5n), caseMaker(target, 5n)];
      const other = caseMaker(target, 6n);
      let unlike = 0;
      for (let i = 0; i < 60; i++) {
        const fuzzCase = one.make(i);
        expect(two.make(i)).toEqual(fuzzCase);
        expect(fuzzCase.mutations.length).toBeGreaterThan(0);
        // Matchers compare a megabyte element by element, which takes seconds.
        if (i < 10)
          expect(
            equalBytes(caseBytes(target, fuzzCase.mutations), caseBytes(target, fuzzCase.mutations)),
          ).toBe(true);
        if (
          JSON.stringify(other.make(i).mutations.map(({ words }) => words)) !==
          JSON.stringify(fuzzCase.mutations.map(({ words }) => words))
        )
          unlike++;
      }
      expect(unlike).toBeGreaterThan(50);
      expect(target.segments.every(({ bytes }, i) => equalBytes(bytes, before[i] ?? new Uint8Array(0)))).toBe(
        true,
      );
    },
  );

  test('each change bytes of the file', () => {
    for (const target of [core, blob]) {
      const plain = caseBytes(target, []);
      const maker = caseMaker(target, 1n);
      for (let i = 0; i < 100; i++) {
        const { mutations } = maker.make(i);
        if (mutations.length === 1)
          expect(equalBytes(caseBytes(target, mutations), plain), mutations[0]?.words).toBe(false);
      }
    }
  });

  test('are files that hold what was mutated in memory', () => {
    const maker = caseMaker(core, 3n);
    for (let i = 0; i < 20; i++) {
      const { mutations } = maker.make(i);
      const memory = coreMemory(caseBytes(core, mutations));
      applied(core, mutations, (mutated) => {
        for (const { address, bytes } of core.segments) {
          const [a, b] = [new Uint8Array(bytes.length), new Uint8Array(bytes.length)];
          expect(memory.read(address, bytes.length, a)).toBe(mutated.memory?.read(address, bytes.length, b));
          expect(equalBytes(a, b)).toBe(true);
        }
      });
    }
  });

  test('of a target know where its records lie: the token of each file is read at its place', () => {
    const { records } = targetInstances(core);
    const files = records.filter(({ record }) => record.name === 'luo_file_ser');
    const tokens = (core.handover.luo?.sessions ?? []).flatMap(({ files: list = [] }) =>
      list.map(({ token }) => token),
    );
    expect(files.length).toBe(tokens.length);
    expect(files.length).toBeGreaterThan(3);
    for (const [i, { address, record }] of files.entries()) {
      const bytes = new Uint8Array(record.size ?? 0);
      core.memory?.read(address, bytes.length, bytes);
      expect(record.read?.(new DataView(bytes.buffer), 0)).toMatchObject({ token: tokens[i] });
    }
  });
});

describe('what is written of a run', () => {
  test('a line of the manifest says seed, case, file, words, and what has to fire', () => {
    const maker = caseMaker(core, 1n);
    for (let i = 0; i < 200; i++) {
      const line = manifestLine(maker.make(i), 1n, caseName(i, '.elf'));
      expect(Object.keys(line)).toEqual(['case', 'seed', 'file', 'mutations', 'levels', 'expect']);
      expect(line).toMatchObject({ case: i, seed: '0x1', file: `${String(i).padStart(6, '0')}.elf` });
      expect(line.expect).toMatch(/^(unknown|none: must still be accepted|[A-Z]+-\d{3}( or [A-Z]+-\d{3})*)$/);
      expect(line.levels).toHaveLength(line.mutations.length);
      expect(JSON.stringify(line)).not.toMatch(/[^\x20-\x7e\u00a0-\uffff]/);
    }
  });

  test('words say the field, whose it is, and both values', () => {
    const maker = caseMaker(core, 1n);
    const words = Array.from({ length: 6000 }, (_, i) => maker.make(i)).flatMap(({ mutations }) =>
      mutations.map((each) => each.words),
    );
    expect(
      words.some((text) =>
        /^luo_file_ser\.token of session "[^"]+" file \d+: 0x[0-9a-f]+ -> 0x[0-9a-f]+/.test(text),
      ),
    ).toBe(true);
    expect(words.some((text) => /^\/ preserved-memory-map: 0x[0-9a-f]+ -> 0x0/.test(text))).toBe(true);
  });

  test('lines that were cut off are not lines', () => {
    expect([...parseLines('{"case":0}\n{"case":1}\n{"cas')].map((line) => line.case)).toEqual([0, 1]);
    expect([...parseLines('{"case":0}\nnonsense\n[1]\n{"case":2}\n')].map((line) => line.case)).toEqual([
      0, 2,
    ]);
  });

  test('the dictionary has the form that AFL++ reads, and what a reader looks for', () => {
    const lines = [...dictionaryLines()].filter((line) => !line.startsWith('#'));
    for (const line of lines)
      expect(line).toMatch(/^[A-Za-z0-9_]+="(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\x[0-9a-f]{2})+"$/);
    expect(lines).toContain('fdt_magic="\\xd0\\x0d\\xfe\\xed"');
    expect(lines).toContain('preserved_memory_map="preserved-memory-map\\x00"');
    expect(lines).toContain('memfd_v2="memfd-v2\\x00"');
    expect(lines).toContain('luo_v5="luo-v5\\x00"');
  });

  test('the cut-down image decodes to the same sessions as the dump', () => {
    const again = decodeHandover(core.root.bytes, core.options);
    expect(again.luo?.sessions?.length).toBe(core.handover.luo?.sessions?.length);
    expect(again.diagnostics).toEqual([]);
  });
});

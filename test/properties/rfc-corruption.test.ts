import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeElf } from '../../src/encode/elf.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { guestmemfsInode, guestmemfsSb, mappingBlock, mappingInode } from '../../src/records/guestmemfs.js';
import { khoDataRfc2024, khoMem, setupData } from '../../src/records/kho.js';
import { rfc2024 } from '../../src/structures/rfc-2024/tree.js';
import type { NodeBinding } from '../../src/structures/tree.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { LAYOUT } from '../rfc/build-dump.js';
import { CASES } from '../rfc/cases.js';
import { damaged, le } from '../rfc/corrupt.js';
import { decodeMemory, dumpedJson, type Json, memoryOfChunks } from '../rfc/json.js';
import { DUMP, L1, MAPPING_PAGE, PML4, UNAVOIDABLE, UNCONSTRAINED } from '../rfc/sample.js';
import { sweep } from '../sweep.js';

/** `/node property` of everything that the binding names, numbers in names as `*`. */
function* boundFields(binding: NodeBinding, path = ''): Generator<string> {
  const shown = path === '' ? '/' : path;
  if (binding.compatible !== undefined) yield `${shown} compatible`;
  for (const { property } of binding.properties) yield `${shown} ${property}`;
  for (const child of binding.children) {
    const name =
      'literal' in child.name ? child.name.literal : 'prefix' in child.name ? `${child.name.prefix}*` : '*';
    yield* boundFields(child, `${path}/${name}`);
  }
}

/** Overwrites a few bytes of a structure, the tree's among them. */
function pokeArbitrary(): fc.Arbitrary<{ address: number; bytes: Uint8Array }> {
  const parts: readonly (readonly [number, number])[] = [
    [LAYOUT.tree, DUMP.blob.length],
    [LAYOUT.cache, 96],
    [LAYOUT.setupData, 64],
    [LAYOUT.superblock, 40],
    [LAYOUT.inodes, 6 * 296],
    [LAYOUT.bitmap, 4],
    [LAYOUT.index, 32],
    [MAPPING_PAGE, 40],
    [PML4, 4096],
    [L1, 4096],
  ];
  const value = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }),
    fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n).map((wide) => le(wide, 8)),
  );
  return fc
    .tuple(fc.constantFrom(...parts), fc.nat(1 << 20), value)
    .map(([[address, size], offset, bytes]) => ({ address: address + (offset % size), bytes }));
}

/** Damaged parts, each cut to what the others leave of it by the order in which they are over each other. */
const pokesArbitrary = fc.array(pokeArbitrary(), { minLength: 1, maxLength: 4 });

describe('a dump damaged anywhere', () => {
  it('is judged without an exception, and every rule once', () => {
    fc.assert(
      fc.property(pokesArbitrary, (pokes) => {
        const memory = segmentsMemory([...pokes, ...DUMP.segments], 'damaged');
        const { trees } = findTrees(memory);
        for (const { bytes, addresses } of trees) {
          const handover = decodeHandover(bytes, { memory, address: addresses[0] ?? 0n });
          const { passed, failed, skipped } = validate(handover, catalogue);
          const judged = [...passed, ...failed, ...skipped.map(({ rule }) => rule)];
          expect(new Set(judged).size).toBe(judged.length);
        }
      }),
      { numRuns: sweep(80, 6) },
    );
  });

  it('is the same after dump, encode and decode with its memory', () => {
    fc.assert(
      fc.property(pokesArbitrary, (pokes) => {
        const memory = segmentsMemory([...pokes, ...DUMP.segments], 'damaged');
        const [found] = findTrees(memory).trees;
        if (found?.setupData === undefined) return;
        const decoded = (of: PhysicalMemory) =>
          dumpedJson(decodeHandover(found.bytes, { memory: of, address: found.addresses[0] ?? 0n }));
        const json = decoded(memory);
        if (json.generation !== 'rfc-2024') return;
        const { chunks } = encodeElf(json, memory);
        const again = { ...memoryOfChunks(chunks), description: memory.description };
        expect(decodeMemoryJson(again)).toEqual(json);
      }),
      { numRuns: sweep(80, 6) },
    );
  });
});

function decodeMemoryJson(memory: PhysicalMemory): Json {
  return dumpedJson(decodeMemory(memory));
}

describe('a dump damaged in one field', () => {
  it('is without findings before', () => {
    const serious = validate(damaged(DUMP, {}), catalogue).findings.filter(
      ({ rule, severity }) => severity !== 'note' && !UNAVOIDABLE.has(rule),
    );
    expect(serious).toEqual([]);
  });

  it.each(CASES)('%s: some rule says so', (_, damage, rules) => {
    const { findings } = validate(damaged(DUMP, damage), catalogue);
    const serious = new Set(findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule));
    expect([...serious].filter((rule) => rules.includes(rule))).not.toEqual([]);
  });

  it('is damaged in every field that anything constrains', () => {
    const covered = new Set([...CASES.map(([field]) => field), ...Object.keys(UNCONSTRAINED)]);
    const records = [
      khoMem,
      setupData,
      khoDataRfc2024,
      guestmemfsSb,
      guestmemfsInode,
      mappingBlock,
      mappingInode,
    ];
    const recordFields = records.flatMap(({ name, fields }) =>
      fields.map((field) => `${name}.${field.kernelName}`),
    );
    // Elements of arrays have the array's name in the kernel, with an index.
    const known = new Set([
      ...boundFields(rfc2024.root),
      ...recordFields.map((field) => field.replace(/\[.*\]$/, '')),
    ]);
    expect([...known].filter((field) => !covered.has(field))).toEqual([]);
    expect(Object.keys(UNCONSTRAINED).filter((field) => !known.has(field))).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { GMFS_CASES } from '../../src/structures/guestmemfs/cases.js';
import { guestmemfsRules } from '../../src/structures/guestmemfs/rules.js';
import { khoRules } from '../../src/structures/rfc-2024/rules.js';
import { validate } from '../../src/validate/run.js';
import { LAYOUT } from '../rfc/build-dump.js';
import { type Damage, damaged, removeNode, setInode } from '../rfc/corrupt.js';
import { decodeMemory } from '../rfc/json.js';
import { bit, DUMP, FILE3, index, sb } from '../rfc/sample.js';
import { RFC_DUMPS, withMemory } from '../vtd/fixtures.js';

const RULES = [...khoRules, ...guestmemfsRules];

/** Findings of the guestmemfs rules as `rule severity`, each once. */
function findingsOf(damage: Damage): string[] {
  const { findings } = validate(damaged(DUMP, damage), RULES);
  const own = findings.filter(({ rule }) => rule.startsWith('GMFS-'));
  return [...new Set(own.map(({ rule, severity }) => `${rule} ${severity}`))].sort();
}

describe('rules on guestmemfs', () => {
  it('all pass on a consistent dump', () => {
    const { findings, passed, skipped } = validate(decodeMemory(DUMP.memory), guestmemfsRules);
    expect(findings).toEqual([]);
    expect(skipped).toEqual([]);
    expect([...passed].sort()).toEqual(guestmemfsRules.map(({ id }) => id).sort());
    expect(passed).toHaveLength(24);
  });

  it.each(GMFS_CASES)('find %s', (_, damage, expected) => {
    expect(findingsOf(damage)).toEqual(expected);
  });

  it('are each seen to fail', () => {
    const failing = new Set(
      GMFS_CASES.flatMap(([, , expected]) => expected.map((name) => name.split(' ')[0])),
    );
    expect([...failing].sort()).toEqual(guestmemfsRules.map(({ id }) => id).sort());
  });

  it('name the place of what they found', () => {
    const places = (damage: Damage) =>
      validate(damaged(DUMP, damage), RULES)
        .findings.filter(({ rule }) => rule.startsWith('GMFS-'))
        .map(({ location, found, expected }) => ({ ...location, found, expected }));
    expect(places(setInode(3, 'numMappings', -1))).toEqual([
      {
        fdtPath: '/guestmemfs/superblock',
        field: 'guestmemfs_inode.num_mappings',
        address: 0x21000000n + 2n * 296n + 288n,
        found: '-1',
        expected: '0 to 512',
      },
    ]);
    expect(places(bit(3, 0))).toEqual([
      {
        fdtPath: '/guestmemfs/superblock',
        field: 'guestmemfs_sb.allocator_bitmap',
        address: 0x21200000n,
        bits: '3',
        found: '0',
        expected: '1',
      },
    ]);
    expect(places(sb('nextFreeIno', 7085, 8))).toMatchObject([
      { field: 'guestmemfs_sb.next_free_ino', address: 0x20000040n, found: '7085' },
    ]);
    expect(places(index(1, 2))[0]).toMatchObject({
      fdtPath: '/guestmemfs/mappings_to_inode',
      field: 'mappings_to_inode[1]',
      address: 0x20001004n,
      found: '2',
    });
  });

  it('give one finding for a thousand blocks of one file', () => {
    const { findings } = validate(damaged(DUMP, setInode(3, 'numMappings', 512)), guestmemfsRules);
    // Entries 1 to 511 of inode 3 read 0, which is block 0 of inode 2.
    expect(findings.map(({ rule, message }) => [rule, message])).toEqual([
      [
        'GMFS-017',
        expect.stringMatching(/^511 entries of inode 3, first entry 1, .* inode 2: block 0 at 0x100000000$/),
      ],
    ]);
  });
});

describe('rules on guestmemfs where bytes are absent', () => {
  it.each<[what: string, rule: string, address: number, shown: string]>([
    ['the super block', 'GMFS-022', LAYOUT.superblock, '0x20000040'],
    ['the super block', 'GMFS-012', LAYOUT.superblock, '0x20000040'],
    ['the inode table', 'GMFS-010', LAYOUT.inodes, '0x21000000'],
    ['the inode table', 'GMFS-011', LAYOUT.inodes, '0x21000000'],
    ['the mappings_to_inode page', 'GMFS-007', LAYOUT.index, '0x20001000'],
    ['the mapping page of inode 3', 'GMFS-016', FILE3?.mappingPage ?? 0, '0x20003000'],
    ['the mapping page of inode 3', 'GMFS-017', FILE3?.mappingPage ?? 0, '0x20003000'],
    ['the allocation bitmap', 'GMFS-018', LAYOUT.bitmap, '0x21200000'],
    ['part of the allocation bitmap', 'GMFS-019', LAYOUT.bitmap, '0x21200000'],
    ['part of the allocation bitmap', 'GMFS-020', LAYOUT.bitmap, '0x21200001'],
  ])('without %s rule %s is skipped with the address', (what, rule, address, shown) => {
    const { findings, passed, skipped } = validate(damaged(DUMP, { remove: [address] }), guestmemfsRules);
    expect(findings).toEqual([]);
    expect(passed).not.toContain(rule);
    const why = skipped.find((entry) => entry.rule === rule)?.why;
    expect(why).toContain(shown);
    expect(why).toContain(what);
  });

  it('are skipped without memory, and without guestmemfs', () => {
    const bare = validate(decodeHandover(DUMP.blob), guestmemfsRules);
    expect(bare.findings).toEqual([]);
    expect(bare.passed).toEqual([
      'GMFS-001',
      'GMFS-002',
      'GMFS-003',
      'GMFS-004',
      'GMFS-005',
      'GMFS-006',
      'GMFS-008',
      'GMFS-023',
    ]);
    expect(new Set(bare.skipped.map(({ why }) => why.replace(/^(GMFS-\d+ was skipped: )+/, '')))).toEqual(
      new Set(['no memory is given for the blob (--memory)']),
    );
    const none = validate(damaged(DUMP, removeNode('/guestmemfs')), guestmemfsRules);
    expect([none.findings, none.passed]).toEqual([[], []]);
    expect(none.skipped).toHaveLength(24);
  });

  it("see the unused rest of the bitmap of a real dump as left out: the series' dumps hold no pages of zeros", async () => {
    for (const dump of RFC_DUMPS) {
      await withMemory(`rfc-2024/${dump}/memory.elf.gz`, (memory) => {
        const handover = decodeMemory(memory);
        const { findings, skipped } = validate(handover, guestmemfsRules);
        expect(findings).toEqual([]);
        const rest = (handover.guestmemfs?.superblock?.at(2).addr ?? 0n) + 0x1000n;
        expect(skipped).toContainEqual(
          expect.objectContaining({
            rule: 'GMFS-020',
            kind: 'not-given',
            why: expect.stringContaining(`0x${rest.toString(16)}`),
          }),
        );
        const handles = handover.iommufds?.[0]?.ioases?.[0]?.pinnedFileHandle !== undefined;
        expect(skipped.map(({ rule }) => rule).sort()).toEqual(
          handles ? ['GMFS-020'] : ['GMFS-020', 'GMFS-021'],
        );
      });
    }
  });
});

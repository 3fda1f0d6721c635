/** States of the 2024 series that its kernels come to in health, and what is next to them and broken. */
import { describe, expect, it } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { LAYOUT } from '../rfc/build-dump.js';
import { both, type Damage, damaged, le, poke, removeNode, setKey } from '../rfc/corrupt.js';
import { DUMP, L1, L2, PML4, UNAVOIDABLE } from '../rfc/sample.js';

function loud(handover: Handover): string[] {
  const { findings } = validate(handover, catalogue);
  const rules = findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule);
  return [...new Set(rules)].filter((rule) => !UNAVOIDABLE.has(rule)).sort();
}

const said = (damage: Damage): string[] => loud(damaged(DUMP, damage));

function entry(address: number): bigint {
  const bytes = new Uint8Array(8);
  DUMP.memory.read(address, 8, bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

const withBits = (address: number, bits: bigint): Damage => poke(address, le(entry(address) | bits, 8));

describe('dirty tracking', () => {
  // Hardware sets A in every entry that it uses, and D in leaves.
  const tracked = both(withBits(PML4, 0x100n), withBits(L2 + 8, 0x100n), withBits(L1 + 16 * 8, 0x300n));

  it('leaves A and D set', () => {
    expect(entry(L2 + 8) & 0xfffn).toBe(3n);
    expect(said(tracked)).toEqual([]);
  });

  it.each([0x4n, 0x20n, 0x200n])('no other bit: 0x%x', (bit) => {
    expect(said(withBits(PML4, bit))).toContain('DMAR-016');
  });
});

describe('an IOAS that no device is attached to', () => {
  const ioas = (iovaStart: string, more: object[] = []) =>
    setKey('iommufds.0.ioases.1', {
      id: 2,
      pinnedFileHandle: '0x2',
      areas: [{ index: 0, iovaStart, iovaLen: '0x3000', iommuProt: 7 }, ...more],
    });

  it('has areas and no table', () => {
    const handover = damaged(DUMP, ioas('0x500000'));
    expect(loud(handover)).toEqual([]);
    const notes = validate(handover, catalogue).findings.filter(({ rule }) => rule === 'MAP-004');
    expect(notes.map(({ message }) => message)).toEqual([
      'domain 1 maps nothing of IOAS 2, but something of another: it has no hardware table, or one that is not handed over',
    ]);
  });

  it('a hole in the IOAS that is mapped is an error all the same', () => {
    expect(said(both(ioas('0x500000'), poke(L1 + 16 * 8, le(0n, 8))))).toEqual(['MAP-004']);
  });
});

describe('a domain that maps nothing', () => {
  const path = '/iommufd/iommufds/4/ioases/1';

  it('needs no guestmemfs, one with areas does', () => {
    // Without guestmemfs in the kernel the map calls are refused.
    const none = both(
      removeNode('/guestmemfs'),
      removeNode('/iommufd/iommufds/1'),
      removeNode('/intel-iommu/domains/1'),
      removeNode(`${path}/0`),
    );
    expect(said(none)).not.toContain('KHO-014');
    expect(said(removeNode('/guestmemfs'))).toContain('KHO-014');
  });
});

describe('a kernel with lock debugging', () => {
  it('has a larger super block, in which the flag is elsewhere', () => {
    // SPINLOCK_MAGIC after the lock itself.
    const debugged = both(
      setKey('guestmemfs.superblock.0.len', '0x40'),
      poke(LAYOUT.superblock + 36, le(0xdead4eadn, 4)),
    );
    const { findings, skipped } = validate(damaged(DUMP, debugged), catalogue);
    expect(loud(damaged(DUMP, debugged))).toEqual([]);
    expect(findings.filter(({ rule }) => rule === 'GMFS-002').map(({ severity }) => severity)).toEqual([
      'note',
    ]);
    expect(skipped.map(({ rule }) => rule)).toContain('GMFS-022');
  });
});

describe('heap objects', () => {
  it('share a page with each other, not with a record of whole pages', () => {
    const at = (addr: number) => setKey('guestmemfs.superblock.0.addr', `0x${addr.toString(16)}`);
    const move = (addr: number) => both(at(addr), poke(addr, DUMP_SUPERBLOCK));
    expect(said(move(LAYOUT.descriptors + 0xf80))).toEqual([]);
    expect(said(move(LAYOUT.ring + 0x80))).toContain('KHO-007');
  });
});

const DUMP_SUPERBLOCK = (() => {
  const bytes = new Uint8Array(40);
  DUMP.memory.read(LAYOUT.superblock, bytes.length, bytes);
  return bytes;
})();

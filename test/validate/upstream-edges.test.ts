/** Where rules on riders, scratch and the map begin to speak, and where they must not. */
import { describe, expect, test } from 'vitest';
import type { AddressRange, Handover } from '../../src/abi/model.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Finding } from '../../src/validate/rule.js';
import { type ValidateOptions, validate } from '../../src/validate/run.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { bootPages } from './upstream-boot.js';
import { flb, fresh } from './upstream-cases/case.js';
import { bootData, original, patched } from './upstream-damage.js';
import { chunk, file, keep, type Patches, session, sure, text, u32, u64 } from './upstream-patches.js';
import { secondGeneration, seventh } from './variants.js';

const V618 = 'linux-6.18-handover';
const V73 = 'linux-7.3-live-update';
const ARM = 'linux-7.3-arm64-16k';
const MiB = 1n << 20n;

function found(handover: Handover, rule: string, options: ValidateOptions = {}): readonly Finding[] {
  return validate(handover, catalogue, options).findings.filter((each) => each.rule === rule);
}

function damaged(name: string, patches: (handover: Handover) => Patches): Handover {
  const { memory, address, handover } = original(name);
  return decodeAt(patched(memory, patches(handover)), address);
}

describe('scratch in page blocks', () => {
  const severities = (name: string, ...scratch: readonly AddressRange[]): string[] => {
    const { memory, address } = original(name);
    return found(decodeAt(memory, address, { scratch }), 'KHO-190').map(({ severity }) => severity);
  };
  const region = (start: bigint, end: bigint): AddressRange => ({ start, end });

  test.each([
    [V73, 'of 2 MiB', region(0x4000_0000n, 0x4000_0000n + 2n * MiB), []],
    [V73, 'empty, at 4 KiB', region(0x4000_1000n, 0x4000_1000n), []],
    [V73, 'from 4 KiB on', region(0x4000_1000n, 0x4040_0000n), ['warning']],
    [V73, 'up to 4 KiB', region(0x4000_0000n, 0x4040_1000n), ['warning']],
    [V73, 'of half a page, which is KHO-123', region(0x4000_0000n, 0x4040_0800n), []],
    [V73, 'of 1 MiB', region(0x4000_0000n, 0x4010_0000n), ['warning']],
    [ARM, 'of 32 MiB', region(0x8000_0000n, 0x8000_0000n + 32n * MiB), []],
    [ARM, 'of 4 MiB, a page block of another configuration', region(0x8000_0000n, 0x8040_0000n), ['note']],
    [ARM, 'of a page', region(0x8000_0000n, 0x8000_4000n), ['warning']],
  ] as const)('%s, a region %s', (name, _what, range, expected) => {
    expect(severities(name, range)).toEqual(expected);
  });

  test('memory preserved after the end in its block is counted', () => {
    const { memory, address, handover } = original(V73);
    const kept = decodeAt(patched(memory, keep(handover, memory, 0x4000_2000, 1)), address, {
      scratch: [region(0x3fe0_0000n, 0x4000_1000n)],
    });
    expect(found(kept, 'KHO-190')[0]?.message).toMatch(/; 8 KiB after its end in that block are preserved/);
  });
});

describe('the map of kho-v1', () => {
  test('a chunk without bitmaps has an order and no size', () => {
    const chunks = (num: number, order = 20) =>
      damaged(V618, (handover) => [
        ...u64(chunk(handover, -1).address, fresh(0)),
        ...u64(fresh(0), 0),
        ...u32(fresh(0) + 8, order),
        ...u32(fresh(0) + 12, num),
        ...u64(fresh(0) + 16, 0),
        ...u64(fresh(0) + 24, fresh(1)),
        { address: fresh(1), zeroLength: 4096 },
      ]);
    expect(found(chunks(0), 'KHO-134')).toEqual([]);
    expect(found(chunks(1), 'KHO-134')).toHaveLength(1);
    // Blocks of 2^(2^32 - 1) pages are more than any integer holds.
    expect(found(chunks(0, 0xffff_ffff), 'KHO-136')).toEqual([]);
  });

  test('kho_test tells how the bitmaps are to be read, and so who misreads them', () => {
    const { memory, address } = original(V618);
    const over = patched(memory, bootPages(V618, {}));
    const handover = decodeAt(over, address, { setupData: bootData(over) });
    expect(handover.preservedMap?.ambiguous).not.toBe(true);
    expect(found(handover, 'KHO-160', { to: '6.16' })[0]).toMatchObject({ severity: 'error' });
    expect(found(handover, 'KHO-160', { to: '6.18' })).toEqual([]);
  });
});

describe('LUO', () => {
  test("a draft's handler is a warning, and an error for the release that shall take it", () => {
    const draft = damaged(V73, (handover) => text(file(handover).address, 'vfio-pci-v2', 48));
    expect(found(draft, 'LUO-012')).toMatchObject([
      { severity: 'warning', subject: { handler: 'vfio-pci-v2' } },
    ]);
    expect(found(draft, 'LUO-012', { to: '7.3' })).toMatchObject([{ severity: 'error' }]);
    // 7.1 refuses the whole: one finding is enough.
    expect(found(draft, 'LUO-012', { to: '7.1' })).toMatchObject([{ severity: 'warning' }]);
  });

  test('luo-abi-header 0 of luo-v2', () => {
    const { handover } = secondGeneration();
    const luo = { ...sure(handover.luo, 'LUO'), version: 'luo-v2' as const, abiHeader: 0n };
    expect(found({ ...handover, luo }, 'LUO-021')).toMatchObject([
      { location: { property: 'luo-abi-header' } },
    ]);
  });

  test('sessions at 0 take the owner from what is preserved: one finding', () => {
    const { memory, address, handover } = seventh();
    const tree = sure(
      handover.subtrees?.find(({ name }) => name === 'LUO'),
      'LUO',
    );
    const bytes = sure(tree.blob, 'blob').slice();
    const at = sure(handover.luo?.sessionsAddress, 'sessions');
    const view = new DataView(bytes.buffer);
    const offset = bytes.findIndex((_, i) => i + 8 <= bytes.length && view.getBigUint64(i, true) === at);
    const lost = decodeAt(patched(memory, u64(sure(tree.address, 'address') + BigInt(offset), 0)), address, {
      form: 'bitmap-page',
    });
    const { findings } = validate(lost, catalogue);
    expect(findings.map(({ rule }) => rule)).toEqual(['LUO-021']);
  });

  test('7.2 may write a session without a name, 7.3 does not', () => {
    const release = (name: string) =>
      damaged(V73, (handover) => [
        ...text(session(handover).address, '', 64),
        ...text(sure(handover.kexecMetadata?.origin?.address, 'metadata') + 4n, name, 65),
      ]);
    expect(found(release('7.2.1'), 'LUO-007')).toMatchObject([{ severity: 'note' }]);
    expect(found(release('7.3.4'), 'LUO-007')).toMatchObject([{ severity: 'warning' }]);
  });

  test('the counts of FLBs are those of the files that hold them', () => {
    const healthy = original(V73).handover;
    const files = (healthy.luo?.sessions ?? []).reduce((sum, { count }) => sum + count, 0n);
    const count = (value: bigint) => damaged(V73, (handover) => u64(flb(handover, 0) + 56, value));
    for (const [value, rules] of [
      [files, []],
      [files - 1n, ['FLB-008']],
      [files + 1n, ['FLB-006']],
      [0n, ['FLB-004']],
    ] as const) {
      const { findings } = validate(count(value), catalogue);
      expect(findings.map(({ rule }) => rule)).toEqual(rules);
    }
  });
});

test('many blocks without an owner are one finding, a few are told one by one', () => {
  const { memory, address, handover } = original(V73);
  const orphans = (places: number): readonly Finding[] => {
    let over = memory;
    let current = handover;
    for (let i = 0; i < places; i++) {
      over = patched(over, keep(current, over, 0x1000_0000 + i * 0x4000, 0));
      current = decodeAt(over, address);
    }
    return found(current, 'KHO-156');
  };
  expect(orphans(4)).toHaveLength(4);
  const [together, ...more] = orphans(15);
  expect(more).toEqual([]);
  expect(together?.message).toMatch(/15 blocks in 15 places \(60 KiB\)/);
});

describe('lists of LUO', () => {
  /** Rules with errors and warnings that the dump as it was captured does not fail. */
  const broken = (patches: (handover: Handover) => Patches): string[] => {
    const { findings } = validate(damaged(V73, patches), catalogue);
    return findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule);
  };
  const sessionsPa = (handover: Handover): bigint => sure(handover.luo?.origin?.address, 'LUO') + 16n;
  const firstBlock = (handover: Handover): bigint => sure(handover.luo?.sessionsAddress, 'sessions');

  test('what a link within a page leads to is not taken for records', () => {
    expect(broken((handover) => u64(sessionsPa(handover), firstBlock(handover) + 8n))).toEqual(['BLOCK-004']);
    expect(
      damaged(V73, (handover) => u64(sessionsPa(handover), firstBlock(handover) + 8n)).luo?.sessions,
    ).toBe(undefined);
  });

  test('a count beyond the block makes no records of zeros', () => {
    expect(broken((handover) => u64(firstBlock(handover) + 8n, 52))).toEqual(['BLOCK-003']);
    expect(broken((handover) => u64(session(handover).filesAddress + 8n, 64))).toEqual(['BLOCK-003']);
  });

  test('sessions of one name are one finding', () => {
    const [finding, ...others] = found(
      damaged(V73, (handover) => u64(firstBlock(handover) + 8n, 50)),
      'LUO-008',
    );
    expect(others).toEqual([]);
    expect(finding?.message).toBe('sessions 43 and 44 are both named "" (and 5 more)');
  });

  test('without sessions, but with FLBs, which are written after them, what is preserved is lost', () => {
    expect(new Set(broken((handover) => u64(sessionsPa(handover), 0)))).toEqual(
      new Set(['FLB-006', 'KHO-156']),
    );
  });
});

test('a second child of one name is one finding', () => {
  const { memory, address } = original(V73);
  const page = new Uint8Array(4096);
  memory.read(Number(address), page.length, page);
  const name = Buffer.from(page).indexOf('kho_test\0');
  const handover = damaged(V73, () => text(address + BigInt(name), 'memblock'));
  const { findings } = validate(handover, catalogue);
  expect(findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule)).toEqual(['KHO-112']);
});

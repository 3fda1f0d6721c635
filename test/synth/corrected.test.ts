/** What a corrected serialiser of the 2024 series may do and the series' own cannot. */
import { describe, expect, test } from 'vitest';
import { computeMemCache, exactMemCache } from '../../src/abi/mem-cache.js';
import { recordView } from '../../src/abi/record-view.js';
import { KHO_MEM_SIZE, khoMem } from '../../src/records/kho.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { decodeSynthesis } from './accounts.js';

const dump = synthesise(
  planFromSeed({ abi: 'rfc-2024', seed: 1n, guestRam: 640n << 20n, domains: 1, fragmentation: 1 }),
);

describe('mem of more records than the series has room for', () => {
  test('is sound when it lists every table', () => {
    const handover = decodeSynthesis(dump);
    expect(handover.domains?.[0]?.mem?.length).toBeGreaterThan(256);
    expect(validate(handover, catalogue).passed).toContain('DMAR-004');
  });

  test.each([
    ['one record less', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - KHO_MEM_SIZE)],
    [
      'one record twice',
      (bytes: Uint8Array) => Uint8Array.from([...bytes, ...bytes.subarray(0, KHO_MEM_SIZE)]),
    ],
    ['without the top table', (bytes: Uint8Array) => bytes.subarray(KHO_MEM_SIZE)],
  ])('and is an overflow with %s', (_, change) => {
    const handover = decodeSynthesis(dump);
    const [domain] = handover.domains ?? [];
    if (domain?.mem === undefined) throw new Error('no domain');
    domain.mem = recordView(khoMem, change(domain.mem.bytes));
    const { findings } = validate(handover, catalogue);
    expect(findings.map(({ rule }) => rule)).toContain('DMAR-004');
  });
});

describe('the mem cache as the ABI means it', () => {
  const region = { addr: 0x1_0000_0001n, len: 0x100_0000n };

  test("keeps a flagged region exactly, the kernel's a page more", () => {
    expect(exactMemCache([region])).toEqual([region]);
    expect(computeMemCache([region])).toEqual({ entries: [{ addr: region.addr, len: 0x100_0fffn }] });
  });

  test('merges pages without the flag, sorts, and leaves out what is empty or wraps', () => {
    const record = (addr: bigint, len: bigint) => ({ addr, len });
    expect(
      exactMemCache([
        record(0x5000n, 0x1000n),
        region,
        record(0x1010n, 0x20n),
        record(0x2000n, 0x1800n),
        record(0x9000n, 0n),
        record(0xffff_ffff_ffff_f000n, 0x2000n),
        record(0x1_0100_0000n, 0x1000n),
      ]),
    ).toEqual([record(0x1000n, 0x3000n), record(0x5000n, 0x1000n), region, record(0x1_0100_0000n, 0x1000n)]);
  });

  test('passes KHO-009, and KHO-011 with it', () => {
    const { passed } = validate(decodeSynthesis(dump), catalogue);
    expect(passed).toEqual(expect.arrayContaining(['KHO-009', 'KHO-011']));
  });
});

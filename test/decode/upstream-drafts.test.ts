import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/abi/model.js';
import type { Context } from '../../src/decode/upstream/context.js';
import { draftBlob, draftFile, draftFlb } from '../../src/decode/upstream/drafts.js';
import { createReporter } from '../../src/decode/upstream/report.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { hexToBytes } from '../../src/schema/text.js';

/** Memory with hex digits at addresses; blanks are ignored, pages are filled up with zeros. */
function context(parts: Readonly<Record<number, string>>): Context & { diagnostics: Diagnostic[] } {
  const memory = segmentsMemory(
    Object.entries(parts).map(([address, text]) => {
      const bytes = new Uint8Array(4096);
      bytes.set(hexToBytes(text.replaceAll(' ', '')) ?? []);
      return { address: Number(address), bytes };
    }),
    'a test',
  );
  const diagnostics: Diagnostic[] = [];
  return {
    memory,
    pageSize: 4096,
    reporter: createReporter(diagnostics, memory),
    claimed: new Set(),
    diagnostics,
  };
}

const u64 = (value: bigint): string => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};

describe('drafts (upstream 4)', () => {
  test('pci version 1: a block list of devices', () => {
    const reading = context({
      4096: `01000000 02000000 ${u64(0x2000n)}`,
      8192: `${u64(0n)} ${u64(2n)} 00000000 1800 0100 01000000 0203 0000`,
    });
    expect(draftFlb(reading, 'pci', 0x1000n)).toEqual({
      draft: 'pci version 1',
      value: {
        version: 1,
        nrDevices: 2,
        devices: 0x2000n,
        list: [
          { domain: 0, bdf: 0x18, refcount: 1 },
          { domain: 1, bdf: 0x302, refcount: 0 },
        ],
      },
    });
    expect(reading.diagnostics).toEqual([]);
  });

  test('pci version 2: the same bytes', () => {
    const reading = context({
      4096: `02000000 01000000 ${u64(0x2000n)}`,
      8192: `${u64(0n)} ${u64(1n)} 00000000 1800 0300`,
    });
    expect(draftFlb(reading, 'pci', 0x1000n)).toMatchObject({
      draft: 'pci version 2',
      value: { nrDevices: 1, list: [{ domain: 0, bdf: 0x18, refcount: 3 }] },
    });
    expect(
      draftFlb(context({ 4096: `02000000 01000000 ${u64(0x9000n)}` }), 'pci', 0x1000n)?.absent,
    ).toBeUndefined();
  });

  test('another version of pci is not guessed at', () => {
    expect(draftFlb(context({ 4096: '03000000' }), 'pci', 0x1000n)).toEqual({
      draft: 'pci version 3, not decoded',
      value: { version: 3 },
    });
  });

  test('iommu-liveupdate version 1: units, domains, devices', () => {
    const domain = `01000000 02000000 ${u64(0x77000n)} ${u64(4n)} 30000000 01 000000 ${u64(0xdeadn)}`;
    const reading = context({
      4096: `${u64(1n)} ${u64(0n)} ${u64(0x2000n)} ${u64(0n)}`,
      8192: `${u64(0x3000n)} ${u64(1n)} ${domain}`,
      12288: `${u64(0n)} ${u64(1n)} ${domain}`,
    });
    const draft = draftFlb(reading, 'iommu-liveupdate', 0x1000n);
    const expected = { refCount: 1, flags: 2, topTable: 0x77000n, topLevel: 4n, vasz: 48, signExtend: 1 };
    expect(draft?.value).toMatchObject({ iommuList: [], domainList: [expected, expected], deviceList: [] });
    expect(reading.diagnostics).toEqual([]);
  });

  test('a chain of objects that loops ends, and is reported', () => {
    const reading = context({
      4096: `${u64(1n)} ${u64(0n)} ${u64(0x2000n)} ${u64(0n)}`,
      8192: `${u64(0x2000n)} ${u64(0n)}`,
    });
    expect(draftFlb(reading, 'iommu-liveupdate', 0x1000n)?.value.domainList).toEqual([]);
    expect(reading.diagnostics.map(({ code }) => code)).toEqual(['draft-chain']);
  });

  test('vfio-pci, iommufd, huge memfds', () => {
    const reading = context({
      4096: '05000000 1800 01',
      8192: `${u64(1n)} ${u64(0x9000n)} ${u64(7n)} 01`,
      12288: `${u64(0x200000n)} ${u64(5n)} ${u64(1n)} ${u64(0x4000n)} 01000000 0100 0000 09`,
    });
    expect(draftFile(reading, 'vfio-pci-v2', 0x1000n, 'f')?.value).toEqual({
      domain: 5,
      bdf: 0x18,
      resetWorks: 1,
    });
    expect(draftFile(reading, 'vfio-pci-v1', 0x1000n, 'f')?.value).toEqual({
      early: { bdf: 5, domain: 0, resetWorks: 0x18 },
      later: { domain: 5, bdf: 0x18 },
    });
    expect(draftFile(reading, 'iommufd-v1', 0x2000n, 'f')?.value).toEqual({
      count: 1n,
      list: [{ domain: 0x9000n, token: 7n, reclaimed: 1 }],
    });
    expect(draftFile(reading, 'huge-memfd-v1', 0x3000n, 'f')?.value).toMatchObject({
      size: 0x200000n,
      pos: 5n,
      order: 9,
    });
    expect(draftFile(reading, 'unheard-of', 0x1000n, 'f')).toBeUndefined();
    expect(reading.diagnostics).toEqual([]);
    // Its name is known, so it is not an unknown handler.
    for (const handler of ['vfio-pci-v1', 'vfio-pci-v2', 'iommufd-v1', 'huge-memfd-v1'])
      expect(draftFile(reading, handler, 0x9000n, 'f')).toMatchObject({ absent: true, value: {} });
    expect(reading.diagnostics.map(({ code }) => code)).toEqual(Array(4).fill('memory-absent'));
  });

  test('pstore-kho', () => {
    const blob = new Uint8Array(64);
    blob[0] = 1;
    blob[8] = 20;
    expect(draftBlob('pstore-kho', blob)).toMatchObject({
      draft: 'pstore-kho version 1',
      value: { size: 20n },
    });
    expect(draftBlob('something', blob)).toBeUndefined();
    expect(draftBlob('pstore-kho', blob.subarray(0, 43))).toBeUndefined();
  });
});

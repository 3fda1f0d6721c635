/** Every form of every structure, from bytes that are written down here field by field (upstream 4.3 to 4.10). */
import { describe, expect, test } from 'vitest';
import type { Subtree } from '../../src/abi/model.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { attachBlob } from '../../src/decode/structures/attach.js';
import { createReporter } from '../../src/decode/upstream/report.js';
import { concat } from '../memory/bytes.js';
import { attached, le, memoryOf, words } from './hand.js';

const NOTHING = { missing: [], diagnostics: [] };

describe('IOMMU state', () => {
  /** Objects of the last form. */
  const unitD = (type: number, ...vendor: (readonly [number, bigint | number])[]): Uint8Array =>
    le([4, 1], [4, 0], [8, 0xfed90000], [8, type], ...vendor);
  const domainD = le([4, 1], [4, 0], [8, 0x77000], [8, 3], [4, 48], [1, 1], [3, 0], [8, 0]);
  const deviceD = (...vendor: (readonly [number, bigint | number])[]): Uint8Array =>
    le([4, 1], [4, 0], [4, 0x18], [4, 1], [8, 0x22], [8, 5], [8, 0x3010], [8, 0x2010], ...vendor);

  test('iommu-liveupdate version 1, Intel', () => {
    const { iommu, ...rest } = attached(
      {
        4096: words(8, 1, 0x2000, 0x3000, 0x4000),
        8192: concat(words(8, 0, 1), unitD(1, [8, 0], [8, 0xfed90000], [8, 0x99000], [8, 0x555], [56, 0])),
        12288: concat(words(8, 0x5000, 1), domainD),
        16384: concat(words(8, 0, 1), deviceD([8, 0], [8, 0x88000], [8, 0x8000])),
        20480: concat(words(8, 0, 1), le([4, 1], [4, 1], [32, 0])),
      },
      { flbs: [['iommu-liveupdate', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    expect(rest.luo.flbs?.[0]).toMatchObject({ draft: { draft: 'iommu-liveupdate version 1' } });
    expect(iommu).toMatchObject({
      form: 'iommu-liveupdate',
      version: 1n,
      units: {
        items: [
          {
            address: 0x2010n,
            refCount: 1,
            deleted: false,
            incoming: false,
            token: 0xfed90000n,
            type: 1n,
            intel: {
              regBase: 0xfed90000n,
              rootTable: 0x99000n,
              contextTables: [0x555n, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
            },
          },
        ],
        pages: [{ address: 0x2000n, count: 1n, next: 0n }],
      },
      domains: {
        items: [
          { address: 0x3010n, topTable: 0x77000n, topLevel: 3n, vasz: 48, signExtend: 1 },
          { address: 0x5010n, deleted: true, topTable: 0n },
        ],
        pages: [
          { address: 0x3000n, count: 1n, next: 0x5000n },
          { address: 0x5000n, count: 1n, next: 0n },
        ],
      },
      devices: {
        items: [
          {
            segment: 1,
            bdf: 0x18,
            domain: 0x3010n,
            unit: 0x2010n,
            attachmentId: 5n,
            dmaOwnerToken: 0x22n,
            intel: { pasidTable: 0x88000n, maxPasid: 0x8000n },
          },
        ],
      },
    });
    expect(iommu?.units.items[0]).not.toHaveProperty('vendor');
    expect(iommu?.domains.items[0]).not.toHaveProperty('restoredDomain');
  });

  test('iommu-liveupdate version 1, SMMUv3, and a unit whose type says nothing', () => {
    const { iommu, ...rest } = attached(
      {
        4096: words(8, 1, 0x2000, 0, 0x4000),
        8192: concat(
          words(8, 0, 2),
          unitD(2, [8, 0x9050000], [8, 0x10], [8, 0x91000], [8, 0x92000], [56, 0]),
          unitD(7, [8, 0xabn], [80, 0]),
        ),
        16384: concat(
          words(8, 0, 2),
          deviceD([8, 0x93001], [4, 3], [4, 0], [8, 0x94000]),
          le([4, 1], [4, 0], [4, 0x20], [4, 0], [8, 0], [8, 0], [8, 0], [8, 0x2010 + 112], [24, 0x55]),
        ),
      },
      { flbs: [['iommu-liveupdate', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    const [unit, other] = iommu?.units.items ?? [];
    expect(unit?.smmuv3).toEqual({
      address: 0x2010n + 24n,
      regBase: 0x9050000n,
      strtabBaseCfg: 0x10n,
      l1State: 0x91000n,
      l2States: 0x92000n,
    });
    expect(unit).not.toHaveProperty('intel');
    expect(other?.vendor?.[0]).toBe(0xab);
    const [device, vague] = iommu?.devices.items ?? [];
    expect(device?.smmuv3).toMatchObject({ l1Cdtab: 0x93001n, numL2: 3, l2States: 0x94000n });
    expect(vague?.vendor?.[0]).toBe(0x55);
  });

  test('iommu-liveupdate-v1: 37, 56 and 112 bytes', () => {
    const { iommu, ...rest } = attached(
      {
        4096: words(8, 0x2000, 0x3000, 0x4000),
        8192: concat(words(8, 0, 1), unitD(1, [8, 0], [8, 0xfed90000], [8, 0x99000], [64, 0])),
        12288: concat(
          words(8, 0, 2),
          le([4, 1], [4, 0], [8, 0x77000], [8, 2], [4, 39], [1, 1], [8, 0xdead]),
          le([4, 1], [4, 0], [8, 0x78000], [8, 2], [4, 39], [1, 0], [8, 0]),
        ),
        16384: concat(
          words(8, 0, 1),
          le([4, 1], [4, 0], [4, 0x18], [4, 0], [8, 5], [8, 0x3010 + 37], [8, 0x2010], [8, 0], [8, 0]),
        ),
      },
      { flbs: [['iommu-liveupdate-v1', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    expect(iommu).toMatchObject({
      form: 'iommu-liveupdate-v1',
      domains: {
        items: [
          { signExtend: 1, vasz: 39, topLevel: 2n, restoredDomain: 0xdeadn },
          { address: 0x3010n + 37n, signExtend: 0, topTable: 0x78000n },
        ],
      },
      devices: { items: [{ domain: 0x3010n + 37n, intel: { pasidTable: 0n, maxPasid: 0n } }] },
    });
    expect(iommu).not.toHaveProperty('version');
  });

  /** iommu-v1 as posted: 33, 49 and 37 bytes. */
  const list = {
    4096: words(8, 0x2000, 1, 0x3000, 2, 0x4000, 1),
    8192: concat(
      words(8, 0, 1),
      le([4, 0], [4, 1], [1, 0], [8, 0xfed90000], [4, 1], [8, 0xfed90000], [8, 0x99000]),
    ),
    12288: concat(
      words(8, 0, 2),
      le([4, 0], [4, 1], [1, 0], [8, 0x77000], [8, 2], [8, 0]),
      le([4, 1], [4, 0], [1, 1], [8, 0x78000], [8, 2], [8, 0]),
    ),
    16384: concat(
      words(8, 0, 1),
      le([4, 0], [4, 1], [1, 2], [8, 0x66], [4, 0x18], [4, 0], [4, 5], [8, 0x3010], [8, 0x2010], [4, 1]),
    ),
  };
  /** iommu-v1 of the early branch: 41, 53 and 48 bytes. */
  const early = {
    4096: words(8, 0x2000, 1, 0x3000, 2, 0x4000, 1),
    8192: concat(
      words(8, 0, 1),
      le([4, 0], [4, 1], [1, 0], [7, 0], [8, 0xfed90000], [4, 1], [8, 0xfed90000], [8, 0x99000], [4, 0]),
    ),
    12288: concat(
      words(8, 0, 2),
      le([4, 0], [4, 1], [1, 0], [8, 0x77000], [8, 2], [8, 1], [8, 0]),
      le([4, 1], [4, 1], [1, 0], [8, 0x78000], [8, 2], [8, 0], [8, 0]),
    ),
    16384: concat(
      words(8, 0, 1),
      le(
        [4, 0],
        [4, 1],
        [1, 0],
        [8, 0x66],
        [4, 0x18],
        [4, 0],
        [4, 5],
        [4, 0],
        [8, 0x3010 + 41],
        [8, 0x2010],
        [4, 1],
      ),
    ),
  };

  test('iommu-v1 as posted', () => {
    const { iommu, ...rest } = attached(list, { flbs: [['iommu-v1', 0x1000]] });
    expect(rest).toMatchObject(NOTHING);
    expect(iommu).toMatchObject({
      form: 'iommu-v1-list',
      nrUnits: 1n,
      nrDomains: 2n,
      nrDevices: 1n,
      units: { items: [{ idx: 0, token: 0xfed90000n, type: 1n, intel: { rootTable: 0x99000n } }] },
      domains: { items: [{ topTable: 0x77000n }, { idx: 1, deleted: true }] },
      devices: {
        items: [
          {
            incoming: true,
            token: 0x66n,
            bdf: 0x18,
            attachmentId: 5n,
            domain: 0x3010n,
            unit: 0x2010n,
            type: 1n,
          },
        ],
      },
    });
    expect(iommu).not.toHaveProperty('undecided');
  });

  test('iommu-v1 of the early branch', () => {
    const { iommu, ...rest } = attached(early, { flbs: [['iommu-v1', 0x1000]] });
    expect(rest).toMatchObject(NOTHING);
    expect(iommu).toMatchObject({
      form: 'iommu-v1-early',
      units: {
        items: [{ token: 0xfed90000n, type: 1n, intel: { regBase: 0xfed90000n, rootTable: 0x99000n } }],
      },
      domains: {
        items: [
          { topTable: 0x77000n, attachCount: 1n },
          { idx: 1, topTable: 0x78000n },
        ],
      },
      devices: { items: [{ domain: 0x3010n + 41n, unit: 0x2010n, attachmentId: 5n }] },
    });
  });

  test('iommu-v1 without an object is undecided, and said so', () => {
    const empty = words(8, 0, 0);
    const { iommu, luo, diagnostics } = attached(
      { 4096: words(8, 0x2000, 0, 0x3000, 0, 0x4000, 0), 8192: empty, 12288: empty, 16384: empty },
      { flbs: [['iommu-v1', 0x1000]] },
    );
    expect(iommu?.undecided).toEqual(['iommu-v1-early']);
    expect(luo.flbs?.[0]?.draft?.draft).toMatch(/bytes do not show/);
    expect(diagnostics.map(({ code }) => code)).toEqual(['structure-form']);
  });

  test('an unknown version is not guessed at', () => {
    const { iommu, luo } = attached({ 4096: words(8, 9, 0, 0, 0) }, { flbs: [['iommu-liveupdate', 0x1000]] });
    expect(iommu).toBeUndefined();
    expect(luo.flbs?.[0]?.draft?.draft).toBe('iommu-liveupdate version 9, not decoded');
  });

  test('a loop ends, a count beyond the page does not make objects of zeros, absence is told', () => {
    const { iommu, diagnostics, missing } = attached(
      {
        4096: words(8, 1, 0x2000, 0x3000, 0x9000),
        8192: words(8, 0x2000, 0),
        12288: concat(words(8, 0, 2 ** 40), domainD),
      },
      { flbs: [['iommu-liveupdate', 0x1000]] },
    );
    expect(iommu?.units).toMatchObject({ items: [], damaged: true });
    expect(iommu?.domains).toMatchObject({ items: [{ topTable: 0x77000n }], damaged: true });
    expect(iommu?.devices).toMatchObject({ items: [], missing: { address: 0x9000n } });
    expect(diagnostics.map(({ code }) => code)).toEqual(['page-shared', 'page-count', 'memory-absent']);
    expect(missing).toMatchObject([{ part: 'iommu', address: 0x9000n, owner: 0x1000n }]);
  });

  test('a second state of a kind is at its FLB', () => {
    const states = { 4096: words(8, 1, 0, 0, 0), 8192: words(8, 0, 0, 0) };
    const { iommu, luo } = attached(states, {
      flbs: [
        ['iommu-liveupdate', 0x1000],
        ['iommu-liveupdate-v1', 0x2000],
      ],
    });
    expect(iommu?.form).toBe('iommu-liveupdate');
    expect(luo.flbs?.[0]?.iommu).toBeUndefined();
    expect(luo.flbs?.[1]?.iommu?.form).toBe('iommu-liveupdate-v1');
  });
});

describe('iommufd-v1', () => {
  const state = { 36864: words(8, 1, 0, 0xa000, 0), 40960: concat(words(8, 0, 1), new Uint8Array(40)) };
  const flbs = [['iommu-liveupdate', 0x9000]] as const;

  test('later form, with more than a page of page tables', () => {
    const entries = Array.from({ length: 222 }, (_, i) => le([8, 0xa010], [8, i], [1, 0], [7, 0]));
    const { files, ...rest } = attached(
      { ...state, 65536: concat(words(8, 222), ...entries) },
      { flbs, files: [['iommufd-v1', 0x10000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    const { iommufd } = files[0] as { iommufd?: { hwpts: { items: unknown[] } } };
    expect(iommufd).toMatchObject({ form: 'iommufd-v1', nrHwpts: 222n });
    expect(iommufd?.hwpts.items).toHaveLength(222);
    expect(iommufd?.hwpts.items[221]).toEqual({
      address: 0x10000n + 8n + 24n * 221n,
      domain: 0xa010n,
      token: 221n,
      reclaimed: 0,
    });
  });

  test('list form: 13-byte entries', () => {
    const { files, ...rest } = attached(
      { 4096: concat(words(4, 2), le([4, 7], [8, 0x5010], [1, 1]), le([4, 8], [8, 0x5038], [1, 0])) },
      { files: [['iommufd-v1', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    expect(files[0]).toMatchObject({
      iommufd: {
        form: 'iommufd-v1-list',
        nrHwpts: 2n,
        hwpts: {
          items: [
            { address: 0x1004n, domain: 0x5010n, token: 7n, reclaimed: 1 },
            { address: 0x1011n, domain: 0x5038n, token: 8n, reclaimed: 0 },
          ],
        },
      },
    });
  });

  test('one page table with token 0 reads the same in both: the IOMMU state tells, or nothing does', () => {
    const record = { 4096: le([8, 1], [8, 0xa010], [8, 0], [8, 0]) };
    const files = [['iommufd-v1', 0x1000]] as const;
    const told = attached({ ...state, ...record }, { flbs, files });
    expect(told.files[0]).toMatchObject({ iommufd: { form: 'iommufd-v1' } });
    expect(told.files[0]).not.toHaveProperty('iommufd.undecided');
    const alone = attached(record, { files });
    expect(alone.files[0]).toMatchObject({ iommufd: { undecided: ['iommufd-v1-list'] } });
  });

  test('none at all; and a count that memory does not hold', () => {
    const { files, missing } = attached(
      { ...state, 4096: words(8, 0), 8192: words(8, 400) },
      {
        flbs,
        files: [
          ['iommufd-v1', 0x1000],
          ['iommufd-v1', 0x2000],
        ],
      },
    );
    expect(files[0]).toMatchObject({ iommufd: { hwpts: { items: [] } } });
    expect(files[1]).toMatchObject({
      iommufd: { nrHwpts: 400n, hwpts: { missing: { address: 0x2000n + 8n + 170n * 24n } } },
    });
    expect(missing).toMatchObject([{ part: 'iommufd' }]);
  });
});

describe('vfio-pci', () => {
  const pci = {
    36864: le([4, 1], [4, 1], [8, 0xa000]),
    40960: concat(words(8, 0, 1), le([4, 0], [2, 0x18], [2, 1])),
  };
  const flbs = [['pci', 0x9000]] as const;
  const first = { 36864: concat(words(8, 4, 1), le([2, 0], [2, 0x18])) };

  test.each<[string, Uint8Array, object]>([
    ['vfio-pci-v2', le([4, 0x10000], [2, 0x18], [1, 1]), { segment: 0x10000, bdf: 0x18, resetWorks: 1 }],
    ['vfio-pci-v1', le([4, 0], [2, 0x18]), { form: 'vfio-pci-v1', segment: 0, bdf: 0x18 }],
  ])('%s', (handler, bytes, expected) => {
    const { files, ...rest } = attached({ ...pci, 4096: bytes }, { flbs, files: [[handler, 0x1000]] });
    expect(rest).toMatchObject(NOTHING);
    expect(files[0]).toMatchObject({ vfioPci: expected });
    expect(files[0]).not.toHaveProperty('vfioPci.undecided');
  });

  test('vfio-pci-v1, first form, with and without a token', () => {
    const { files, ...rest } = attached(
      { ...first, 4096: le([2, 0x18], [2, 0], [1, 1]), 8192: le([2, 0x18], [2, 0], [1, 1], [4, 0x22]) },
      {
        flbs: [['pci-v1', 0x9000]],
        files: [
          ['vfio-pci-v1', 0x1000],
          ['vfio-pci-v1', 0x2000],
        ],
      },
    );
    expect(rest).toMatchObject({ missing: [] });
    expect(files[1]).toMatchObject({
      vfioPci: { form: 'vfio-pci-v1-iommufd', segment: 0, bdf: 0x18, resetWorks: 1, token: 0x22n },
    });
    // Without a token nothing tells whether there is room for one.
    expect(files[0]).toMatchObject({ vfioPci: { segment: 0, bdf: 0x18, resetWorks: 1 } });
  });

  test('vfio-pci-v1 without a PCI state: what both forms allow is undecided', () => {
    const { files, diagnostics } = attached(
      { 4096: le([4, 1], [2, 0x0001]) },
      { files: [['vfio-pci-v1', 0x1000]] },
    );
    expect(files[0]).toHaveProperty('vfioPci.undecided');
    expect(diagnostics.map(({ code }) => code)).toEqual(['structure-form']);
  });

  test('a record that is not in the dump is known by name', () => {
    const handlers = ['vfio-pci-v1', 'vfio-pci-v2', 'iommufd-v1', 'huge-memfd-v1', 'kvm_vm_luo_v1'];
    const { files, diagnostics, missing } = attached({}, { files: handlers.map((name) => [name, 0x1000]) });
    for (const file of files) expect(file).toMatchObject({ draft: { absent: true } });
    expect(diagnostics.map(({ code }) => code)).toEqual(handlers.map(() => 'memory-absent'));
    expect(missing?.map(({ part }) => part)).toEqual(
      expect.arrayContaining(['vfio', 'vfio', 'iommufd', 'draft', 'draft']),
    );
  });
});

describe('PCI state', () => {
  test.each([1, 2])('pci version %d: a block list', (version) => {
    const { pci, ...rest } = attached(
      {
        4096: le([4, version], [4, 2], [8, 0x2000]),
        8192: concat(words(8, 0, 2), le([4, 0], [2, 0x18], [2, version], [4, 1], [2, 0x302], [2, 0])),
      },
      { flbs: [['pci', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    expect(pci).toMatchObject({
      form: `pci-version-${version}`,
      version,
      nrDevices: 2n,
      devices: {
        items: [
          { segment: 0, bdf: 0x18, refcount: version },
          { segment: 1, bdf: 0x302, refcount: 0 },
        ],
      },
    });
  });

  test.each<[string, string, Uint8Array, object[]]>([
    [
      'pci-v1',
      'pci-v1-wide',
      concat(words(8, 8, 2), words(2, 0, 0x18, 1, 0x302)),
      [
        { segment: 0, bdf: 0x18 },
        { segment: 1, bdf: 0x302 },
      ],
    ],
    [
      'pci-v1',
      'pci-v1',
      concat(words(4, 8, 2), le([4, 0], [2, 0x18], [2, 0], [4, 1], [2, 0x302], [2, 0])),
      [
        { segment: 0, bdf: 0x18 },
        { segment: 1, bdf: 0x302 },
      ],
    ],
    [
      'pci-v2',
      'pci-v2',
      concat(words(4, 8, 1), le([4, 0], [2, 0x18], [2, 1])),
      [{ segment: 0, bdf: 0x18, refcount: 1 }],
    ],
    [
      'pci-v3',
      'pci-v3',
      concat(words(4, 8, 1), le([4, 0], [2, 0x18], [2, 3])),
      [{ segment: 0, bdf: 0x18, refcount: 3 }],
    ],
  ])('%s, form %s', (name, form, bytes, items) => {
    const { pci, ...rest } = attached({ 4096: bytes }, { flbs: [[name, 0x1000]] });
    expect(rest).toMatchObject(NOTHING);
    expect(pci).toMatchObject({ form, maxNrDevices: 8n, devices: { items } });
    expect(pci).not.toHaveProperty('undecided');
  });

  test('another version of pci is not guessed at', () => {
    const { luo } = attached({ 4096: le([4, 3]) }, { flbs: [['pci', 0x1000]] });
    expect(luo.flbs?.[0]?.draft?.draft).toBe('pci version 3, not decoded');
  });
});

describe('memory and virtual machines', () => {
  /** One list page with one run, and one entry in it. */
  const area = {
    32768: words(8, 0, 0x9000),
    36864: le([8, (3n << 52n) | 0x1234n], [8, 7]),
  };
  const descriptor = le([8, 0x8000], [4, 1], [2, 1], [2, 0]);

  test('hugetlb-v1: 37 bytes', () => {
    const { luo, ...rest } = attached(
      { 4096: le([8, 16], [1, 9], [8, 2], [1, 18], [18, 0], [1, 2]) },
      { flbs: [['hugetlb-v1', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    expect(luo.flbs?.[0]?.hugetlb).toMatchObject({
      nrHstates: 2,
      hstates: {
        items: [
          { nrPages: 16n, order: 9 },
          { address: 0x1009n, nrPages: 2n, order: 18 },
        ],
      },
    });
  });

  test('huge-memfd-v1: 41 bytes, size first', () => {
    const { files, ...rest } = attached(
      { ...area, 4096: concat(words(8, 0x200000, 5, 1), descriptor, le([1, 9])) },
      { files: [['huge-memfd-v1', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    const { hugeMemfd } = files[0] as never as { hugeMemfd: { folios: { runs(): Iterable<unknown> } } };
    expect(hugeMemfd).toMatchObject({ size: 0x200000n, pos: 5n, nrFolios: 1n, order: 9 });
    expect([...hugeMemfd.folios.runs()]).toEqual([{ pfn: 0x1234n, flags: 3, index: 7n, count: 1, step: 1 }]);
  });

  test('guest_memfd_luo_v1: 48 bytes', () => {
    const { files, ...rest } = attached(
      { ...area, 4096: concat(words(8, 0x1000, 2, 1, 0x44), descriptor) },
      { files: [['guest_memfd_luo_v1', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    expect(files[0]).toMatchObject({
      guestMemfd: { size: 0x1000n, flags: 2n, mmap: false, initShared: true, vmToken: 0x44n, nrFolios: 1n },
    });
  });

  test('kvm_vm_luo_v1, both forms', () => {
    const { files, ...rest } = attached(
      {
        4096: words(8, 1),
        8192: words(8, 1, 0x3000),
        12288: words(8, 2, 0x5000, 0x6000),
      },
      {
        files: [
          ['kvm_vm_luo_v1', 0x1000],
          ['kvm_vm_luo_v1', 0x2000],
        ],
      },
    );
    expect(rest.missing).toEqual([]);
    expect(files[0]).toMatchObject({ kvmVm: { type: 1n } });
    expect(files[1]).toMatchObject({
      kvmVm: {
        form: 'kvm_vm_luo_v1',
        foliosAddress: 0x3000n,
        folios: { nrFolios: 2n, list: { items: [{ folio: 0x5000n }, { folio: 0x6000n }] } },
      },
    });
  });

  test('kvm_vcpu_luo_v1 with its control block', () => {
    const { files, ...rest } = attached(
      {
        4096: le([4, 3], [4, 1], [8, 0x44], [8, 0x7000], [8, 0x2000]),
        8192: le([4, 1], [4, 9], [4, 3], [4, 0], [8, 0x3000]),
        12288: words(8, 1, 2, 3, 4, 5, 6, 7),
      },
      { files: [['kvm_vcpu_luo_v1', 0x1000]] },
    );
    expect(rest).toMatchObject(NOTHING);
    expect(files[0]).toMatchObject({
      kvmVcpu: {
        vcpuId: 3,
        caretaker: true,
        vmToken: 0x44n,
        archState: 0x7000n,
        controlBlock: {
          state: 1,
          pcpuId: 9,
          telemetry: { counters: [1n, 2n, 3n, 4n, 5n, 6n, 7n] },
        },
      },
    });
  });
});

test('composite strings name the same record', () => {
  const { files } = attached(
    { 4096: le([4, 0], [2, 0x18], [1, 1]) },
    { files: [['vfio-pci-v2;block-v1;vmalloc-v1', 0x1000]] },
  );
  expect(files[0]).toMatchObject({ vfioPci: { bdf: 0x18 } });
});

describe('pstore-kho', () => {
  function child(blob: Uint8Array, compatible?: string, property?: Uint8Array): Subtree {
    const memory = memoryOf({ 20480: le([8, 9], [8, 1000], [8, 5], [4, -1], [4, 3], [4, 1], [1, 1]) });
    const subtree: Subtree = { name: 'pstore-kho', address: 0x3000n, blob };
    const reporter = createReporter([], memory);
    attachBlob(subtree, { memory, pageSize: 4096, reporter, claimed: new Set() }, compatible, () => property);
    return subtree;
  }

  test('version 1', () => {
    const blob = le([4, 1], [4, 0], [8, 20], [8, 1000], [4, 5], [4, 1], [4, 2], [4, 1], [4, 0], [20, 0]);
    expect(child(blob)).toMatchObject({
      draft: { draft: 'pstore-kho version 1' },
      pstore: {
        version: 1,
        size: 20n,
        timeSec: 1000n,
        timeNsec: 5n,
        count: 1,
        reason: 2,
        part: 1,
        compressed: 0,
      },
    });
    expect(child(blob.subarray(0, 43)).draft).toBeUndefined();
    expect(child(le([4, 2], [60, 0])).draft).toBeUndefined();
  });

  test('the older form, with a tree', () => {
    expect(child(new Uint8Array(64), 'pstore-kho-v1', words(8, 0x5000))).toMatchObject({
      draft: { draft: 'pstore-kho-v1' },
      pstore: {
        address: 0x5000n,
        size: 9n,
        timeSec: 1000n,
        timeNsec: 5n,
        count: -1,
        reason: 3,
        compressed: 1,
      },
    });
  });
});

test('nothing is decoded of a blob without memory', () => {
  expect(decodeHandover(new Uint8Array(8)).iommu).toBeUndefined();
});

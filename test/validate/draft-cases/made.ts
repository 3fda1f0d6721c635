/** Valid dumps of drafts that were not captured: documents, laid out by the encoder. */
import { type Document, documentOf, placed, type Variant } from '../variants.js';

export type MadeName =
  | 'made iommu-v1'
  | 'made many domains'
  | 'made many domains, v1'
  | 'made memory and kvm'
  | 'made pci-v1'
  | 'made pci-v3'
  | 'made pstore'
  | 'made smmuv3';

/** Pages that nothing of the base document has. */
const FREE = 0x1_8000_0000;
const at = (page: number): string => `0x${(FREE + page * 4096).toString(16)}`;

let base: Document;
let bare: Document;

/** What all of them hand over besides; not changed by any. */
function baseDocument(): Document {
  base ??= documentOf('linux-7.3-live-update');
  return base;
}

/** The same without the pages of its own files. */
function bareDocument(): Document {
  bare ??= withoutFiles(baseDocument());
  return bare;
}

function withoutFiles(document: Document): Document {
  const gone = fileStretches(document);
  const pages = document.preserved.pages.filter(({ address }: { address: string }) => {
    const place = Number(address);
    return !gone.some(([first, last]) => place >= first && place <= last);
  });
  return { ...document, preserved: { ...document.preserved, pages } };
}

/** A handover of these sessions and FLBs, and pages that it keeps besides: [page, order]. */
function handing(
  { flbs, sessions, ...top }: Document,
  pages: readonly (readonly [page: number, order: number])[],
): Variant {
  const document = bareDocument();
  return placed({
    ...document,
    ...top,
    preserved: {
      ...document.preserved,
      pages: [...document.preserved.pages, ...pages.map(([page, order]) => ({ address: at(page), order }))],
    },
    luo: { ...document.luo, sessions, flbs },
  });
}

/** Stretches of the base's own files, which are gone: [first, last] address. */
function fileStretches({ luo, pageSize }: Document): [number, number][] {
  return luo.sessions.flatMap(({ files = [] }: Document) =>
    files.flatMap(({ memfd }: Document) =>
      (memfd?.folios ?? []).map(({ pfn, count = 1, step = 1 }: Document) => {
        const first = Number(pfn) * pageSize;
        return [first, first + (count - 1) * step * pageSize];
      }),
    ),
  );
}

const OBJECT = { refCount: 1, flags: 0 };
const UNITS = 0;
const DOMAINS = 1;
const DEVICES = 2;
const ROOT = 3;
const TOPS = 4;
const hex = (value: number): string => `0x${value.toString(16)}`;
const objectAt = (page: number, index: number, size: number): string =>
  hex(FREE + page * 4096 + 16 + index * size);

/** iommu-v1 as posted in February 2026, its devices on bus 0, with the VFIO and PCI forms of that time. */
function firstPosting(): Variant {
  return handing(
    {
      iommu: {
        form: 'iommu-v1-list',
        unitsAddress: at(UNITS),
        unitsPages: [{ address: at(UNITS), count: '0x1' }],
        units: [
          {
            ...OBJECT,
            idx: 0,
            refCount: 2,
            token: '0xfed90000',
            type: '0x1',
            regBase: '0xfed90000',
            rootTable: at(ROOT),
          },
        ],
        domainsAddress: at(DOMAINS),
        domainsPages: [{ address: at(DOMAINS), count: '0x2' }],
        domains: [0, 1].map((i) => ({ ...OBJECT, idx: i, topTable: at(TOPS + i), topLevel: '0x3' })),
        devicesAddress: at(DEVICES),
        devicesPages: [{ address: at(DEVICES), count: '0x2' }],
        devices: [0, 1].map((i) => ({
          ...OBJECT,
          idx: i,
          token: hex(0x60 + i),
          bdf: `00:0${3 + i}.0`,
          segment: 0,
          attachmentId: hex(5 + i),
          domain: objectAt(DOMAINS, i, 33),
          unit: objectAt(UNITS, 0, 37),
          type: '0x1',
        })),
      },
      pci: {
        form: 'pci-v1-wide',
        maxNrDevices: '0x8',
        devices: [0, 1].map((i) => ({ segment: 0, bdf: `00:0${3 + i}.0` })),
      },
      flbs: [
        { name: 'iommu-v1', count: '0x1' },
        { name: 'pci-v1', count: '0x2' },
      ],
      sessions: [
        {
          name: 'vm',
          files: [
            {
              compatible: 'iommufd-v1',
              token: '0x22',
              iommufd: {
                form: 'iommufd-v1-list',
                hwpts: [0, 1].map((i) => ({
                  token: hex(7 + i),
                  domain: objectAt(DOMAINS, i, 33),
                  reclaimed: 0,
                })),
              },
            },
            ...[0, 1].map((i) => ({
              compatible: 'vfio-pci-v1',
              token: hex(0x31 + i),
              vfioPci: {
                form: 'vfio-pci-v1-iommufd',
                segment: 0,
                bdf: `00:0${3 + i}.0`,
                resetWorks: 1,
                token: '0x22',
              },
            })),
          ],
        },
      ],
    },
    [
      [UNITS, 0],
      [DOMAINS, 0],
      [DEVICES, 0],
      [ROOT, 0],
      [TOPS, 0],
      [TOPS + 1, 0],
    ],
  );
}

/** Bytes of a domain and of a unit of a form. */
const SIZES = {
  'iommu-liveupdate': [40, 112],
  'iommu-liveupdate-v1': [37, 112],
} as const;

/** Domains of the made state: more than a page of any form holds. */
const MANY = 222;

/**
 * Scalable mode: 222 page tables of 39 bits, the last three with a device each on two segments, a PASID directory of two
 * pages, and objects that a session has left that was cancelled.
 */
function manyDomains(form: keyof typeof SIZES): Variant {
  const [domainSize, unitSize] = SIZES[form];
  const capacity = Math.floor((4096 - 16) / domainSize);
  const pages = Math.ceil((MANY + 1) / capacity);
  const domains = (page: number) => 10 + page;
  const top = 20;
  const directory = 512;
  const domainAt = (i: number) => objectAt(domains(Math.floor(i / capacity)), i % capacity, domainSize);
  const unitAt = (i: number) => objectAt(UNITS, i, unitSize);
  const stale = { refCount: 1, flags: 1 };
  const names = [
    { segment: 0, bdf: '02:00.0', unit: 1 },
    { segment: 0, bdf: '00:1f.3', unit: 1 },
    { segment: 1, bdf: '02:10.0', unit: 2 },
  ];
  const unit = (token: string, refCount: number, bits: string) => ({
    refCount,
    flags: 0,
    token,
    type: '0x1',
    regBase: token,
    rootTable: at(ROOT),
    contextTables: [bits, ...Array.from({ length: 7 }, () => '0x0')],
  });
  const owner = form === 'iommu-liveupdate' ? { dmaOwnerToken: '0x22' } : {};
  const attached = (i: number) => MANY - names.length + i;
  return handing(
    {
      iommu: {
        form,
        unitsAddress: at(UNITS),
        unitsPages: [{ address: at(UNITS), count: '0x3' }],
        units: [
          { ...unit('0xfed90000', 0, '0x0'), flags: 1 },
          unit('0xfed90000', 2, '0x12'),
          { ...unit('0xfed91000', 1, '0x20'), rootTable: at(ROOT + 1) },
        ],
        domainsAddress: at(domains(0)),
        domainsPages: Array.from({ length: pages }, (_, i) => ({
          address: at(domains(i)),
          count: hex(Math.min(capacity, MANY + 1 - i * capacity)),
        })),
        domains: [
          ...Array.from({ length: MANY }, (_, i) => ({
            ...OBJECT,
            topTable: at(top + i),
            topLevel: '0x2',
            vasz: 39,
            signExtend: 0,
          })),
          { ...stale, topTable: at(top), topLevel: '0x2', vasz: 39, signExtend: 0 },
        ],
        devicesAddress: at(DEVICES),
        devicesPages: [{ address: at(DEVICES), count: hex(names.length + 1) }],
        devices: [
          {
            ...stale,
            ...owner,
            segment: 0,
            bdf: '02:00.0',
            attachmentId: '0x2',
            domain: domainAt(MANY),
            unit: unitAt(0),
            pasidTable: at(directory),
            maxPasid: '0x8000',
          },
          ...names.map(({ segment, bdf, unit: of }, i) => ({
            ...OBJECT,
            ...owner,
            segment,
            bdf,
            attachmentId: hex(2 + (i % 2)),
            domain: domainAt(attached(i)),
            unit: unitAt(of),
            pasidTable: at(directory + 2 * i),
            maxPasid: '0x10000',
          })),
        ],
      },
      pci: {
        form: 'pci-version-2',
        devices: [
          { segment: 0, bdf: '02:00.0', refcount: 1 },
          { segment: 0, bdf: '00:00.0', refcount: 0 },
          { segment: 0, bdf: '00:1c.0', refcount: 1 },
          { segment: 0, bdf: '00:1f.3', refcount: 1 },
          { segment: 1, bdf: '01:00.0', refcount: 1 },
          { segment: 1, bdf: '02:10.0', refcount: 1 },
          { segment: 1, bdf: '00:00.0', refcount: 1 },
        ],
        nrDevices: '0x6',
      },
      flbs: [
        { name: form, count: '0x1' },
        { name: 'pci', count: '0x3' },
      ],
      sessions: [
        {
          name: 'vm',
          files: [
            {
              compatible: 'iommufd-v1',
              token: '0x22',
              iommufd: {
                form: 'iommufd-v1',
                hwpts: Array.from({ length: MANY }, (_, i) => ({
                  token: hex(i),
                  domain: domainAt(i),
                  reclaimed: 0,
                })),
              },
            },
            ...names.map(({ segment, bdf }, i) => ({
              compatible: 'vfio-pci-v2',
              token: hex(0x31 + i),
              vfioPci: { segment, bdf, resetWorks: i % 2 },
            })),
          ],
        },
      ],
    },
    [
      ...[UNITS, DEVICES, ROOT, ROOT + 1].map((page): [number, number] => [page, 0]),
      ...Array.from({ length: pages }, (_, i): [number, number] => [domains(i), 0]),
      ...Array.from({ length: MANY }, (_, i): [number, number] => [top + i, 0]),
      ...names.map((_, i): [number, number] => [directory + 2 * i, 1]),
    ],
  );
}

/** An SMMUv3 with a stream table of two levels, and a device with two second-level tables of context descriptors. */
function smmuv3(): Variant {
  const states = 6;
  return handing(
    {
      iommu: {
        form: 'iommu-liveupdate',
        unitsAddress: at(UNITS),
        unitsPages: [{ address: at(UNITS), count: '0x1' }],
        units: [
          {
            ...OBJECT,
            token: '0x9050000',
            type: '0x2',
            regBase: '0x9050000',
            strtabBaseCfg: '0x10210',
            l1State: at(ROOT),
            l2States: at(states),
          },
        ],
        domainsAddress: at(DOMAINS),
        domainsPages: [{ address: at(DOMAINS), count: '0x1' }],
        domains: [{ ...OBJECT, topTable: at(TOPS), topLevel: '0x3', vasz: 44, signExtend: 0 }],
        devicesAddress: at(DEVICES),
        devicesPages: [{ address: at(DEVICES), count: '0x1' }],
        devices: [
          {
            ...OBJECT,
            dmaOwnerToken: '0x22',
            segment: 0,
            bdf: '02:00.0',
            attachmentId: '0x1',
            domain: objectAt(DOMAINS, 0, 40),
            unit: objectAt(UNITS, 0, 112),
            l1Cdtab: at(states + 1),
            numL2: 2,
            l2States: at(states + 2),
          },
        ],
      },
      pci: {
        form: 'pci-version-2',
        devices: [
          { segment: 0, bdf: '02:00.0', refcount: 1 },
          { segment: 0, bdf: '00:1c.0', refcount: 1 },
        ],
        nrDevices: '0x2',
      },
      flbs: [
        { name: 'iommu-liveupdate', count: '0x1' },
        { name: 'pci', count: '0x1' },
      ],
      sessions: [
        {
          name: 'vm',
          files: [
            {
              compatible: 'iommufd-v1',
              token: '0x22',
              iommufd: {
                form: 'iommufd-v1',
                hwpts: [{ token: '0x7', domain: objectAt(DOMAINS, 0, 40), reclaimed: 0 }],
              },
            },
            {
              compatible: 'vfio-pci-v2',
              token: '0x31',
              vfioPci: { segment: 0, bdf: '02:00.0', resetWorks: 1 },
            },
          ],
        },
      ],
    },
    [UNITS, DOMAINS, DEVICES, ROOT, TOPS, states, states + 1, states + 2].map((page): [number, number] => [
      page,
      0,
    ]),
  );
}

/** An array of fixed size; a VFIO file and nothing of an IOMMU. */
function pciArray(name: string, devices: Document): Variant {
  return handing(
    {
      pci: { form: name, maxNrDevices: '0x8', devices },
      flbs: [{ name, count: '0x1' }],
      sessions: [
        {
          name: 'vm',
          files: [
            {
              compatible: 'vfio-pci-v2',
              token: '0x31',
              vfioPci: { segment: 0, bdf: '02:00.0', resetWorks: 1 },
            },
          ],
        },
      ],
    },
    [],
  );
}

/** A guest of HugeTLB and guest_memfd, with its virtual machine and a CPU that goes on running. */
function memoryAndKvm(): Variant {
  const folio = (page: number, index: number) => ({
    pfn: hex(FREE / 4096 + page),
    flags: 1,
    index: hex(index),
  });
  return handing(
    {
      flbs: [
        {
          name: 'hugetlb-v1',
          count: '0x1',
          hugetlb: { hstates: [9, 10].map((order) => ({ nrPages: '0x2', order })) },
        },
      ],
      sessions: [
        {
          name: 'vm',
          files: [
            {
              compatible: 'kvm_vm_luo_v1',
              token: '0x1',
              kvmVm: { form: 'kvm_vm_luo_v1', type: '0x0', folios: { list: [] } },
            },
            {
              compatible: 'kvm_vcpu_luo_v1',
              token: '0x2',
              kvmVcpu: {
                vcpuId: 0,
                flags: 1,
                vmToken: '0x1',
                archState: at(0),
                controlBlock: { state: 1, pcpuId: 3, vcpuId: 0 },
              },
            },
            {
              compatible: 'guest_memfd_luo_v1',
              token: '0x3',
              guestMemfd: {
                size: '0x2000',
                flags: '0x1',
                vmToken: '0x1',
                folios: [folio(1, 0), folio(2, 1)],
              },
            },
            {
              compatible: 'huge-memfd-v1',
              token: '0x4',
              hugeMemfd: {
                size: '0x400000',
                pos: '0x0',
                order: 9,
                folios: [
                  { ...folio(512, 0), flags: 0 },
                  { ...folio(1024, 1), flags: 0 },
                ],
              },
            },
          ],
        },
      ],
    },
    [
      [0, 0],
      [1, 0],
      [2, 0],
      [512, 9],
      [1024, 9],
    ],
  );
}

/** A record of pstore beside the other children. */
function withPstore(): Variant {
  const document = baseDocument();
  return placed({
    ...document,
    subtrees: [
      ...document.subtrees,
      {
        name: 'pstore-kho',
        pstore: {
          version: 1,
          size: '0x0',
          timeSec: '0x1',
          timeNsec: '0x0',
          count: 1,
          reason: 1,
          part: 1,
          compressed: 0,
        },
      },
    ],
  });
}

export const MADE: Readonly<Record<MadeName, () => Variant>> = {
  'made iommu-v1': firstPosting,
  'made many domains': () => manyDomains('iommu-liveupdate'),
  'made many domains, v1': () => manyDomains('iommu-liveupdate-v1'),
  'made memory and kvm': memoryAndKvm,
  'made pci-v1': () => pciArray('pci-v1', [{ segment: 0, bdf: '02:00.0' }]),
  // Bridges too.
  'made pci-v3': () =>
    pciArray(
      'pci-v3',
      ['02:00.0', '00:1c.0'].map((bdf) => ({ segment: 0, bdf, refcount: 1 })),
    ),
  'made pstore': withPstore,
  'made smmuv3': smmuv3,
};

/** Rules on `/iommufd` (rfc-2024 F1 to F14). */
import type { Ioas, IoasArea, Iommufd } from '../../abi/model.js';
import { perHandover } from '../../abi/per-handover.js';
import { findNode, findProperty } from '../../fdt/tree.js';
import { iommuProt } from '../../records/iommufd.js';
import { flags } from '../../schema/units.js';
import { checkCompatible } from '../../validate/compatible.js';
import { RFC_2024, type Rule } from '../../validate/rule.js';
import { type Elements, eachRule, type Fault, rulesOf } from '../../validate/shapes.js';
import { placeOf } from '../../validate/subject.js';
import { hex, higher, lower, range } from '../../validate/text.js';
import { areaRange, IOMMU_READ, IOMMU_WRITE } from './rules-areas.js';
import { IOMMUFD } from './tree.js';

const PAGE = 4096n;
const SPACE = 1n << 64n;
const REHYDRATE = 'drivers/iommu/iommufd/serialise.c rehydrate_iommufd';
const DESERIALISE = 'drivers/iommu/iommufd/serialise.c iommufd_deserialise_kho';

const PROT_NAMES = iommuProt.fields[0]?.values as ReadonlyMap<number, string>;
const PROT_DEFINED = [...PROT_NAMES.keys()].reduce((mask, bit) => mask | bit, 0);

interface PlacedIoas {
  readonly iommufd: Iommufd;
  readonly ioas: Ioas;
}

interface PlacedArea extends PlacedIoas {
  readonly area: IoasArea;
  readonly position: number;
}

const shared = { generations: RFC_2024 };
const rule = rulesOf(shared);
const IOMMUFDS: Elements<Iommufd> = {
  shared,
  each: ({ handover: { iommufds = [] } }) => iommufds,
  place: placeOf,
};
const IOASES: Elements<PlacedIoas> = {
  shared,
  each: ({ handover: { iommufds } }) => ioasesOf(iommufds),
  place: ({ ioas }) => placeOf(ioas),
};
const AREAS: Elements<PlacedArea> = {
  shared,
  *each({ handover: { iommufds } }) {
    for (const placed of ioasesOf(iommufds)) {
      let position = 0;
      for (const area of placed.ioas.areas) yield { ...placed, area, position: position++ };
    }
  },
  place: ({ area }) => placeOf(area),
};

function* ioasesOf(iommufds: readonly Iommufd[] | undefined): Generator<PlacedIoas> {
  for (const iommufd of iommufds ?? []) for (const ioas of iommufd.ioases ?? []) yield { iommufd, ioas };
}

/** The IOASes that have a pinned-file-handle of whatever size. */
const withHandle = perHandover(({ tree, iommufds }) => {
  const has = ({ ioas: { origin } }: PlacedIoas) =>
    tree !== undefined && findProperty(tree, origin?.token ?? -1, 'pinned-file-handle') >= 0;
  return new Set([...ioasesOf(iommufds)].filter(has).map(({ ioas }) => ioas));
});

/** A fault of a property of an area, with the IOVAs that it is about. */
function onArea(area: IoasArea, property: string, what: string, found: string): Fault {
  const bounds = areaRange(area);
  return {
    message: `${area.origin?.fdtPath} ${what}`,
    location: {
      property,
      ...(area.iovaStart === undefined ? {} : { iova: area.iovaStart }),
      ...(bounds === undefined ? {} : { iovaEnd: bounds.end }),
    },
    found,
  };
}

/** Rules on iommufds of the 2024 series, each after its prerequisites. */
export const iommufdRules2024: readonly Rule[] = [
  rule({
    id: 'IOMMUFD-001',
    title: `/iommufd is compatible with "${IOMMUFD}"`,
    source: 'rfc-2024 F1',
    evidence: DESERIALISE,
    consequence: 'the kernel does not check: a foreign layout is parsed as this one',
    check({ handover: { tree } }, report) {
      checkCompatible(tree, '/iommufd', IOMMUFD, report);
    },
  }),
  rule({
    id: 'IOMMUFD-002',
    title: '/iommufd has iommufds, and each of them ioases',
    source: 'rfc-2024 F2, 3.1',
    evidence: DESERIALISE,
    consequence:
      'libfdt then returns the root as the only subnode: a sysfs object without a name, and a NULL dereference when it is read',
    check({ handover: { tree, iommufds } }, report) {
      if (tree === undefined || findNode(tree, '/iommufd') < 0) return;
      if (findNode(tree, '/iommufd/iommufds') < 0)
        report.finding({
          message: '/iommufd has no iommufds node',
          location: { fdtPath: '/iommufd/iommufds' },
        });
      for (const iommufd of iommufds ?? [])
        if (iommufd.ioases === undefined)
          report.finding({
            message: `${iommufd.origin?.fdtPath} has no ioases node`,
            location: placeOf(iommufd),
          });
    },
  }),
  rule({
    id: 'IOMMUFD-003',
    title: "an iommufd's node name is a canonical persistent id, 1 to 4294967295, and unique",
    source: 'rfc-2024 F3, 3.3 no. 9',
    evidence: 'drivers/iommu/iommufd/main.c iommufd_option_persistent',
    consequence:
      'setting the option twice on one fd serialises it twice under one id; the older slot dangles',
    requires: ['IOMMUFD-001'],
    check({ handover: { iommufds } }, report) {
      const seen = new Set<bigint>();
      for (const iommufd of iommufds ?? []) {
        const { persistentId: id, nodeName } = iommufd;
        const location = placeOf(iommufd);
        if (id === undefined || id < 1n || id > 0xffffffffn)
          report.finding({
            message: `iommufd node "${nodeName ?? id}" is not a persistent id`,
            location,
            found: `${nodeName ?? id}`,
            expected: '1..4294967295 in decimal',
          });
        else if (seen.has(id))
          report.finding({ message: `persistent id ${id} appears twice below /iommufd/iommufds`, location });
        else seen.add(id);
      }
    },
  }),
  rule({
    id: 'IOMMUFD-004',
    title: 'if there are iommufds, one of them has persistent id 1',
    severity: 'warning',
    source: 'rfc-2024 F4, 3.3 no. 8',
    evidence: 'drivers/iommu/iommufd/serialise.c iommufd_show (rebuilds id 1 whatever file is read)',
    consequence: 'reading any iommufd_persisted/<id>/iommufd in the next kernel dereferences NULL',
    requires: ['IOMMUFD-001'],
    check({ handover: { iommufds = [] } }, report) {
      if (iommufds.length === 0 || iommufds.some(({ persistentId }) => persistentId === 1n)) return;
      const present = iommufds.map(({ persistentId, nodeName }) => `${persistentId ?? nodeName}`);
      report.finding({
        message: `no iommufd has persistent id 1, which every sysfs file rebuilds (present: ${present.join(', ')})`,
        location: { fdtPath: '/iommufd/iommufds' },
      });
    },
  }),
  eachRule(IOASES, {
    id: 'IOMMUFD-005',
    title: "an IOAS's node name is a canonical object id, 1 to 2147483647",
    severity: 'warning',
    source: 'rfc-2024 F5',
    evidence: 'drivers/iommu/iommufd/main.c _iommufd_object_alloc',
    consequence: 'the kernel cannot write this: the dump was edited or damaged',
    requires: ['IOMMUFD-001'],
    faults: ({ ioas: { id, nodeName } }) =>
      id !== undefined && id >= 1 && id <= 0x7fffffff
        ? undefined
        : { message: `IOAS node "${nodeName ?? id}" is not an object id` },
  }),
  eachRule(IOMMUFDS, {
    id: 'IOMMUFD-006',
    title: 'IOAS ids are 1, 2, 3, … within an iommufd',
    severity: 'warning',
    source: 'rfc-2024 F6',
    evidence: REHYDRATE,
    consequence: 'the restored IOASes get new ids in node order, while user space holds the old ones',
    requires: ['IOMMUFD-005'],
    faults({ persistentId, nodeName, ioases = [] }) {
      const ids = ioases.map(({ id }) => id);
      if (ids.every((id, i) => id === i + 1)) return undefined;
      const now = ids.map((_, i) => i + 1).join(', ');
      return {
        message: `IOAS ids of iommufd ${persistentId ?? nodeName} change on restore: ${ids.join(', ')} become ${now}`,
        found: ids.join(', '),
      };
    },
  }),
  eachRule(IOASES, {
    id: 'IOMMUFD-007',
    title: 'either every IOAS has an 8-byte pinned-file-handle or none has',
    source: 'rfc-2024 F7',
    evidence: REHYDRATE,
    consequence: 'a kernel with patch 13 dereferences NULL where it is absent',
    requires: ['IOMMUFD-001'],
    faults({ ioas }, { handover }) {
      if (ioas.pinnedFileHandle !== undefined) return undefined;
      const having = withHandle(handover);
      if (having.size === 0) return undefined;
      return {
        message: having.has(ioas)
          ? `${ioas.origin?.fdtPath}/pinned-file-handle is not 8 bytes long`
          : `${ioas.origin?.fdtPath} has no pinned-file-handle, though other IOASes have one`,
        location: { property: 'pinned-file-handle' },
      };
    },
  }),
  eachRule(AREAS, {
    id: 'IOMMUFD-008',
    title:
      'an area has iova-start, iova-len and iommu-prot of 8, 8 and 4 bytes, and areas are numbered from 0',
    source: 'rfc-2024 F8',
    evidence: REHYDRATE,
    consequence: 'NULL dereference on restore',
    requires: ['IOMMUFD-001'],
    *faults({ area, position }, { handover: { tree } }) {
      if (tree === undefined) return;
      if (area.index !== position)
        yield {
          message: `${area.origin?.fdtPath} is area ${position} of its IOAS by position`,
          found: `${area.nodeName ?? area.index}`,
          expected: `${position}`,
        };
      for (const [property, value] of [
        ['iova-start', area.iovaStart],
        ['iova-len', area.iovaLen],
        ['iommu-prot', area.iommuProt],
      ] as const)
        if (value === undefined)
          yield {
            message: `${area.origin?.fdtPath}: ${property} is absent or has the wrong size`,
            location: { property },
          };
    },
  }),
  eachRule(AREAS, {
    id: 'IOMMUFD-009',
    title: 'iova-len is not 0',
    source: 'rfc-2024 F9',
    evidence: `${REHYDRATE}; drivers/iommu/iommufd/ioas.c iommufd_ioas_map`,
    consequence: 'the restored interval ends before it starts and breaks the tree',
    requires: ['IOMMUFD-008'],
    faults: ({ area }) =>
      area.iovaLen === 0n
        ? onArea(area, 'iova-len', `is empty, at IOVA ${hex(area.iovaStart ?? 0n)}`, '0x0')
        : undefined,
  }),
  eachRule(AREAS, {
    id: 'IOMMUFD-010',
    title: "an area does not wrap and ends within its domain's address width",
    source: 'rfc-2024 F10',
    evidence: REHYDRATE,
    consequence: 'the restored interval is broken, or cannot be mapped',
    requires: ['IOMMUFD-008', 'IOMMUFD-009'],
    faults({ area, iommufd: { persistentId } }, { facts }) {
      const { iovaStart, iovaLen } = area;
      if (iovaStart === undefined || iovaLen === undefined) return undefined;
      const agaw = persistentId === undefined ? undefined : facts.domain(persistentId)?.agaw;
      const width = agaw === undefined || agaw < 0 || agaw > 3 ? 64n : 30n + 9n * BigInt(agaw);
      const end = iovaStart + iovaLen;
      if (end <= 1n << width) return undefined;
      const what = end > SPACE ? 'wraps' : `ends beyond the ${width} bits of its domain`;
      return onArea(area, 'iova-len', `${what}: ${hex(iovaStart)} + ${hex(iovaLen)}`, hex(iovaLen));
    },
  }),
  eachRule(IOASES, {
    id: 'IOMMUFD-011',
    title: 'areas of one IOAS are in ascending order and do not overlap',
    source: 'rfc-2024 F11',
    evidence: 'drivers/iommu/iommufd/io_pagetable.c (interval_tree_insert)',
    consequence:
      'the interval tree takes both, and later look-ups find the wrong one: unmap releases memory that DMA still reaches',
    requires: ['IOMMUFD-008', 'IOMMUFD-009', 'IOMMUFD-010'],
    *faults({ ioas }) {
      let before: { area: IoasArea; start: bigint; end: bigint } | undefined;
      for (const area of ioas.areas) {
        const bounds = areaRange(area);
        if (bounds === undefined) continue;
        if (before !== undefined && bounds.start < before.end) {
          const end = lower(bounds.end, before.end);
          const overlaps = bounds.start >= before.start || bounds.end > before.start;
          yield {
            message: overlaps
              ? `areas ${before.area.index} and ${area.index} of ${ioas.origin?.fdtPath} overlap at IOVA ${range(higher(bounds.start, before.start), end)}`
              : `area ${area.index} of ${ioas.origin?.fdtPath} is below area ${before.area.index}`,
            location: { ...placeOf(area), iova: bounds.start, iovaEnd: end },
          };
        }
        if (before === undefined || bounds.end > before.end) before = { area, ...bounds };
      }
    },
  }),
  eachRule(AREAS, {
    id: 'IOMMUFD-012',
    title: 'iova-start and iova-len are multiples of 4096',
    severity: 'warning',
    source: 'rfc-2024 F12',
    evidence: 'VT-d 3.7: the smallest page is 4 KiB',
    consequence: 'with a domain attached the driver cannot map it',
    requires: ['IOMMUFD-008'],
    faults({ area }) {
      const { iovaStart = 0n, iovaLen = 0n } = area;
      if (iovaStart % PAGE === 0n && iovaLen % PAGE === 0n) return undefined;
      const [property, found] = iovaStart % PAGE === 0n ? ['iova-len', iovaLen] : ['iova-start', iovaStart];
      return onArea(area, property, `is not page aligned: ${hex(iovaStart)} + ${hex(iovaLen)}`, hex(found));
    },
  }),
  eachRule(AREAS, {
    id: 'IOMMUFD-013',
    title: 'iommu-prot allows reading or writing and has no bits that the map calls never set',
    severity: 'warning',
    source: 'rfc-2024 F13',
    evidence: 'drivers/iommu/iommufd/ioas.c conv_iommu_prot',
    consequence:
      'the value does not come from the map calls: the restored area has other rights than user space asked for',
    requires: ['IOMMUFD-008'],
    // The specification has IOMMU_CACHE in every value; blobs of the series' own serialiser lack it, so it is not asked for.
    faults({ area }) {
      const { iommuProt: prot } = area;
      if (prot === undefined) return undefined;
      const odd = prot & ~7;
      const what =
        (prot & ~PROT_DEFINED) !== 0
          ? `has undefined bits in iommu-prot: ${hex(prot >>> 0)}`
          : odd !== 0
            ? `has ${flags(odd, PROT_NAMES)} in iommu-prot, which the map calls never set`
            : `allows neither reading nor writing: iommu-prot ${hex(prot)}`;
      const right = odd === 0 && (prot & (IOMMU_READ | IOMMU_WRITE)) !== 0;
      return right ? undefined : onArea(area, 'iommu-prot', what, hex(prot >>> 0));
    },
  }),
  eachRule(IOMMUFDS, {
    id: 'IOMMUFD-014',
    title: 'an iommufd with areas has a domain',
    severity: 'warning',
    source: 'rfc-2024 F14, 3.3 no. 10',
    evidence:
      'drivers/iommu/intel/iommu.c intel_iommu_domain_alloc_user (only one domain of an iommufd is tracked)',
    consequence:
      'the areas have no hardware table: never attached, or the domain could not be registered and is lost',
    requires: ['IOMMUFD-003'],
    faults({ persistentId: id, ioases = [] }, { handover: { domains, tree }, facts }) {
      if (tree === undefined || (domains === undefined && findNode(tree, '/intel-iommu') >= 0))
        return undefined;
      const areas = ioases.reduce((sum, ioas) => sum + ioas.areas.length, 0);
      if (id === undefined || areas === 0 || facts.domain(id) !== undefined) return undefined;
      return { message: `iommufd ${id} has ${areas} areas but no /intel-iommu/domains/${id}` };
    },
  }),
];

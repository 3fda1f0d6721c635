/** Rules on the nodes of `/intel-iommu` (rfc-2024 I1 to I8, I14, I17 to I19). */

import type { Domain, Handover } from '../../abi/model.js';
import { MEM_HUGE, MEM_RAGGED, memColumns } from '../../decode/mem-columns.js';
import { children, findNode, findProperty, nodePath, propertyValue } from '../../fdt/tree.js';
import { PHYSICAL_LIMIT } from '../../memory/physical.js';
import { physicalAddress } from '../../memory/read.js';
import { KHO_MEM_SIZE } from '../../records/kho.js';
import { pciAddress } from '../../schema/units.js';
import { checkCompatible } from '../../validate/compatible.js';
import { RFC_2024, type RuleContext } from '../../validate/rule.js';
import { eachRule, rulesOf } from '../../validate/shapes.js';
import { deviceSubject, domainName, domainSubject, placeOf } from '../../validate/subject.js';
import { counted, hex, range } from '../../validate/text.js';
import { countTables } from './rules-table-count.js';
import { DOMAINS } from './rules-view.js';
import { INTEL_IOMMU } from './tree.js';

const rule = rulesOf({ generations: RFC_2024 });

const PAGE = 4096n;
const PAGE_BYTES = 4096;
/** Records that the serialiser's one zeroed page holds. */
const MEM_CAPACITY = 4096 / KHO_MEM_SIZE;
const DESERIALISE = 'drivers/iommu/intel/serialise.c deserialise_domains';
const MAX_ID = 0xffffffffn;

/** Every node below /intel-iommu/domains, bound or not, and the lengths of its properties. */
function* domainNodes({
  handover: { tree },
}: RuleContext): Generator<{ path: string; length(property: string): number | undefined }> {
  if (tree === undefined) return;
  const domains = findNode(tree, '/intel-iommu/domains');
  if (domains < 0) return;
  for (const node of children(tree, domains)) {
    const length = (name: string): number | undefined => {
      const property = findProperty(tree, node, name);
      return property < 0 ? undefined : propertyValue(tree, property)?.length;
    };
    yield { path: nodePath(tree, node), length };
  }
}

export const compatible = rule({
  id: 'DMAR-001',
  title: `/intel-iommu is compatible with "${INTEL_IOMMU}"`,
  source: 'rfc-2024 I1',
  evidence: 'drivers/iommu/intel/serialise.c intel_iommu_deserialise_kho',
  consequence: 'the kernel does not check: a foreign layout is parsed as this one',
  check({ handover: { tree } }, report) {
    checkCompatible(tree, '/intel-iommu', INTEL_IOMMU, report);
  },
});

export const container = rule({
  id: 'DMAR-002',
  title: '/intel-iommu has a domains node',
  source: 'rfc-2024 I2, 3.1',
  evidence: DESERIALISE,
  consequence: 'libfdt then returns the root as the only subnode, which lacks the property: NULL dereference',
  check({ handover: { tree } }, report) {
    if (
      tree === undefined ||
      findNode(tree, '/intel-iommu') < 0 ||
      findNode(tree, '/intel-iommu/domains') >= 0
    )
      return;
    report.finding({
      message: '/intel-iommu has no domains node',
      location: { fdtPath: '/intel-iommu/domains' },
    });
  },
});

export const memProperty = rule({
  id: 'DMAR-003',
  title: 'a domain has a mem property of whole records',
  source: 'rfc-2024 I3',
  evidence: DESERIALISE,
  consequence:
    'absent: NULL dereference; with an incomplete last record: the claim loop reads past the property',
  requires: ['DMAR-001', 'DMAR-002'],
  check(context, report) {
    for (const { path, length: lengthOf } of domainNodes(context)) {
      const length = lengthOf('mem');
      if (length !== undefined && length % KHO_MEM_SIZE === 0) continue;
      report.finding({
        message:
          length === undefined
            ? `${path} has no mem property`
            : `${path}/mem has ${length} bytes, not a multiple of ${KHO_MEM_SIZE}`,
        location: { fdtPath: path, property: 'mem' },
      });
    }
  },
});

export const memCapacity = eachRule(DOMAINS, {
  id: 'DMAR-004',
  title: 'mem fits the one page of records that the serialiser allocates',
  source: 'rfc-2024 I4, 3.3 no. 5',
  evidence:
    'drivers/iommu/intel/serialise.c serialise_domain (kho_mems is one zeroed page, without a bound check)',
  consequence: 'the old kernel wrote past its buffer: the heap object after it is corrupt',
  requires: ['DMAR-003'],
  faults(domain, { handover }) {
    const records = domain.mem?.length ?? 0;
    if (records <= MEM_CAPACITY || listsTables(handover, domain)) return undefined;
    return {
      message: `mem of ${domainName(domain)} has ${records} records, but the buffer has room for ${MEM_CAPACITY}: ${(records - MEM_CAPACITY) * KHO_MEM_SIZE} bytes were written past it`,
      location: { property: 'mem' },
      found: `${records * KHO_MEM_SIZE} bytes`,
      expected: `at most ${MEM_CAPACITY * KHO_MEM_SIZE} bytes`,
    };
  },
});

/**
 * Whether `mem` has the top table, and as many records as there are tables. The series' own walk never lists the
 * top table: a corrected serialiser with another buffer has written it.
 */
function listsTables({ memory }: Handover, { mem, pgd, agaw }: Domain): boolean {
  if (memory === undefined || mem === undefined || pgd === undefined) return false;
  if (agaw === undefined || agaw < 0 || agaw > 3) return false;
  // Exact: a table is a page of physical memory, below 2^52.
  const lists = physicalAddress(pgd) !== undefined && memColumns(mem).start.includes(Number(pgd));
  return lists && countTables(memory, pgd, agaw + 2, mem.length) === mem.length;
}

export const fixedProperties = rule({
  id: 'DMAR-005',
  title: 'a domain has persistent_id and pgd of 8 bytes and agaw of 4',
  source: 'rfc-2024 I5',
  evidence: DESERIALISE,
  consequence: 'NULL dereference, or a value read past the property',
  requires: ['DMAR-001', 'DMAR-002'],
  check(context, report) {
    for (const { path, length: lengthOf } of domainNodes(context)) {
      for (const [name, size] of [
        ['persistent_id', 8],
        ['pgd', 8],
        ['agaw', 4],
      ] as const) {
        const length = lengthOf(name);
        if (length === size) continue;
        report.finding({
          message: length === undefined ? `${path} has no ${name}` : `${path}/${name} has ${length} bytes`,
          location: { fdtPath: path, property: name },
          found: length === undefined ? 'absent' : `${length} bytes`,
          expected: `${size} bytes`,
        });
      }
    }
  },
});

export const identity = rule({
  id: 'DMAR-006',
  title: "a domain's node name is its persistent_id, 1 to 4294967295, and unique",
  source: 'rfc-2024 I6',
  evidence: DESERIALISE,
  consequence: 'a duplicate fails the table insert and leaks the domain; 0 means "not persistent"',
  requires: ['DMAR-005'],
  check({ handover }, report) {
    const seen = new Map<bigint, string>();
    for (const domain of handover.domains ?? []) {
      const { persistentId: id, nodeName: name } = domain;
      if (id === undefined) continue;
      const location = { ...placeOf(domain), property: 'persistent_id' };
      if (id < 1n || id > MAX_ID) {
        report.finding({ message: `persistent_id ${id} is not in 1..${MAX_ID}`, location, found: `${id}` });
      }
      if (name !== undefined) {
        report.finding({
          message: `node "${name}" has persistent_id ${id}`,
          location,
          found: name,
          expected: `${id}`,
        });
      }
      const other = seen.get(id);
      if (other !== undefined) {
        report.finding({ message: `persistent_id ${id} is also that of ${other}`, location, found: `${id}` });
      }
      seen.set(id, domain.origin?.fdtPath ?? '');
    }
  },
});

export const addressWidth = eachRule(DOMAINS, {
  id: 'DMAR-007',
  title: 'agaw is 1 to 3',
  source: 'rfc-2024 I7',
  evidence: 'drivers/iommu/intel/iommu.h agaw_to_level',
  consequence: 'the tables are walked with the wrong depth',
  requires: ['DMAR-005'],
  faults(domain) {
    const { agaw } = domain;
    if (agaw === undefined || (agaw >= 1 && agaw <= 3)) return undefined;
    return {
      ...(agaw === 0 ? { severity: 'warning' } : {}),
      message: `agaw of ${domainName(domain)} is ${agaw}${agaw === 0 ? ' (2 levels), which no current hardware has' : ''}`,
      location: { property: 'agaw' },
      found: `${agaw}`,
      expected: '1, 2 or 3',
    };
  },
});

export const rootTable = eachRule(DOMAINS, {
  id: 'DMAR-008',
  title: 'pgd is page aligned, not zero, and neither in scratch nor in the guestmemfs region',
  source: 'rfc-2024 I8',
  evidence: DESERIALISE,
  consequence: 'the restored domain walks memory with another owner',
  requires: ['DMAR-005'],
  faults(domain, { facts }) {
    const scratch = facts.scratch();
    const fsMem = facts.fsMem();
    const { pgd } = domain;
    if (pgd === undefined) return undefined;
    const wrong =
      pgd === 0n
        ? 'is 0'
        : pgd % PAGE !== 0n
          ? 'is not page aligned'
          : pgd >= BigInt(PHYSICAL_LIMIT)
            ? 'is beyond 2^52'
            : scratch !== undefined && pgd >= scratch.start && pgd < scratch.end
              ? `is in scratch ${range(scratch.start, scratch.end)}`
              : fsMem !== undefined && pgd >= fsMem.start && pgd < fsMem.end
                ? `is in the guestmemfs region ${range(fsMem.start, fsMem.end)}`
                : undefined;
    if (wrong === undefined) return undefined;
    return {
      message: `pgd ${hex(pgd)} of ${domainName(domain)} ${wrong}`,
      location: { property: 'pgd', address: pgd },
      found: hex(pgd),
    };
  },
});

export const pageRecords = eachRule(DOMAINS, {
  id: 'DMAR-014',
  title: 'mem of a domain has one record per page, with addresses below 2^52',
  source: 'rfc-2024 I14',
  evidence: 'drivers/iommu/intel/iommu.h dma_pte_addr (keeps bits 52 to 63)',
  consequence:
    'bits above the address are taken as part of it; other lengths do not come from the serialiser',
  requires: ['DMAR-003'],
  *faults(domain) {
    const { mem } = domain;
    if (mem === undefined) return;
    const { count, start, end, flags, anyFlag, size } = memColumns(mem);
    if ((anyFlag & (MEM_RAGGED | MEM_HUGE)) === 0 && size === PAGE_BYTES) return;
    for (let index = 0; index < count; index++) {
      const odd = ((flags[index] as number) & (MEM_RAGGED | MEM_HUGE)) !== 0;
      if (!odd && (end[index] as number) - (start[index] as number) === PAGE_BYTES) continue;
      const { addr, len } = mem.at(index);
      const wrong =
        len !== PAGE
          ? `has len ${hex(len)}`
          : addr % PAGE > 1n
            ? 'is not page aligned'
            : addr >= BigInt(PHYSICAL_LIMIT)
              ? 'has bits 63:52 set'
              : undefined;
      if (wrong === undefined) continue;
      yield {
        message: `record ${index} of ${domainName(domain)}, ${hex(addr)}, ${wrong}`,
        location: {
          property: 'mem',
          address: addr,
          field: len === PAGE ? 'kho_mem.addr' : 'kho_mem.len',
        },
        found: len === PAGE ? hex(addr) : hex(len),
      };
    }
  },
});

export const devices = rule({
  id: 'DMAR-017',
  title: 'devices are one byte of bus and one of devfn, numbered in order, and in one domain only',
  severity: 'warning',
  source: 'rfc-2024 I17',
  evidence: 'drivers/iommu/intel/serialise.c serialise_domain',
  consequence:
    'a device can be attached to one domain only; the segment is not recorded, so on a host with several this may be two devices',
  requires: ['DMAR-001', 'DMAR-002'],
  check({ handover }, report) {
    const seen = new Map<string, string>();
    for (const domain of handover.domains ?? []) {
      domain.devices?.forEach((device, position) => {
        const location = placeOf(device);
        const { bus, devfn } = device;
        if (bus === undefined || devfn === undefined) {
          report.finding({
            subject: domainSubject(domain),
            message: `a device of ${domainName(domain)} lacks a one-byte bus or devfn`,
            location,
          });
          return;
        }
        const address = pciAddress(bus, devfn);
        if (device.index !== position) {
          report.finding({
            subject: deviceSubject(domain, device),
            message: `device ${address} of ${domainName(domain)} is node ${device.index ?? device.nodeName}, expected ${position}`,
            location,
          });
        }
        const other = seen.get(address);
        if (other !== undefined) {
          report.finding({
            subject: deviceSubject(domain, device),
            message: `device ${address} is in ${other} and in ${domainName(domain)}`,
            location,
            found: address,
          });
        }
        seen.set(address, domainName(domain));
      });
    }
  },
});

export const attached = eachRule(DOMAINS, {
  id: 'DMAR-018',
  title: 'a domain has devices',
  severity: 'warning',
  source: 'rfc-2024 I18, 3.3 no. 7',
  evidence: DESERIALISE,
  consequence:
    'the domain was never attached, or was carried through a second kexec, which loses the devices',
  requires: ['DMAR-001', 'DMAR-002'],
  faults(domain) {
    if (domain.devices !== undefined && domain.devices.length > 0) return undefined;
    return {
      message: `${domainName(domain)} has ${domain.devices === undefined ? 'no devices node' : 'no devices'}`,
    };
  },
});

export const owned = eachRule(DOMAINS, {
  id: 'DMAR-019',
  title: 'an iommufd exists for each domain',
  source: 'rfc-2024 I19, S1, 3.3 no. 10, 11',
  evidence:
    'drivers/iommu/iommufd/main.c iommufd_fops_release (nothing removes a freed domain from the table)',
  consequence:
    'a stale table entry: the old kernel may have serialised freed memory, and the domain has no owner in the next',
  requires: ['DMAR-006'],
  faults(domain, { facts }) {
    const id = domain.persistentId;
    if (id === undefined || facts.iommufd(id) !== undefined) return undefined;
    return {
      message: `${counted(1, 'domain')} with persistent_id ${id}, but no /iommufd/iommufds/${id}`,
      location: { property: 'persistent_id' },
      found: `${id}`,
    };
  },
});

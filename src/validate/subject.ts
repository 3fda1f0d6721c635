/** Whose a finding is, as data: from records, and from the place in the tree where the path says it. */
import type { Domain, DomainDevice, Ioas, IoasArea, Iommufd } from '../abi/model.js';
import type { Subject } from '../abi/subject.js';
import { pciAddress } from '../schema/units.js';

export { fileSubject, handlerSubject, sessionSubject } from '../abi/subject.js';

/** A domain of the 2024 series; one without id is known by its node's name. */
export function domainSubject({ persistentId, nodeName }: Domain): Subject {
  if (persistentId !== undefined) return { domain: persistentId };
  return nodeName === undefined ? {} : { node: nodeName };
}

/** What a finding calls a domain. */
export function domainName({ persistentId, nodeName }: Domain): string {
  return `domain ${persistentId ?? nodeName ?? 'without id'}`;
}

/** The path of what the tree has a node for. */
export function placeOf({ origin }: { origin?: { fdtPath?: string } }): { fdtPath?: string } {
  return origin?.fdtPath === undefined ? {} : { fdtPath: origin.fdtPath };
}

/** A device of a domain of the 2024 series. */
export function deviceSubject(domain: Domain, { bus, devfn }: DomainDevice): Subject {
  if (bus === undefined || devfn === undefined) return domainSubject(domain);
  return { ...domainSubject(domain), device: pciAddress(bus, devfn) };
}

/** An area of an IOAS, as far as numbers are known. */
export function areaSubject(
  iommufd: Pick<Iommufd, 'persistentId'>,
  ioas: Pick<Ioas, 'id'>,
  area: Pick<IoasArea, 'index'> = {},
): Subject {
  return {
    ...(iommufd.persistentId === undefined ? {} : { iommufd: iommufd.persistentId }),
    ...(ioas.id === undefined ? {} : { ioas: ioas.id }),
    ...(area.index === undefined ? {} : { area: area.index }),
  };
}

const NUMBER = '(0|[1-9][0-9]{0,9})';
const DOMAIN = new RegExp(`^/intel-iommu/domains/${NUMBER}(?:/|$)`);
const IOMMUFD = new RegExp(
  `^/iommufd/iommufds/${NUMBER}(?:/ioases/${NUMBER}(?:/areas/${NUMBER}|/${NUMBER})?)?(?:/|$)`,
);
const CPU = /^\/ftrace\/global-trace\/cpu([0-9a-f]{1,8})(?:\/|$)/;
const CHILD = /^\/([^/]+)/;
const REGION = /^\/memblock\/([^/]+)$/;
/** Nodes of the 2024 series whose own children say more. */
const CONTAINERS: ReadonlySet<string> = new Set(['intel-iommu', 'iommufd', 'ftrace', 'guestmemfs']);

/** What a path in the tree says on its own; empty for the root and for containers. */
export function pathSubject(path: string): Subject {
  const [, domain] = DOMAIN.exec(path) ?? [];
  if (domain !== undefined) return { domain: BigInt(domain) };
  const [, iommufd, ioas, area, other] = IOMMUFD.exec(path) ?? [];
  if (iommufd !== undefined) {
    return {
      iommufd: BigInt(iommufd),
      ...(ioas === undefined ? {} : { ioas: Number(ioas) }),
      ...(area === undefined && other === undefined ? {} : { area: Number(area ?? other) }),
    };
  }
  const [, cpu] = CPU.exec(path) ?? [];
  if (cpu !== undefined) return { cpu: Number.parseInt(cpu, 16) };
  const [, region] = REGION.exec(path) ?? [];
  const [, child] = CHILD.exec(path) ?? [];
  const node = region ?? child;
  return node === undefined || CONTAINERS.has(node) ? {} : { node };
}

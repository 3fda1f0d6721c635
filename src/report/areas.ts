import { SUBJECTS } from '../structures/index.js';
import { areaOf } from '../validate/coverage.js';

/** Titles of the rules' areas; a structure's own is in its binding. */
const AREAS: Readonly<Record<string, string>> = {
  FDT: 'devicetree blob',
  KHO: 'root tree and preserved memory',
  IOMMUFD: 'iommufd',
  DMAR: 'Intel IOMMU domains of the 2024 series',
  GMFS: 'guestmemfs',
  FTRACE: 'ftrace',
  MAP: 'areas, mappings and files against each other',
  VTD: 'VT-d structures',
  VMALLOC: 'preserved vmalloc areas',
  BLOCK: 'block lists',
  KMETA: 'kexec-metadata',
  MEMBLOCK: 'reserve_mem regions',
  KTEST: 'the in-kernel KHO test',
  LUO: 'Live Update Orchestrator',
  FLB: 'file-lifecycle-bound data of LUO',
};

export { areaOf };

/** What the area of a rule is about. */
export function areaTitle(id: string): string {
  const area = areaOf(id);
  return AREAS[area] ?? SUBJECTS.find((subject) => subject.area?.id === area)?.area?.title ?? area;
}

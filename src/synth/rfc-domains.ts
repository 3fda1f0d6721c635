/** The address spaces of a dump of the 2024 series: areas, the tables that map them, and the domains. */
import { INTERRUPT_RANGE, INTERRUPT_RANGE_END } from '../vtd/interrupt-range.js';
import { hash } from './random.js';
import { pagesRegion, type Region } from './regions.js';
import type { RfcFile, RfcFiles } from './rfc-files.js';
import type { AreaPlan, IommufdPlan, RfcPlan } from './rfc-plan.js';
import { createShuffle } from './shuffle.js';
import { planTables, type TableMapping, type Tables } from './tables.js';

const PAGE = 4096;
const BLOCK_PAGES = 512;

/** An area in its place; pages and page frame numbers. */
export interface LaidArea extends TableMapping {
  readonly prot: number;
}

/** A domain with its tables in memory. */
export interface LaidDomain {
  readonly persistentId: number;
  readonly devices: IommufdPlan['devices'];
  readonly tables: Tables;
  readonly areas: readonly LaidArea[];
  /** Physical byte address of a table page. */
  address(number: number): number;
  readonly regions: readonly Region[];
}

export interface LaidIoas {
  readonly id: number;
  /** The file that its areas map; absent when it has none. */
  readonly file?: RfcFile;
  readonly areas: readonly LaidArea[];
}

export interface LaidIommufd {
  readonly persistentId: number;
  readonly ioases: readonly LaidIoas[];
}

/** Places the areas of all iommufds; the targets are known, the places of tables are not yet. */
export function layIommufds(plan: RfcPlan, files: RfcFiles): LaidIommufd[] {
  let next = 0;
  return plan.iommufds.map((iommufd) => {
    const used = iommufd.ioases.filter(({ areas }) => areas.length > 0).length;
    const own = files.list.slice(next, next + used);
    next += used;
    return { persistentId: iommufd.persistentId, ioases: layIoases(iommufd, own, files) };
  });
}

/** IOVAs ascend over all IOASes of an iommufd, as one domain maps them. */
function layIoases({ agaw, ioases }: IommufdPlan, own: readonly RfcFile[], files: RfcFiles): LaidIoas[] {
  const limit = 2 ** (18 + 9 * agaw);
  let iova = 0;
  let used = 0;
  return ioases.map((ioas, i): LaidIoas => {
    if (ioas.areas.length === 0) return { id: i + 1, areas: [] };
    const file = own[used++];
    if (file === undefined) throw new RangeError('a plan has a file for each IOAS with areas');
    const areas = ioas.areas.map((area): LaidArea => {
      const { offset, pages } = within(area, file.blocks * BLOCK_PAGES);
      // Only the first area stays low: the walk of the series starts at the first top entry.
      const gap = iova === 0 ? area.gap % 1024 : area.gap;
      const wished = freeIova(iova + gap, pages);
      const start = wished + pages <= limit ? wished : freeIova(iova, pages);
      if (start + pages > limit) throw new RangeError('the areas of a plan do not fit the address width');
      iova = start + pages;
      return {
        iova: start,
        pages,
        offset,
        pfn: (page) => files.pfn(file, page),
        write: (area.prot & 2) !== 0,
        prot: area.prot,
      };
    });
    return { id: i + 1, file, areas };
  });
}

/**
 * Where an area may begin: as wished, or after the interrupt range when it would reach into it; at the same
 * place of a 2 MiB page as before, so that large leaves fit as they did. In pages.
 */
function freeIova(wished: number, pages: number): number {
  if (wished + pages <= INTERRUPT_RANGE || wished >= INTERRUPT_RANGE_END) return wished;
  return INTERRUPT_RANGE_END + ((((wished - INTERRUPT_RANGE_END) % BLOCK_PAGES) + BLOCK_PAGES) % BLOCK_PAGES);
}

/** IOVAs that an address space may lose below and after the interrupt range, with areas of up to `pages` pages. */
export function interruptRoom(pages: number): number {
  return pages + INTERRUPT_RANGE_END - INTERRUPT_RANGE + BLOCK_PAGES;
}

function within(area: AreaPlan, available: number): { offset: number; pages: number } {
  const offset = area.offset % available;
  return { offset, pages: Math.min(area.pages, available - offset) };
}

/** A domain's tables, without a place. */
export interface PlannedDomain {
  readonly plan: IommufdPlan;
  readonly areas: readonly LaidArea[];
  readonly tables: Tables;
}

/** One domain for each iommufd with areas. */
export function planDomains(plan: RfcPlan, iommufds: readonly LaidIommufd[]): PlannedDomain[] {
  return plan.iommufds.flatMap((iommufd, i) => {
    const areas = (iommufds[i]?.ioases ?? []).flatMap((ioas) => ioas.areas);
    if (areas.length === 0) return [];
    const tables = planTables({
      mappings: areas,
      levels: iommufd.agaw + 2,
      pageSizes: plan.largePages,
      fragmentation: plan.fragmentation,
      key: hash(plan.key, 0xd0, iommufd.persistentId),
    });
    return [{ plan: iommufd, areas, tables }];
  });
}

/** Bytes of memory over which the tables of some domains spread. */
export function tableBytes(planned: readonly PlannedDomain[], stride: number): number {
  return planned.reduce((sum, { tables }) => sum + tables.pages, 0) * stride * PAGE;
}

/** Places the tables of domains one after another. */
export function layDomains(plan: RfcPlan, planned: readonly PlannedDomain[], base: number): LaidDomain[] {
  const step = plan.stride * PAGE;
  let next = base;
  return planned.map(({ plan: { persistentId, devices }, areas, tables }) => {
    const start = next;
    next += tables.pages * step;
    const shuffle = createShuffle(tables.pages, hash(plan.key, 0x7ab, persistentId), plan.fragmentation);
    const address = (number: number): number => start + shuffle.forward(number) * step;
    const what = `page tables of domain ${persistentId}`;
    const regions =
      plan.stride === 1
        ? [
            pagesRegion(what, start, PAGE, tables.pages, (page, position) =>
              tables.write(page, shuffle.backward(position), address),
            ),
          ]
        : Array.from({ length: tables.pages }, (_, number) =>
            pagesRegion(what, address(number), PAGE, 1, (page) => tables.write(page, number, address)),
          );
    return { persistentId, devices, areas, tables, address, regions };
  });
}

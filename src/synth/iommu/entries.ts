/** Root, context and PASID tables of a unit, as Linux writes them (vtd.md 1.7, 2.4). */
import {
  CONTEXT_ENTRY_SIZE,
  PASID_DIR_ENTRY_SIZE,
  PASID_ENTRY_SIZE,
  PasidTranslationType,
  ROOT_ENTRY_SIZE,
  readContextEntry,
  readPasidDirEntry,
  readPasidEntry,
  readRootEntry,
  readScalableContextEntry,
  readScalableRootEntry,
  SCALABLE_CONTEXT_ENTRY_SIZE,
  writeContextEntry,
  writePasidDirEntry,
  writePasidEntry,
  writeRootEntry,
  writeScalableContextEntry,
  writeScalableRootEntry,
} from '../../records/vtd.js';
import { pagesRegion } from '../regions.js';
import type { Space } from '../space.js';
import type { IommuStage } from '../upstream-plan.js';

const PAGE = 4096;
const ZERO = new DataView(new ArrayBuffer(64));
/** Functions of the lower half of a bus. */
const HALF = 0x80;
/** PASIDs of a directory of one page, and PDTS of it. */
const LEAST_PASIDS = 15;
const LEAST_PDTS = 2;

/** A device as its entries have it. */
export interface Entry {
  readonly bus: number;
  readonly devfn: number;
  /** Address of the top table of its domain. */
  readonly root: number;
  readonly did: number;
  /** PASID directory and table; 0 in legacy mode. */
  readonly directory: number;
  readonly table: number;
  /** Order of the directory in pages. */
  readonly order: number;
  /** Whether it has ATS and PRI, and takes PASIDs. */
  readonly ats: boolean;
  readonly pasid: boolean;
}

/** A unit as its tables are. */
export interface UnitTables {
  readonly rootTable: number;
  /** Bits of the context tables that there are. */
  readonly bits: readonly number[];
}

/** PASIDs that a directory of an order has room for. */
export function pasidsOf(order: number): number {
  return 2 ** (LEAST_PASIDS + order);
}

/** Lays out the tables of a unit; in scalable mode each half of a bus has a context table of its own. */
export function layUnit(
  space: Space,
  {
    stage,
    levels,
    coherent,
  }: { readonly stage: IommuStage; readonly levels: number; readonly coherent: boolean },
  buses: readonly number[],
  devices: readonly Entry[],
): UnitTables {
  const legacy = stage === 'legacy';
  const halves = (bus: number): boolean[] => {
    if (legacy) return [false];
    const used = devices.filter((each) => each.bus === bus);
    return [false, true].filter(
      (upper) => (used.length === 0 && !upper) || used.some(({ devfn }) => devfn >= HALF === upper),
    );
  };
  const tables = buses.flatMap((bus) => halves(bus).map((upper) => ({ bus, upper, address: space.keep(0) })));
  const rootTable = space.keep(0);
  const own = (bus: number, upper: boolean) =>
    tables.find((table) => table.bus === bus && table.upper === upper);
  space.regions.push(
    pagesRegion('root table', rootTable, PAGE, 1, (page) => {
      for (const bus of new Set(tables.map((table) => table.bus))) {
        const at = bus * ROOT_ENTRY_SIZE;
        const pfn = (upper: boolean) => BigInt(own(bus, upper)?.address ?? 0) / BigInt(PAGE);
        if (legacy) writeRootEntry(page, at, { ...readRootEntry(ZERO, 0), p: 1, ctp: pfn(false) });
        else
          writeScalableRootEntry(page, at, {
            ...readScalableRootEntry(ZERO, 0),
            lp: own(bus, false) === undefined ? 0 : 1,
            lctp: pfn(false),
            up: own(bus, true) === undefined ? 0 : 1,
            uctp: pfn(true),
          });
      }
    }),
  );
  for (const { bus, upper, address } of tables) {
    const here = devices.filter((each) => each.bus === bus && (legacy || each.devfn >= HALF === upper));
    space.regions.push(
      pagesRegion(`context table of bus ${bus}`, address, PAGE, 1, (page) => {
        for (const each of here) {
          if (legacy)
            writeContextEntry(page, each.devfn * CONTEXT_ENTRY_SIZE, {
              ...readContextEntry(ZERO, 0),
              p: 1,
              tt: each.ats ? 1 : 0,
              ssptptr: BigInt(each.root / PAGE),
              aw: levels - 2,
              did: each.did,
            });
          else
            writeScalableContextEntry(page, (each.devfn % HALF) * SCALABLE_CONTEXT_ENTRY_SIZE, {
              ...readScalableContextEntry(ZERO, 0),
              p: 1,
              dte: each.ats ? 1 : 0,
              pre: each.ats ? 1 : 0,
              paside: each.pasid ? 1 : 0,
              pdts: LEAST_PDTS + each.order,
              pasiddirptr: BigInt(each.directory / PAGE),
            });
        }
      }),
    );
  }
  if (!legacy) for (const each of devices) layPasids(space, stage, levels, coherent, each);
  return { rootTable, bits: tables.map(({ bus, upper }) => bus * 2 + (upper ? 1 : 0)) };
}

function layPasids(
  space: Space,
  stage: IommuStage,
  levels: number,
  coherent: boolean,
  { directory, table, order, root, did }: Entry,
): void {
  space.regions.push(
    pagesRegion('a PASID directory', directory, PAGE, 2 ** order, (page, index) => {
      if (index > 0) return;
      writePasidDirEntry(page, 0 * PASID_DIR_ENTRY_SIZE, {
        ...readPasidDirEntry(ZERO, 0),
        p: 1,
        smptblptr: BigInt(table / PAGE),
      });
    }),
    pagesRegion('a PASID table', table, PAGE, 1, (page) => {
      writePasidEntry(page, 0 * PASID_ENTRY_SIZE, {
        ...readPasidEntry(ZERO, 0),
        p: 1,
        aw: levels - 2,
        did,
        pwsnp: coherent ? 1 : 0,
        ...(stage === 'first'
          ? {
              pgtt: PasidTranslationType.firstStage,
              fspm: levels === 5 ? 1 : 0,
              fsptptr: BigInt(root / PAGE),
            }
          : { pgtt: PasidTranslationType.secondStage, ssptptr: BigInt(root / PAGE) }),
      });
    }),
  );
}

/** Root and context tables of a VT-d unit in legacy mode, which name the devices of domains. */
import { CONTEXT_ENTRY_SIZE, ROOT_ENTRY_SIZE, writeContextEntry, writeRootEntry } from '../records/vtd.js';
import { pagesRegion, type Region } from './regions.js';
import type { LaidDomain } from './rfc-domains.js';

const PAGE = 4096;
/** Domain ids that Linux gives to domains with tables start here; 1 is for pass-through. */
const FIRST_DID = 2;

/** Physical address of the root table. */
export function rootTable(base: number): number {
  return base;
}

/**
 * The tables: one root table, and one context table for each bus that has a device.
 *
 * @param base physical address of the first page
 */
export function contextRegions(domains: readonly LaidDomain[], base: number): Region[] {
  const buses = [...new Set(domains.flatMap(({ devices }) => devices.map(({ bus }) => bus)))].sort(
    (a, b) => a - b,
  );
  if (buses.length === 0) return [];
  const table = (i: number): bigint => BigInt(base + (1 + i) * PAGE) >> 12n;
  return [
    pagesRegion('root table', rootTable(base), PAGE, 1, (page) => {
      for (const [i, bus] of buses.entries()) {
        writeRootEntry(page, bus * ROOT_ENTRY_SIZE, { p: 1, reserved1: 0, ctp: table(i), reserved64: 0n });
      }
    }),
    pagesRegion('context tables', base + PAGE, PAGE, buses.length, (page, index) => {
      for (const [i, { devices, address, tables }] of domains.entries()) {
        for (const { bus, devfn } of devices) {
          if (bus !== buses[index]) continue;
          writeContextEntry(page, devfn * CONTEXT_ENTRY_SIZE, {
            p: 1,
            fpd: 0,
            tt: 0,
            reserved4: 0,
            ssptptr: BigInt(address(0)) >> 12n,
            aw: tables.levels - 2,
            ignored67: 0,
            reserved71: 0,
            did: FIRST_DID + i,
            reserved88: 0n,
          });
        }
      }
    }),
  ];
}

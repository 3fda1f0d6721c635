/** A dump of the 2024 series from its plan: what the series' kernel would hand over if it had no defects. */
import { exactMemCache } from '../abi/mem-cache.js';
import { packRecords } from '../abi/record-view.js';
import { freshRfcBlob } from '../encode/blob.js';
import { bootParamsBytes, khoElementBytes } from '../encode/boot-params.js';
import { KHO_DATA_RFC2024_SIZE, khoDataRfc2024, khoMem } from '../records/kho.js';
import { RFC } from '../versions/generations.js';
import { contextRegions, rootTable } from './contexts.js';
import { bytesRegion } from './regions.js';
import { rfcAccount } from './rfc-account.js';
import { layDomains, layIommufds, planDomains, tableBytes } from './rfc-domains.js';
import { guestmemfsRegions, planFiles } from './rfc-files.js';
import { placeLoaded, rfcLayout } from './rfc-layout.js';
import { memRecords, type RfcLaid, rfcModel } from './rfc-model.js';
import type { RfcPlan } from './rfc-plan.js';
import type { Parts } from './synthesis.js';

const PAGE = 4096;
const BLOCK = 0x200000;
/** A layout with what only the 2024 series has. */
export interface RfcParts extends Parts, RfcLaid {}

/** Lays out what a plan says. */
export function layRfc(plan: RfcPlan): RfcParts {
  const files = planFiles(plan);
  const iommufds = layIommufds(plan, files);
  const regionSize = files.blocks * BLOCK;
  // How many tables there are depends on whether 1 GiB leaves fit, so on where the region is; not vice versa.
  const { region } = rfcLayout(plan.key, { tables: 0, region: regionSize });
  files.place(region);
  const planned = planDomains(plan, iommufds);
  const before = rfcLayout(plan.key, { tables: tableBytes(planned, plan.stride), region: regionSize });
  const domains = layDomains(plan, planned, before.tables);
  const model = rfcModel(plan, { layout: before, files, iommufds, domains, regionSize });
  const blob = freshRfcBlob(model);
  const cache = packRecords(khoMem, exactMemCache(memRecords(model)));
  const layout = placeLoaded(before, blob.length, cache.bytes.length);
  const setupData = {
    dtAddr: BigInt(layout.tree),
    dtSize: BigInt(blob.length),
    scratchAddr: BigInt(layout.scratch),
    scratchSize: BigInt(layout.scratchSize),
    memCacheAddr: BigInt(layout.cache),
    memCacheSize: BigInt(cache.bytes.length),
  };
  const contexts = plan.contextTables ? contextRegions(domains, layout.contexts) : [];
  return {
    generation: RFC,
    pageSize: PAGE,
    machine: 'x86-64',
    release: plan.release,
    regions: [
      bytesRegion('the tree', layout.tree, blob),
      bytesRegion('the mem cache', layout.cache, cache.bytes),
      bytesRegion('boot_params', layout.scratch, bootParamsBytes(BigInt(layout.setupData))),
      bytesRegion('setup_data', layout.setupData, khoElementBytes(0n, khoDataRfc2024, setupData)),
      ...guestmemfsRegions(files, layout),
      ...domains.flatMap(({ regions }) => regions),
      ...contexts,
    ],
    fdtAddress: BigInt(layout.tree),
    ...(contexts.length === 0 ? {} : { rtaddr: BigInt(rootTable(layout.contexts)) }),
    blob,
    makeAccount: () =>
      rfcAccount(plan, layout, files, model, {
        setupData: {
          bootParams: BigInt(layout.scratch),
          address: BigInt(layout.setupData),
          len: KHO_DATA_RFC2024_SIZE,
          ...setupData,
        },
        blob,
        cache,
      }),
    messages:
      contexts.length === 0
        ? []
        : [`kho walk --root 0x${rootTable(layout.contexts).toString(16)} finds the devices`],
    layout,
    files,
    iommufds,
    domains,
    regionSize,
  };
}

/**
 * What the loader of the 2024 series puts beside the image (kernel/kexec_kho_out.c kho_fill_kimage): the tree, the mem
 * cache, and what leads the next kernel to them.
 */
import { computeMemCache } from '../abi/mem-cache.js';
import type { AddressRange } from '../abi/model.js';
import { packRecords } from '../abi/record-view.js';
import { dataView } from '../decode/bytes.js';
import { memProperties, memRanges, visitedRecords } from '../decode/mem-properties.js';
import type { FdtTree } from '../fdt/parse.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { readBytes } from '../memory/read.js';
import {
  BOOT_PARAMS,
  BOOT_PARAMS_SIZE,
  BootParamsHeader,
  KHO_MEM_SIZE,
  type KhoMem,
  khoDataRfc2024,
  khoMem,
  readSetupData,
  SETUP_DATA_SIZE,
  SetupDataType,
} from '../records/kho.js';
import { bootParamsBytes, khoElementBytes } from './boot-params.js';
import { jsonArray, jsonInteger, jsonObject, ModelError, recordFromJson } from './from-json.js';
import type { Json } from './upstream/json.js';
import type { SaidPlace } from './upstream/place.js';

/** Alignment of what the loader places in scratch. */
const LOAD_ALIGN = 0x10000n;
/** Size and alignment of a scratch area that the document does not name. */
const FRESH_SCRATCH = 0x4000000n;
const MAX_ELEMENTS = 1024;

/**
 * Places the blob and what leads to it: at the document's addresses, else in scratch as the kernel's loader
 * does, from the top down.
 *
 * @throws ModelError when the document has not the form of a model, or scratch has no room
 */
export function writeLoaded(
  place: SaidPlace,
  document: Json,
  blob: Uint8Array,
  tree: FdtTree,
  memory: PhysicalMemory | undefined,
): void {
  const setup = document.setupData === undefined ? {} : jsonObject(document.setupData, 'setupData');
  const fdt = document.fdt === undefined ? {} : jsonObject(document.fdt, 'fdt');
  const scratch = scratchOf(place, document, setup, tree);
  const cache = memCacheOf(place, document, setup, tree, scratch);
  const cacheBytes = packRecords(khoMem, cache ?? []).bytes;
  const given = (key: string): bigint | undefined =>
    setup[key] === undefined ? undefined : jsonInteger(setup[key], `setupData.${key}`);
  const taken: AddressRange[] = [];
  const take = (start: bigint, length: number): bigint => {
    taken.push({ start, end: start + BigInt(length) });
    return start;
  };
  const own = fdt.address === undefined ? undefined : jsonInteger(fdt.address, 'fdt.address');
  const named = given('dtAddr');
  const givenFdt = own ?? named;
  const givenCache = given('memCacheAddr');
  if (givenFdt !== undefined) take(givenFdt, blob.length);
  if (givenCache !== undefined) take(givenCache, cacheBytes.length);
  if (own !== undefined && named !== undefined && own !== named) {
    place.messages.push(
      `setupData.dtAddr is 0x${named.toString(16)}; the tree is at fdt.address 0x${own.toString(16)}`,
    );
  }
  const memCacheAddr = givenCache ?? take(freeTop(scratch, cacheBytes.length, taken), cacheBytes.length);
  const dtAddr = givenFdt ?? take(freeTop(scratch, blob.length, taken), blob.length);
  const bootParams =
    given('bootParams') ?? take(freeBottom(scratch, BOOT_PARAMS_SIZE, taken), BOOT_PARAMS_SIZE);
  const element = given('address') ?? freeBottom(scratch, BOOT_PARAMS_SIZE, taken);
  place.put(dtAddr, blob, 'the tree');
  place.put(memCacheAddr, cacheBytes, 'the mem cache');
  const data = {
    dtAddr,
    // A size that was right stays right; one that a dump had wrong stays as it was.
    dtSize: sizeOf(given('dtSize'), fdt.size, blob.length),
    scratchAddr: scratch.start,
    scratchSize: scratch.end - scratch.start,
    memCacheAddr,
    memCacheSize: cacheSize(given('memCacheSize'), cache === undefined ? undefined : cacheBytes.length),
  };
  const { next, reached } = chainTo(memory, bootParams, element);
  place.put(element, khoElementBytes(next, khoDataRfc2024, data), 'setup_data');
  if (!reached) place.put(bootParams, bootParamsBytes(element), 'boot_params');
}

function sizeOf(given: bigint | undefined, before: unknown, length: number): bigint {
  if (given === undefined || before === undefined) return given ?? BigInt(length);
  return given === jsonInteger(before, 'fdt.size') ? BigInt(length) : given;
}

/** The size of the cache; one that a dump had ragged, or without the entries, stays so. */
function cacheSize(given: bigint | undefined, length: number | undefined): bigint {
  if (given === undefined) return BigInt(length ?? 0);
  if (length === undefined) return given;
  const rest = given - BigInt(length);
  return rest >= 0n && rest < KHO_MEM_SIZE ? given : BigInt(length);
}

function scratchOf(place: SaidPlace, document: Json, setup: Json, tree: FdtTree): AddressRange {
  const named = scratchOfSetup(setup);
  if (document.scratch !== undefined) {
    const [first] = jsonArray(document.scratch, 'scratch');
    const json = jsonObject(first, 'scratch[0]');
    const start = jsonInteger(json.start, 'scratch[0].start');
    const end = jsonInteger(json.end, 'scratch[0].end');
    if (end < start) throw new ModelError('scratch[0]: end is before start');
    if (named !== undefined && (named.start !== start || named.end !== end)) {
      place.messages.push('setupData and scratch name different ranges; that of scratch is written');
    }
    return { start, end };
  }
  if (named !== undefined) return named;
  // After everything that is kept, and a page further: a NOINIT region reserves one page too many.
  const end = (memRanges(tree, 4096).at(-1)?.end ?? 0n) + 4096n;
  const start = end + ((FRESH_SCRATCH - (end % FRESH_SCRATCH)) % FRESH_SCRATCH);
  return { start, end: start + FRESH_SCRATCH };
}

function scratchOfSetup({ scratchAddr, scratchSize }: Json): AddressRange | undefined {
  if (scratchAddr === undefined || scratchSize === undefined) return undefined;
  const start = jsonInteger(scratchAddr, 'setupData.scratchAddr');
  return { start, end: start + jsonInteger(scratchSize, 'setupData.scratchSize') };
}

/** The entries of the mem cache; undefined when the document is of a dump that did not hold them. */
function memCacheOf(
  place: SaidPlace,
  document: Json,
  setup: Json,
  tree: FdtTree,
  scratch: AddressRange,
): KhoMem[] | undefined {
  if (document.memCache !== undefined) {
    return jsonArray(document.memCache, 'memCache').map((item, i) =>
      recordFromJson(khoMem, item, `memCache[${i}]`),
    );
  }
  if (setup.memCacheAddr !== undefined) {
    place.messages.push(
      'the mem cache is left out: the model has its address and not its entries (without setupData.memCacheAddr it is computed)',
    );
    return undefined;
  }
  const computed = computeMemCache(visitedRecords(memProperties(tree)), scratch);
  if ('entries' in computed) return computed.entries;
  const { addr, len } = computed.intersects;
  place.messages.push(
    `the mem cache is left empty: the record 0x${addr.toString(16)}, length 0x${len.toString(16)}, runs into scratch, and the kernel would refuse to load`,
  );
  return [];
}

/** The highest aligned place in scratch that is free. */
function freeTop(scratch: AddressRange, length: number, taken: readonly AddressRange[]): bigint {
  const size = BigInt(Math.max(1, length));
  let start = alignDown(scratch.end - size);
  for (;;) {
    const clash = taken.find((range) => start < range.end && start + size > range.start);
    if (start < scratch.start) throw new ModelError(`scratch has no room for ${length} bytes`);
    if (clash === undefined) return start;
    start = alignDown(clash.start - size);
  }
}

/** The lowest page in scratch that is free. */
function freeBottom(scratch: AddressRange, length: number, taken: readonly AddressRange[]): bigint {
  const size = BigInt(length);
  let start = scratch.start;
  for (;;) {
    const clash = taken.find((range) => start < range.end && start + size > range.start);
    if (start + size > scratch.end) throw new ModelError(`scratch has no room for ${length} bytes`);
    if (clash === undefined) return start;
    start = clash.end + ((4096n - (clash.end % 4096n)) % 4096n);
  }
}

function alignDown(address: bigint): bigint {
  return address < 0n ? -1n : address - (address % LOAD_ALIGN);
}

/** What the memory's own list says of the element: what follows it, and whether boot_params lead to it. */
function chainTo(
  memory: PhysicalMemory | undefined,
  bootParams: bigint,
  element: bigint,
): { next: bigint; reached: boolean } {
  const missing = { next: 0n, reached: false };
  if (memory === undefined) return missing;
  const own = readBytes(memory, element, SETUP_DATA_SIZE);
  const header = own === undefined ? undefined : readSetupData(dataView(own), 0);
  const next = header?.type === SetupDataType.kexecKho ? header.next : 0n;
  const head = readBytes(memory, bootParams, BOOT_PARAMS.setupData + 8);
  if (head === undefined) return { next, reached: false };
  const view = dataView(head);
  if (view.getUint32(BOOT_PARAMS.header, true) !== BootParamsHeader.hdrs) return { next, reached: false };
  let at = view.getBigUint64(BOOT_PARAMS.setupData, true);
  for (let i = 0; i < MAX_ELEMENTS && at !== 0n; i++) {
    if (at === element) return { next, reached: true };
    const bytes = readBytes(memory, at, SETUP_DATA_SIZE);
    if (bytes === undefined) break;
    at = readSetupData(dataView(bytes), 0).next;
  }
  return { next, reached: false };
}

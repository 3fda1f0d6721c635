/** Who refers to what lies at an address: the records that point there, and what points to these, up to the root. */
import { BOOT_PARAMS, bootParams as bootParamsRecord, SETUP_DATA_SIZE } from '../records/kho.js';
import { type Addresses, addressesOf } from './addresses.js';
import { type Hit, recordName } from './hit.js';
import { createLocator, type Located, type Locator } from './locate.js';
import { pointerSink, type Reference } from './pointers.js';
import type { WhatModel, WhatSource } from './source.js';

/** A reference, and how many references it is away. */
export interface Referrer extends Reference {
  /** 1 for what points there itself. */
  readonly depth: number;
}

/** What is looked for. */
export interface Referred {
  /** Its address, where ranges of memory may cover it. */
  readonly address: number;
  readonly hits: readonly Hit[];
  /** Other addresses that mean it: the start of a region that it is in. */
  readonly starts: readonly number[];
  /** References that are known already. */
  readonly by: readonly Reference[];
  /** Entries of page tables that lead to it, the nearest first; what points to the top table is above them. */
  readonly tables: readonly Reference[];
}

/** More of them are one list, or damage. */
const MOST = 128;
const DEEPEST = 32;

/** A reference in the outline of one address. */
interface Entry {
  readonly referrer: Referrer;
  readonly above: Entry[];
}

/** Who looks for an address, and for which reference. */
interface Seeker {
  readonly who: number;
  readonly from: Entry | undefined;
}

/**
 * References to each, as an outline: what refers to a referrer is after it, one deeper. A pass over the records for each
 * step; page tables are not walked.
 */
export function referrersOf(
  source: WhatSource,
  asked: readonly Referred[],
  heads: Located['heads'],
): Referrer[][] {
  const outlines = asked.map((): Entry[] => []);
  const known = asked.map(() => new Set<string>());
  const expanded = asked.map(() => new Set<number>());
  let targets = new Map<number, Seeker[]>();
  let fresh: { readonly who: number; readonly entry: Entry }[] = [];

  function seek(who: number, from: Entry | undefined, starts: Iterable<number>): void {
    for (const start of starts) {
      if (expanded[who]?.has(start) !== false) continue;
      expanded[who].add(start);
      const seekers = targets.get(start);
      if (seekers === undefined) targets.set(start, [{ who, from }]);
      else seekers.push({ who, from });
    }
  }

  function tell({ who, from }: Seeker, reference: Reference): Entry | undefined {
    const own = known[who] as Set<string>;
    const key = `${reference.fieldAddress} ${reference.record}`;
    if (own.size >= MOST || own.has(key)) return undefined;
    own.add(key);
    const entry = { referrer: { ...reference, depth: (from?.referrer.depth ?? 0) + 1 }, above: [] };
    (from?.above ?? (outlines[who] as Entry[])).push(entry);
    fresh.push({ who, entry });
    return entry;
  }

  for (const [who, { hits, starts, by, tables }] of asked.entries()) {
    let from: Entry | undefined;
    for (const reference of tables) from = tell({ who, from }, reference) ?? from;
    seek(who, from, [...starts, ...targetsOf(source, hits, heads, true)]);
    for (const reference of by) tell({ who, from: undefined }, reference);
  }
  let inside: Addresses = addressesOf(asked.map(({ address }) => address));
  const indices = new Map(asked.map(({ address }, who) => [address, who]));

  for (let step = 1; step <= DEEPEST && (targets.size > 0 || fresh.length > 0); step++) {
    const sought = targets;
    targets = new Map();
    const found = (target: number, reference: Reference): void => {
      const seekers = sought.get(target);
      const who = seekers === undefined ? indices.get(target) : undefined;
      for (const seeker of seekers ?? (who === undefined ? [] : [{ who, from: undefined }]))
        tell(seeker, reference);
    };
    if (sought.size > 0 || inside.sorted.length > 0) {
      const sink = pointerSink(source.memory, new Set(sought.keys()), inside, found);
      source.references(sink);
      for (const { record, address, what } of source.inner()) sink.record(record, address, what);
      tellBoot(source, sought, found);
    }
    inside = NONE;
    // What points there lies in structures that something else points to.
    const next = fresh;
    fresh = [];
    const places = addressesOf(next.map(({ entry }) => entry.referrer.fieldAddress));
    if (places.sorted.length === 0) continue;
    const located = locate(source, places);
    for (const { who, entry } of next) {
      // What leads to the boot protocol's page is not in memory.
      if (entry.referrer.record === recordName(bootParamsRecord)) continue;
      const place = places.indexOf(entry.referrer.fieldAddress);
      seek(who, entry, targetsOf(source, located.hits[place] ?? [], located.heads, false));
    }
  }
  return outlines.map((outline) => [...flat(outline)]);
}

const NONE = addressesOf([]);

function* flat(outline: readonly Entry[]): Generator<Referrer> {
  const open = [...outline].reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next.referrer;
    for (const above of next.above.toReversed()) open.push(above);
  }
}

/** The records that have a byte at each of some addresses; no page tables. */
function locate(source: WhatSource, addresses: Addresses): Located {
  const locator = createLocator(addresses, false);
  source.references(locator.sink);
  addInner(locator, source);
  return locator.found();
}

/** Tells what the references leave out: records inside of others, and boot_params. */
export function addInner(locator: Locator, source: WhatSource): void {
  for (const { record, address, what } of source.inner()) locator.part(record, address, what);
  const { setupData } = source;
  if (setupData !== undefined) locator.part(bootParamsRecord, Number(setupData.bootParams), 'boot_params');
}

/**
 * Addresses by which something may point to structures. Pages of a linked chain hang on its first page.
 *
 * @param near whether the page before one in a chain counts too
 */
function targetsOf(
  { setupData }: WhatModel,
  hits: readonly Hit[],
  heads: Located['heads'],
  near: boolean,
): number[] {
  const payload = setupData === undefined ? undefined : Number(setupData.element) + SETUP_DATA_SIZE;
  return hits.flatMap((hit): number[] => {
    if (hit.kind === 'table') return [Number(hit.root)];
    if (hit.kind === 'record') {
      if (hit.start === payload) return [hit.start, Number(setupData?.element)];
      return hit.block === undefined ? [hit.start] : [hit.start, hit.block];
    }
    const head = hit.kind === 'page' && hit.chain !== undefined ? heads.get(hit.chain) : undefined;
    if (head === undefined) return [hit.start];
    return near ? [hit.start, head] : [head];
  });
}

/** The list of setup_data begins in boot_params (Documentation/arch/x86/boot.rst). */
function tellBoot(
  { setupData }: WhatModel,
  sought: ReadonlyMap<number, unknown>,
  found: (target: number, reference: Reference) => void,
): void {
  if (setupData === undefined || !sought.has(Number(setupData.element))) return;
  const address = Number(setupData.bootParams);
  found(Number(setupData.element), {
    record: recordName(bootParamsRecord),
    field: bootParamsRecord.fields.find(({ id }) => id === 'setupData')?.kernelName ?? 'hdr.setup_data',
    address,
    fieldAddress: address + BOOT_PARAMS.setupData,
    what: 'boot_params, the head of the setup_data list',
  });
}

/** From an address to its meaning: what lies there, who refers to it, whose it is, who maps it, what is wrong with it. */

import type { Handover } from '../abi/model.js';
import { blockSize } from '../memory/blocks.js';
import { type ByteState, PHYSICAL_LIMIT } from '../memory/physical.js';
import { hex } from '../schema/units.js';
import type { Finding } from '../validate/rule.js';
import { firstStageEntry } from '../vtd/first-stage.js';
import { secondStageEntry } from '../vtd/second-stage.js';
import { accessText } from '../vtd/text/csv.js';
import { type Addresses, addressesOf } from './addresses.js';
import { findingsAt } from './findings.js';
import { type Hit, recordName, type TableHit } from './hit.js';
import { type Held, holdersOf } from './holds.js';
import { type Is, isOf } from './is.js';
import { createLocator, type Located } from './locate.js';
import { createMappingLookup, type Mapping, type MappingLookup } from './mapped.js';
import type { Reference } from './pointers.js';
import type { Query } from './query.js';
import { addInner, type Referrer, referrersOf } from './referrers.js';
import { handoverSource, type WhatModel, type WhatSource } from './source.js';
import type { Space, SpaceUnit } from './spaces.js';

/** The block or range that preserves an address. */
export interface PreservedBy {
  /** Physical bytes, half-open. */
  readonly start: bigint;
  readonly end: bigint;
  /** Of the block; the 2024 series has ranges. */
  readonly order?: number;
}

/** A domain or device that reaches an address. */
export interface MappedBy {
  readonly domain?: bigint;
  readonly device?: string;
  /** That leads to the address itself. */
  readonly iova: bigint;
  /** Bytes of the leaf. */
  readonly size: number;
  /** `r`, `w`, `rw` or `-`: the leaf's own bits. */
  readonly access: string;
}

/** All that is known of one address. */
export interface Answer {
  readonly query: Query;
  /** Physical; undefined for an I/O virtual address that leads nowhere. */
  readonly address?: bigint;
  /** Why it leads nowhere. */
  readonly unmapped?: string;
  readonly known: ByteState;
  readonly preserved?: PreservedBy;
  /** Nothing tells what is preserved here: the map is not in the dump, not whole, or consumed. */
  readonly preservedUnknown?: true;
  readonly is: readonly Is[];
  /** The nearest first, up to the root. */
  readonly referredToBy: readonly Referrer[];
  /** Whose contents it is; of several that claim it the first is what readers go by. */
  readonly held: readonly Held[];
  readonly mappedBy: readonly MappedBy[];
  /** Further ways to it that are not listed. */
  readonly mappedMore: number;
  readonly findings: readonly Finding[];
}

/** What is known besides the handover. */
export interface WhatOptions {
  /** Remapping units besides those that the handover records. */
  readonly units?: readonly SpaceUnit[];
  /** Who refers to each is told too, which takes a pass over the records for each step up to the root; true by default. */
  readonly referrers?: boolean;
  /** Of the whole dump: those that concern an address are told with it. */
  readonly findings?: readonly Finding[];
}

/**
 * A question that cannot be answered: it names a domain or device that is not there.
 *
 * @example
 * ```ts
 * import { decodeHandover, parseQuery, QueryError, whatIs } from 'kho-toolkit';
 *
 * const query = parseQuery('0x1@0x200000');
 * try {
 *   if (typeof query !== 'string') whatIs(decodeHandover(new Uint8Array(64)), [query]);
 * } catch (error) {
 *   console.log(error instanceof QueryError); //=> true
 * }
 * ```
 */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

/**
 * Tells of each address what is known of it, in the order asked. One pass over the references and one walk of each tree
 * of page tables for all of them; what is held grows with the addresses and not with the dump.
 *
 * @throws QueryError where an I/O address space is asked for that the dump does not have
 *
 * @example
 * ```ts
 * import { decodeHandover, parseQuery, planFromSeed, synthesise, whatIs } from 'kho-toolkit';
 *
 * const { blob, fdtAddress, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const query = parseQuery(String(fdtAddress));
 * if (typeof query === 'string') throw new Error(query);
 * for (const { known, is } of whatIs(decodeHandover(blob, { memory, address: fdtAddress }), [query]))
 *   console.log(known, is[0]?.what); //=> present the tree
 * ```
 */
export function whatIs(handover: Handover, queries: readonly Query[], options: WhatOptions = {}): Answer[] {
  return answersFrom(handoverSource(handover, options.units), queries, options);
}

/**
 * The same from any source.
 *
 * @throws QueryError where an I/O address space is asked for that the source does not have
 */
export function answersFrom(
  source: WhatSource,
  queries: readonly Query[],
  options: Omit<WhatOptions, 'units'> = {},
): Answer[] {
  const { findings = [], referrers: wanted = true } = options;
  const resolved = queries.map((query) => resolve(query, source));
  const numbers = resolved.flatMap(({ address }) =>
    address !== undefined && address < BigInt(PHYSICAL_LIMIT) ? [Number(address)] : [],
  );
  const addresses = addressesOf(numbers);
  const lookup = createMappingLookup(addresses);
  const spaces = addresses.sorted.length === 0 ? [] : source.spaces();
  const located = locateAll(source, addresses, lookup);
  const held = holdersOf(source, addresses);
  const asked = [...addresses.sorted].map((address, i) =>
    referred(address, located.hits[i] ?? [], held[i] ?? []),
  );
  const referrers = wanted ? referrersOf(source, asked, located.heads) : [];
  const preserved = preservedBy(source, addresses);
  const users = new Map(spaces.map(({ root, users }) => [root, users]));

  return resolved.map(({ query, address, unmapped }): Answer => {
    const i =
      address === undefined || address >= BigInt(PHYSICAL_LIMIT) ? -1 : addresses.indexOf(Number(address));
    const own = i < 0 ? [] : (located.hits[i] ?? []);
    const owners = i < 0 ? [] : (held[i] ?? []);
    const mappings = i < 0 ? [] : (lookup.found[i] ?? []);
    const covered = preserved[i];
    const isOthers =
      owners.some(({ holder }) => holder.kind !== 'scratch') || mappings.some(({ iova }) => iova !== address);
    return {
      query,
      ...(address === undefined ? {} : { address }),
      ...(unmapped === undefined ? {} : { unmapped }),
      known: i < 0 ? 'absent' : source.state(addresses.sorted[i] as number),
      ...(covered === undefined ? {} : { preserved: covered }),
      ...(covered === undefined && i >= 0 && isUntold(source) ? { preservedUnknown: true } : {}),
      is: i < 0 ? [] : isOf(own, addresses.sorted[i] as number, source, source.memory, !isOthers),
      referredToBy: referrers[i] ?? [],
      held: owners,
      mappedBy: mappings.flatMap((mapping) => byUsers(mapping, users.get(mapping.root))),
      mappedMore: i < 0 ? 0 : (lookup.more[i] as number),
      findings:
        address === undefined
          ? []
          : findingsAt(findings, {
              ...{ address, hits: own, held: owners, mappedBy: mappings, pageSize: source.pageSize },
            }),
    };
  });
}

interface Resolved {
  readonly query: Query;
  readonly address?: bigint;
  readonly unmapped?: string;
}

function resolve(query: Query, source: WhatSource): Resolved {
  if (query.kind === 'physical') return { query, address: query.address };
  if (query.kind === 'pfn') return { query, address: query.pfn * BigInt(source.pageSize) };
  const { address, why, unknown } = source.landing(query.space, query.iova);
  if (unknown === true) throw new QueryError(`${query.text}: ${why ?? 'unknown'}`);
  return { query, ...(address === undefined ? { unmapped: why ?? '' } : { address }) };
}

/** The pass: references of the handover, of the units, and tables that only these lead to. */
function locateAll(source: WhatSource, addresses: Addresses, lookup: MappingLookup): Located {
  const locator = createLocator(addresses, true);
  if (addresses.sorted.length === 0) return locator.found();
  const sink = { ...locator.sink, mapped: lookup.take };
  source.references(sink);
  addInner(locator, source);
  source.translations(sink, lookup);
  return locator.found();
}

/** What is asked about one address when its referrers are looked for. */
function referred(address: number, hits: readonly Hit[], held: readonly Held[]) {
  const tables = hits.filter((hit): hit is TableHit => hit.kind === 'table');
  const [table] = tables;
  return {
    address,
    hits,
    starts: held.flatMap(({ holder }) => (holder.kind === 'reserve-mem' ? [holder.start] : [])),
    by: held.flatMap(({ by }) => by ?? []),
    tables: table === undefined ? [] : pathOf(table),
  };
}

/** The entries above a table as references. */
function pathOf({ path, stage, owner }: TableHit): Reference[] {
  return path.map(({ address, table, level, index }) => {
    const record = (stage === 'first' ? firstStageEntry : secondStageEntry)(level, false);
    return {
      record: record === undefined ? 'page table entry' : recordName(record),
      field: record?.fields.find(({ pointer }) => pointer !== undefined)?.kernelName ?? 'ADDR',
      address,
      fieldAddress: address,
      what: `level ${level} entry ${index} of the table at ${hex(table)} of ${owner}`,
    };
  });
}

function isUntold({ preserved, preservedMap }: WhatModel): boolean {
  return preserved === undefined || preservedMap?.complete === false;
}

/** By index in the addresses. */
function preservedBy(
  { preserved, pageSize }: WhatModel,
  { sorted, within }: Addresses,
): (PreservedBy | undefined)[] {
  const found: (PreservedBy | undefined)[] = Array.from({ length: sorted.length }, () => undefined);
  const { pages, ranges = [] } = preserved ?? {};
  if (pages !== undefined) {
    for (let i = 0; i < sorted.length; i++) {
      const pfn = Math.floor((sorted[i] as number) / pageSize);
      // Of blocks that overlap the larger.
      for (const order of pages.orders) {
        const first = pfn - (pfn % 2 ** order);
        if (!pages.has(first, order)) continue;
        const start = BigInt(first) * BigInt(pageSize);
        found[i] = { start, end: start + blockSize(order, pageSize), order };
      }
    }
    return found;
  }
  for (const { start, end } of ranges)
    for (const i of within(Number(start), Number(end))) found[i] = { start, end };
  return found;
}

function byUsers({ iova, size, access }: Mapping, users: Space['users'] = []): MappedBy[] {
  const way = { iova, size, access: accessText(access) };
  return users.length === 0 ? [way] : users.map((user) => ({ ...user, ...way }));
}

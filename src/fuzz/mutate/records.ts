/** Structure level in memory: records of a list, links of chains, pages that are not there. */

import type { RecordInstance } from '../../references/instance.js';
import { hex } from '../../schema/units.js';
import type { Random } from '../../synth/random.js';
import type { ListExpectation } from '../expect/field.js';
import { LINKS, LISTS } from '../expect/index.js';
import { leafFields, readLeaf, writeLeaf } from '../fields.js';
import { ACCEPTED, type Expectation, fires, type Mutation, UNKNOWN } from '../mutation.js';
import { type MutateContext, type Mutator, recordBytes } from './context.js';

/** Bytes of a page of the 2024 series. */
const PAGE = 4096n;

/** Copies a record over another of its list, zeroes one, or lets two trade places. */
export const mutateList: Mutator = (context, random) => {
  const lists = [...context.byList.values()].filter(
    ([first]) => LISTS[first?.record.name ?? ''] !== undefined,
  );
  if (lists.length === 0) return undefined;
  const members = random.pick(lists);
  const from = random.pick(members);
  const to = random.pick(members.filter((member) => member !== from && member.record === from.record));
  const rules = LISTS[from.record.name];
  const [a, b] = [recordBytes(context, from), recordBytes(context, to)];
  if (rules === undefined || a.length === 0 || b.length !== a.length) return undefined;
  const same = a.every((byte, i) => byte === b[i]);
  const at = (instance: RecordInstance, bytes: Uint8Array) =>
    ({ kind: 'write', address: instance.address, bytes: bytes.slice() }) as const;
  switch (random.below(3)) {
    case 0:
      if (same) return undefined;
      return structure(
        `${to.what} replaced by a copy of ${from.what}`,
        [at(to, a)],
        ownsPages(from, a) ? rules.twice : UNKNOWN,
      );
    case 1:
      if (a.every((byte) => byte === 0)) return undefined;
      return structure(
        `${from.what} zeroed`,
        [at(from, new Uint8Array(a.length))],
        decided(rules.zeroed, context),
      );
    default:
      if (same) return undefined;
      return structure(
        `${from.what} and ${to.what} swapped`,
        [at(from, b), at(to, a)],
        decided(rules.swapped, context),
      );
  }
};

/** Objects smaller than a page share pages; of a kho_mem that says nothing of whole pages nothing is decided. */
function ownsPages({ record }: RecordInstance, bytes: Uint8Array): boolean {
  if (record.name !== 'kho_mem') return true;
  return leafFields(record).every((field) => (readLeaf(field, bytes) & ~1n) % PAGE === 0n);
}

/** A scratch region of no size, which kernels have for nodes without memory, overlaps nothing. */
function isEmpty({ record }: RecordInstance, bytes: Uint8Array): boolean {
  if (record.name !== 'kho_scratch') return false;
  return leafFields(record).some((field) => field.info.id === 'size' && readLeaf(field, bytes) === 0n);
}

const decided = (expect: ListExpectation, { target }: MutateContext): Expectation =>
  typeof expect === 'function' ? expect(target) : expect;

function structure(words: string, changes: Mutation['changes'], expect: Expectation): Mutation {
  return { level: 'structure', words, changes, expect };
}

/** Closes a loop: a link leads back to its own page or to an earlier one of its chain, or into another chain. */
export const mutateChain: Mutator = (context, random) => {
  const links = context.instances.records.filter(({ record }) => LINKS[record.name] !== undefined);
  if (links.length === 0) return undefined;
  const instance = random.pick(links);
  const chain = LINKS[instance.record.name];
  const field = leafFields(instance.record).find(({ info }) => info.id === chain?.field);
  if (chain === undefined || field === undefined) return undefined;
  const { pageSize } = context.target.handover;
  const page = Math.floor(instance.address / pageSize) * pageSize;
  const { pages } = context.instances;
  const own = pages.find(({ address }) => address === page);
  if (own === undefined) return undefined;
  const back = pages.filter(({ chain }) => chain === own.chain);
  const earlier = back.slice(0, back.indexOf(own) + 1);
  const foreign = pages.filter(({ chain }) => chain !== own.chain && kindOf(chain) === kindOf(own.chain));
  const away = foreign.length > 0 && random.chance(1 / 3);
  const goal = random.pick(away ? foreign : earlier);
  const bytes = recordBytes(context, instance);
  const old = readLeaf(field, bytes);
  // Entries of page tables hold page frames.
  const value = BigInt(field.bitWidth < 64 ? goal.address / pageSize : goal.address);
  if (value === old) return undefined;
  const written = writeLeaf(field, bytes, value);
  return structure(
    `${field.name} of ${instance.what}: ${hex(old)} -> ${hex(value)} (${away ? `${goal.what}, another chain` : goal === own ? 'its own page, a loop' : `back to ${goal.what}, a loop`})`,
    [{ kind: 'write', address: instance.address + written.at, bytes: written.bytes }],
    away ? chain.foreign : chain.loop,
  );
};

function kindOf(chain: string): string {
  return chain.slice(0, chain.indexOf(' '));
}

/** Cuts pages out of the core. What is not there cannot be judged: a rule is skipped, never failed. */
export const mutatePages: Mutator = ({ target, instances }, random) => {
  if (target.form === 'blob' || instances.records.length === 0) return undefined;
  const { pageSize } = target.handover;
  const place =
    random.chance(1 / 2) && instances.pages.length > 0
      ? random.pick(instances.pages)
      : random.pick(instances.records);
  const start = Math.floor(place.address / pageSize) * pageSize;
  const end = start + pageSize * random.pick([1, 1, 1, 2, 16]);
  const { address, bytes } = target.root;
  // Without its tree nothing is left to be judged.
  if (start < address + bytes.length && end > address) return undefined;
  return structure(
    `the pages [${hex(start)}, ${hex(end)}) cut out, with ${place.what}`,
    [{ kind: 'cut', start, end }],
    ACCEPTED,
  );
};

/** Ranges that are made to overlap: the start of one becomes that of another. */
const RANGES: Readonly<Record<string, { field: string; rules: readonly string[] }>> = {
  reserve_mem_start: { field: 'value', rules: ['MEMBLOCK-006'] },
  kho_mem: { field: 'addr', rules: ['KHO-007', 'KHO-008', 'KHO-009', 'KHO-010', 'GMFS-008'] },
  iova_start: { field: 'value', rules: ['IOMMUFD-010', 'IOMMUFD-011', 'MAP-003', 'MAP-004'] },
  kho_scratch: { field: 'addr', rules: ['KHO-124'] },
};

/** Lets two ranges of a list overlap. */
export const mutateOverlap: Mutator = (context, random) => {
  const lists = [...context.byList.values()].filter(
    ([first]) => RANGES[first?.record.name ?? ''] !== undefined,
  );
  if (lists.length === 0) return undefined;
  return overlap(context, random.pick(lists), random);
};

function overlap(
  context: MutateContext,
  members: readonly RecordInstance[],
  random: Random,
): Mutation | undefined {
  const from = random.pick(members);
  const to = random.pick(members.filter((member) => member !== from));
  const range = RANGES[from.record.name];
  const field = leafFields(from.record).find(({ info }) => info.id === range?.field);
  if (range === undefined || field === undefined) return undefined;
  const bytes = recordBytes(context, to);
  const value = readLeaf(field, recordBytes(context, from));
  const old = readLeaf(field, bytes);
  // IOVAs of two address spaces may be equal.
  if (value === old || (from.record.name === 'iova_start' && !siblings(from, to))) return undefined;
  const decided =
    context.target.handover.kind === 'handover' &&
    ownsPages(from, recordBytes(context, from)) &&
    ownsPages(to, bytes) &&
    !isEmpty(from, recordBytes(context, from)) &&
    !isEmpty(to, bytes);
  const written = writeLeaf(field, bytes, value);
  return structure(
    `${to.what} moved onto ${from.what}: ${hex(old)} -> ${hex(value)}`,
    [{ kind: 'write', address: to.address + written.at, bytes: written.bytes }],
    decided ? fires(...range.rules) : UNKNOWN,
  );
}

function siblings(a: RecordInstance, b: RecordInstance): boolean {
  const parent = (path: string | undefined) => path?.slice(0, path.lastIndexOf('/'));
  return parent(a.property?.path) === parent(b.property?.path);
}

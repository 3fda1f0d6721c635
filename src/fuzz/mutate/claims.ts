/** Few bytes that claim much: several sizes of a record at once, memory that is only said to be there. */
import { hex } from '../../schema/units.js';
import type { Random } from '../../synth/random.js';
import { isNumeric, type LeafField, leafFields, readLeaf, writeLeaf } from '../fields.js';
import { type Change, type Mutation, UNKNOWN } from '../mutation.js';
import type { FuzzTarget } from '../target.js';
import { type MutateContext, type Mutator, recordBytes } from './context.js';
import { isAddress } from './values.js';

const SIZES = [10n, 12n, 16n, 20n, 24n, 28n, 31n, 32n, 36n, 40n, 51n, 63n];
/** Bytes of zeros that a core claims: up to 16 TiB, which no file has to store. */
const ZEROS = [2 ** 21, 2 ** 30, 2 ** 36, 2 ** 40, 2 ** 44];
const MAX_ALIASES = 64;

/** Above all that the target has, at a boundary of every page size. */
function above({ segments }: FuzzTarget): number {
  const last = segments.at(-1);
  const end = (last?.address ?? 0) + (last?.bytes.length ?? 0);
  return Math.ceil(end / 2 ** 30 + 1) * 2 ** 30;
}

function isSize({ info: { unit } }: LeafField): boolean {
  return unit === 'count' || unit === 'bytes' || unit === 'pages' || unit === 'index' || unit === undefined;
}

/** Sets sizes and counts of one record together, and lets its pointers lead to a region of zeros. */
export const mutateSizes: Mutator = (context, random) => {
  if (context.byType.length === 0) return undefined;
  const instance = random.pick(random.pick(context.byType));
  const bytes = recordBytes(context, instance);
  if (bytes.length === 0) return undefined;
  const fields = leafFields(instance.record).filter(isNumeric);
  const sizes = fields.filter((field) => isSize(field) && !isAddress(field));
  const pointers = fields.filter(isAddress);
  const { target } = context;
  const intoZeros = target.form === 'core' && pointers.length > 0 && random.chance(1 / 2);
  if (sizes.length + (intoZeros ? pointers.length : 0) < 2) return undefined;
  const made = bytes.slice();
  const words: string[] = [];
  const set = (field: LeafField, wanted: bigint): void => {
    const value = BigInt.asUintN(field.bitWidth, wanted);
    const old = readLeaf(field, made);
    if (value === old) return;
    const written = writeLeaf(field, made, value);
    made.set(written.bytes, written.at);
    words.push(`${field.name}: ${hex(old)} -> ${hex(value)}`);
  };
  for (const field of sizes) if (random.chance(3 / 4)) set(field, sizeFor(field, random));
  const changes: Change[] = [];
  if (intoZeros) {
    const start = above(target);
    const length = random.pick(ZEROS);
    changes.push({ kind: 'zeros', address: start, length });
    const { pageSize } = target.handover;
    const unit = (field: LeafField) => (field.info.unit === 'pfn' ? BigInt(pageSize) : 1n);
    for (const field of pointers) if (random.chance(3 / 4)) set(field, BigInt(start) / unit(field));
    words.push(`${hex(BigInt(length))} bytes of zeros at ${hex(BigInt(start))}`);
  }
  if (words.length < 2) return undefined;
  return mutation(`${instance.what}: ${words.join(', ')}`, [
    ...changes,
    { kind: 'write', address: instance.address, bytes: made },
  ]);
};

function sizeFor({ bitWidth }: LeafField, random: Random): bigint {
  const fitting = SIZES.filter((shift) => shift < BigInt(bitWidth));
  const shift = fitting.length === 0 ? BigInt(bitWidth) : random.pick(fitting);
  return (1n << shift) - random.pick([0n, 1n]);
}

/** Zeros that a core claims, or its own pages again and again; records may lead there by another mutation. */
export const mutateRegions: Mutator = (context, random) => {
  const { target, instances } = context;
  if (target.form === 'blob') return undefined;
  const start = above(target);
  if (random.chance(1 / 2)) {
    const length = random.pick(ZEROS);
    return mutation(`${hex(BigInt(length))} bytes of zeros at ${hex(BigInt(start))}, which no file stores`, [
      { kind: 'zeros', address: start, length },
    ]);
  }
  const { pageSize } = target.handover;
  const pages: readonly { readonly address: number; readonly what: string }[] =
    instances.pages.length > 0 ? instances.pages : instances.records;
  if (pages.length === 0) return undefined;
  const page = random.pick(pages);
  const from = Math.floor(page.address / pageSize) * pageSize;
  const count = 1 + random.below(MAX_ALIASES);
  const changes: Change[] = [];
  for (let i = 0; i < count; i++)
    changes.push({ kind: 'alias', address: start + i * pageSize, from, length: pageSize });
  const link = linked(context, page.address, start, random);
  return mutation(
    `the page of ${page.what} shown ${count} times more from ${hex(BigInt(start))} on${link === undefined ? '' : `, ${link.words}`}`,
    link === undefined ? changes : [...changes, link.change],
  );
};

/** A record whose pointer leads to the page leads to its first copy instead. */
function linked(
  context: MutateContext,
  page: number,
  copy: number,
  random: Random,
): { readonly words: string; readonly change: Change } | undefined {
  const { pageSize } = context.target.handover;
  const instance = random.pick(context.instances.records);
  const bytes = recordBytes(context, instance);
  if (bytes.length === 0) return undefined;
  for (const field of leafFields(instance.record)) {
    if (!isNumeric(field) || !isAddress(field)) continue;
    const unit = field.info.unit === 'pfn' ? pageSize : 1;
    if (field.bitWidth < 40 && unit === 1) continue;
    const goal = (copy + (page % pageSize)) / unit;
    if (!Number.isInteger(goal)) continue;
    const value = BigInt(goal);
    const written = writeLeaf(field, bytes, BigInt.asUintN(field.bitWidth, value));
    return {
      words: `${field.name} of ${instance.what} leads there`,
      change: { kind: 'write', address: instance.address + written.at, bytes: written.bytes },
    };
  }
  return undefined;
}

function mutation(words: string, changes: readonly Change[]): Mutation {
  return { level: 'structure', words, changes, expect: UNKNOWN };
}

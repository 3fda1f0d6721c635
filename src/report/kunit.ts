/** A synthesised dump as test vectors in C: the bytes of its records, and what a reader must make of them. */
import { hex, size } from '../schema/units.js';
import type { Region } from '../synth/regions.js';
import type { Synthesis } from '../synth/synthesis.js';
import { isRfc } from '../versions/generations.js';
import {
  byteArrayLines,
  cName,
  cString,
  type Member,
  memberLines,
  rowArrayLines,
  structArrayLines,
} from './c-data.js';
import { comment } from './c-header.js';
import { jsonChunks } from './json-chunks.js';

type Json = { readonly [key: string]: unknown };

/** Bytes of records that a file of test vectors may have: some 5 MiB of C. */
const MOST = 1 << 20;
const PREFIX = 'kho_vector_';

/**
 * Why a dump cannot be test vectors, as the end of a sentence about it; undefined where it can. Says so before
 * anything is made.
 */
export function kunitRefusal({ generation, regions }: Synthesis): string | undefined {
  if (isRfc(generation)) return `${generation} has no LUO sessions and no preserved memory map to expect`;
  const bytes = stored(regions).reduce((sum, region) => sum + region.size, 0);
  if (bytes <= MOST) return undefined;
  return `${bytes} bytes of records, and test vectors have at most ${size(MOST)}: a smaller --guest-ram, --page-size or --test-folios`;
}

/**
 * Lines of C that gcc compiles in a kernel and, with its own typedefs, outside. All names begin with `kho_vector_`;
 * `kho_vector` leads to everything.
 *
 * @param dump one that {@link kunitRefusal} does not refuse
 * @param command the command line that makes these lines
 * @param version of the toolkit: another one may make other bytes of the same command
 */
export function* kunitLines(dump: Synthesis, command: string, version: string): Generator<string> {
  const { generation, release, regions } = dump;
  // As it is written by --truth, so that there is one account and not two.
  const account = JSON.parse([...jsonChunks(dump.account)].join('')) as Json;
  yield '// SPDX-License-Identifier: CC0-1.0';
  yield '/*';
  yield ` * ${generation}, Linux ${comment(release)}: test vectors of kho-toolkit ${comment(version)}, made by`;
  yield ' *';
  yield ` *\t${comment(command)}`;
  yield ' *';
  yield ' * Records are the bytes of physical memory that the previous kernel left, in';
  yield ' * little-endian byte order. What they must be read as was written from the plan';
  yield ' * of the dump and not from its bytes. Guest memory has no bytes here.';
  yield ' */';
  yield* DECLARATIONS;
  const members: Member[] = [
    ['abi', cString(generation)],
    ['release', cString(release)],
    ['page_size', String(dump.pageSize)],
    ['fdt', hex(dump.fdtAddress)],
    ['fdt_size', String(dump.blob.length)],
    ['preserved_memory_map', number(account.preservedMemoryMap)],
  ];
  const add = function* (name: string, lines: Iterable<string>, count: number): Generator<string> {
    if (count === 0) return;
    yield '';
    yield* lines;
    members.push([`nr_${name}`, String(count)], [name, PREFIX + name]);
  };
  const rows = (type: string, name: string, of: readonly Json[], keys: readonly string[]) =>
    add(
      name,
      rowArrayLines(
        PREFIX + type,
        PREFIX + name,
        of.map((each) => keys.map((key) => number(each[key]) ?? '1')),
      ),
      of.length,
    );
  const structs = (type: string, name: string, of: readonly (readonly Member[])[]) =>
    add(name, structArrayLines(PREFIX + type, PREFIX + name, of), of.length);

  yield* structs('record', 'records', yield* recordsOf(regions));
  yield* structs('subtree', 'subtrees', named(account.subtrees, { phys: 'address', size: 'size' }));
  yield* rows('range', 'scratch', list(account.scratch), ['start', 'end']);
  const { pages } = object(account.preserved);
  yield* rows('block', 'preserved', list(pages), ['address', 'order', 'count']);
  yield* structs(
    'region',
    'reserve_mem',
    named(object(account.memblock).regions, { start: 'start', size: 'size' }),
  );
  const luo = object(account.luo);
  yield* structs('session', 'sessions', yield* sessionsOf(list(luo.sessions)));
  yield* structs('flb', 'flbs', named(luo.flbs, { data: 'data', count: 'count' }));
  const test = object(account.khoTest);
  yield* rows('block', 'test_folios', list(test.folios), ['address', 'order', 'count']);
  const metadata = object(account.kexecMetadata);
  members.push(
    ['luo', string(luo.compatible)],
    ['liveupdate_number', number(luo.liveupdateNumber)],
    ['test_csum', number(test.csum)],
    ['previous_release', string(metadata.previousRelease)],
    ['kexec_count', number(metadata.kexecCount)],
  );
  yield '';
  yield 'static const struct kho_vector kho_vector __maybe_unused = {';
  yield* memberLines(members);
  yield '};';
}

const DECLARATIONS: readonly string[] = `
#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/types.h>
#endif

#ifndef __KERNEL__
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
#define __maybe_unused __attribute__((__unused__))
#endif

/* Bytes of physical memory. */
struct kho_vector_record {
	const char *what;
	u64 phys;
	u64 size;
	const u8 *data;
};

/* A child of the root tree; size is 0 where the ABI does not tell it. */
struct kho_vector_subtree {
	const char *name;
	u64 phys;
	u64 size;
};

/* Physical addresses; end is the first after it. */
struct kho_vector_range {
	u64 start;
	u64 end;
};

/* count adjacent blocks of (page_size << order) bytes. */
struct kho_vector_block {
	u64 phys;
	u32 order;
	u64 count;
};

/* A region of reserve_mem=. */
struct kho_vector_region {
	const char *name;
	u64 start;
	u64 size;
};

/* An entry of a file's list of folios; index in pages. */
struct kho_vector_folio {
	u64 pfn;
	u32 flags;
	u64 index;
};

/* A file of a session; data is the handler's record, or its value. */
struct kho_vector_file {
	const char *compatible;
	u64 token;
	u64 data;
	u64 pos;
	u64 size;
	u32 seals;
	u32 flags;
	u64 nr_folios;
	const struct kho_vector_folio *folios;
};

struct kho_vector_session {
	const char *name;
	u64 nr_files;
	const struct kho_vector_file *files;
};

struct kho_vector_flb {
	const char *name;
	u64 data;
	u64 count;
};

/* Everything; what the dump does not have is 0 or NULL. */
struct kho_vector {
	const char *abi;
	const char *release;
	u64 page_size;
	u64 fdt;
	u64 fdt_size;
	u64 preserved_memory_map;
	u64 nr_records;
	const struct kho_vector_record *records;
	u64 nr_subtrees;
	const struct kho_vector_subtree *subtrees;
	u64 nr_scratch;
	const struct kho_vector_range *scratch;
	u64 nr_preserved;
	const struct kho_vector_block *preserved;
	u64 nr_reserve_mem;
	const struct kho_vector_region *reserve_mem;
	u64 nr_sessions;
	const struct kho_vector_session *sessions;
	u64 nr_flbs;
	const struct kho_vector_flb *flbs;
	u64 nr_test_folios;
	const struct kho_vector_block *test_folios;
	const char *luo;
	u64 liveupdate_number;
	u32 test_csum;
	const char *previous_release;
	u32 kexec_count;
};`.split('\n');

/** Regions that have bytes of their own. */
function stored(regions: readonly Region[]): readonly Region[] {
  return regions.filter(({ fill, size: length }) => fill !== undefined && length > 0);
}

/** Writes the arrays of bytes. */
function* recordsOf(regions: readonly Region[]): Generator<string, (readonly Member[])[]> {
  const names = new Map<string, number>();
  const records: (readonly Member[])[] = [];
  for (const { what, address, size: length, fill } of stored(regions)) {
    const base = `${PREFIX}data_${cName(what)}`;
    const used = (names.get(base) ?? 0) + 1;
    names.set(base, used);
    // Two underscores: no description ends so.
    const name = used === 1 ? base : `${base}__${used}`;
    const bytes = new Uint8Array(length);
    fill?.(bytes, 0);
    yield '';
    yield* byteArrayLines(name, bytes);
    records.push([
      ['what', cString(what)],
      ['phys', hex(address)],
      ['size', String(length)],
      ['data', name],
    ]);
  }
  return records;
}

/** Writes the arrays of folios and files. */
function* sessionsOf(sessions: readonly Json[]): Generator<string, (readonly Member[])[]> {
  const made: (readonly Member[])[] = [];
  for (const [i, session] of sessions.entries()) {
    const files: (readonly Member[])[] = [];
    for (const [j, file] of list(session.files).entries()) {
      files.push(yield* fileOf(file, `${PREFIX}session_${i}_file_${j}_folios`));
    }
    const name = `${PREFIX}session_${i}_files`;
    if (files.length > 0) {
      yield '';
      yield* structArrayLines(`${PREFIX}file`, name, files);
    }
    made.push([
      ['name', string(session.name)],
      ['nr_files', String(files.length)],
      ['files', files.length > 0 ? name : undefined],
    ]);
  }
  return made;
}

function* fileOf(file: Json, name: string): Generator<string, readonly Member[]> {
  // Whatever its handler is called, what it keeps is the part that has folios.
  const kept = object(Object.values(file).find((part) => Array.isArray(object(part).folios)));
  const folios = list(kept.folios).flatMap(singleFolios);
  if (folios.length > 0) {
    yield '';
    yield* rowArrayLines(`${PREFIX}folio`, name, folios);
  }
  return [
    ['compatible', string(file.compatible)],
    ['token', number(file.token)],
    ['data', number(file.data)],
    ['pos', number(kept.pos)],
    ['size', number(kept.size)],
    ['seals', number(kept.seals)],
    ['flags', number(kept.flags)],
    ['nr_folios', String(folios.length)],
    ['folios', folios.length > 0 ? name : undefined],
  ];
}

/** The account joins folios whose pfn and index rise by one step. */
function singleFolios({ pfn, flags, index, count = 1, step = 1 }: Json): string[][] {
  return Array.from({ length: Number(count) }, (_, i) => {
    const more = BigInt(i) * BigInt(Number(step));
    return [hex(BigInt(String(pfn)) + more), number(flags) ?? '0', hex(BigInt(String(index)) + more)];
  });
}

/** Members of structures that are a name and numbers; of the numbers each with its key in the account. */
function named(value: unknown, numbers: Readonly<Record<string, string>>): (readonly Member[])[] {
  return list(value).map((each) => [
    ['name', string(each.name)],
    ...Object.entries(numbers).map(([name, key]): Member => [name, number(each[key])]),
  ]);
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

/** Numbers of the account are numbers or hex text; hex constants of C have the type that holds them. */
function number(value: unknown): string | undefined {
  return value === undefined ? undefined : hex(BigInt(value as string | number));
}

function string(value: unknown): string | undefined {
  return value === undefined ? undefined : cString(String(value));
}

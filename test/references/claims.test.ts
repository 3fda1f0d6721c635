/** Who owns memory: claims of handovers that are whole, and of blobs by themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import type { LuoFile } from '../../src/abi/upstream/model.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { usesOf } from '../../src/diff/kept/uses.js';
import { pageSet } from '../../src/memory/page-set.js';
import type { Claim } from '../../src/references/claim.js';
import { claimsOf } from '../../src/references/claims.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { claimPieces, lackOf } from '../../src/validate/preserved.js';
import { fixtures } from '../fixtures.js';

function handoverOf(options: Parameters<typeof planFromSeed>[0]): Handover {
  const { blob, fdtAddress, memory } = synthesise(planFromSeed({ guestRam: 2n ** 24n, ...options }));
  return decodeHandover(blob, { memory, address: fdtAddress });
}

/** Memory of a claim, folios as long as their blocks. */
function* memoryOf({ runs, folios }: Claim, { preserved, pageSize }: Handover) {
  for (const { start, end } of runs()) yield { start: Number(start), end: Number(end) };
  const frames: number[] = [];
  folios?.folios.each((pfn) => void frames.push(pfn));
  for (const pfn of frames) {
    const pages = 2 ** Math.max(0, preserved?.pages?.largestAt(pfn) ?? 0);
    yield { start: pfn * pageSize, end: (pfn + pages) * pageSize };
  }
}

test.each(['kho-v1', 'kho-v2', 'kho-v3', 'kho-v4'] as const)('%s: all that is kept has one owner', (abi) => {
  const handover = handoverOf({ abi, seed: 3n, flbs: 1 });
  const { pages } = handover.preserved ?? {};
  if (pages === undefined) throw new Error('no map');
  const claims = claimsOf(handover);
  const all = claims.flatMap((claim) => [...memoryOf(claim, handover)]);
  const claimed = pageSet(all, handover.pageSize);
  // The kernel restores a block as a whole: of kho_test's tree the last page has nothing.
  for (const { address, order, count } of pages.blocks()) {
    for (let i = 0; i < count; i++) {
      const first = Number(address) / handover.pageSize + i * 2 ** order;
      expect(claimed.nextCovered(first, first + 2 ** order)).toBeLessThan(first + 2 ** order);
    }
  }
  // Of different owners no page is the same.
  const owners = new Map<string, { start: number; end: number }[]>();
  for (const claim of claims) {
    const { part, session, token, flb, region, subtree } = claim.place;
    const key = [part, session, token, flb, region, subtree].join();
    owners.set(key, [...(owners.get(key) ?? []), ...memoryOf(claim, handover)]);
  }
  const sizes = [...owners.values()].map((own) => pageSet(own, handover.pageSize).countPages());
  expect(sizes.reduce((sum, count) => sum + count, 0)).toBe(claimed.countPages());
});

test.each(['kho-v1', 'kho-v4'] as const)(
  '%s: all that is claimed must be preserved, but for the map itself',
  (abi) => {
    const handover = handoverOf({ abi, seed: 3n, flbs: 1 });
    const claims = claimsOf(handover);
    const free = claims.filter(({ preserved }) => preserved === undefined);
    expect(new Set(free.map(({ what }) => what))).toEqual(new Set(['the preserved memory map']));
    const map = handover.preserved?.pages;
    if (map === undefined) throw new Error('no map');
    for (const claim of claims)
      for (const piece of claimPieces(claim)) expect(lackOf(map, piece), claim.what).toBe(undefined);
  },
);

test('a claim names its owner, and the field that refers', () => {
  const claims = claimsOf(handoverOf({ abi: 'kho-v4', seed: 1n }));
  const list = claims.find(({ at, place }) => at === 'list' && place.token !== undefined);
  expect(list?.name).toMatch(/^the memfd of token 0x[0-9a-f]+, session ".*"$/);
  expect(list?.subject).toHaveProperty('token', list?.place.token);
  expect(list?.by?.field).toBe('memfd_luo_ser.folios');
  const test = claims.find(({ at, place }) => at === 'list' && place.part === 'kho-test');
  expect(test?.by?.property).toBe('folios_info');
});

test('the memory that a blob by itself names', () => {
  const path = join(fixtures, 'linux-7.3-live-update', 'debugfs-in', 'sub_fdts', 'memblock');
  const handover = decodeHandover(new Uint8Array(readFileSync(path)));
  expect(claimsOf(handover).map(({ at, place }) => [at, place.region])).toEqual(
    (handover.memblock?.regions ?? []).map(({ name }) => ['contents', name]),
  );
  expect(usesOf(handover).users).toEqual([]);
});

test('what is not known of token 1 says nothing of token 10', () => {
  const handover = handoverOf({ abi: 'kho-v4', seed: 1n });
  const { luo } = handover;
  const [session] = luo?.sessions ?? [];
  const [file] = session?.files ?? [];
  if (luo === undefined || session === undefined || file === undefined) throw new Error('no file');
  const { memfd: _, ...unknown } = file as LuoFile & { memfd?: unknown };
  const files = [
    { ...unknown, token: 1n },
    { ...file, token: 10n },
  ] as LuoFile[];
  const { users, untold } = usesOf({ ...handover, luo: { ...luo, sessions: [{ ...session, files }] } });
  const known = users.find(({ place, kind }) => place.token === 10n && kind === 'object');
  expect(untold).toHaveLength(1);
  expect(untold.some((prefix) => known?.key.startsWith(prefix))).toBe(false);
});

/** `what` against accounts that none of our code wrote: whose each folio is, who maps each page. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { sampled } from '../../src/references/instance.js';
import { bytesToText } from '../../src/schema/text.js';
import { iovasOf, pagesOf, targetsOf } from '../../src/vtd/walk/batch.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { parseQuery, type Query } from '../../src/what/query.js';
import { spacesOf } from '../../src/what/spaces.js';
import { type Answer, whatIs } from '../../src/what/what.js';
import { fixtures, rfcFiles, rfcNames } from '../fixtures.js';
import { fileBytes, gunzip } from '../memory/bytes.js';
import { sweep } from '../sweep.js';
import { eachHandover, linuxDumps } from './dumps.js';

interface TruthFile {
  readonly token: number;
  readonly folios?: readonly (readonly [pfn: number, flags: number, index: number])[];
}

interface TruthTree {
  readonly pa: number;
  readonly preserved: readonly (readonly [address: number, order: number])[];
  readonly memblock?: { readonly [name: string]: readonly [start: number, size: number] };
  readonly luo?: {
    readonly sessions: readonly { readonly name: string; readonly files: readonly TruthFile[] }[];
  };
}

/** Folios and blocks of one dump that are looked at. */
const EACH = sweep(100_000, 150);

function ask(handover: Handover, addresses: readonly (number | bigint)[]): Answer[] {
  const queries = addresses.map((at): Query => ({ kind: 'physical', text: `${at}`, address: BigInt(at) }));
  return whatIs(handover, queries, { referrers: false });
}

function truthPath(name: string): string {
  return join(fixtures, name.replace(/\.elf\.gz$/, '.truth.json.gz'));
}

function truthOf(name: string): readonly TruthTree[] {
  return JSON.parse(new TextDecoder().decode(gunzip(fileBytes(truthPath(name)))));
}

const TOLD = linuxDumps.filter((name) => !name.includes('makedumpfile') && existsSync(truthPath(name)));

describe.each(TOLD)('%s', (name) => {
  test('each folio is of its file, at its offset; each block is preserved by itself', async () => {
    await eachHandover(name, (handover) => {
      const { pageSize, fdtAddress, takenOver, luo } = handover;
      const truth = truthOf(name).find(({ pa }) => BigInt(pa) === fdtAddress);
      if (truth === undefined || takenOver !== undefined) return;
      const folios = (luo === undefined ? [] : (truth.luo?.sessions ?? [])).flatMap((session) =>
        session.files.flatMap(({ token, folios = [] }) =>
          folios.map(([pfn, , index]) => ({ session: session.name, token, pfn, index })),
        ),
      );
      const some = [...sampled(folios.length, EACH)].flatMap((i) => folios[i] ?? []);
      const answers = ask(
        handover,
        some.map(({ pfn }) => pfn * pageSize + 0x123),
      );
      const wrong = some.filter(({ session, token, index }, i) => {
        const [held] = answers[i]?.held ?? [];
        if (held?.holder.kind !== 'file') return true;
        const { holder } = held;
        // Hostile names are in the account as JSON has them.
        return (
          Number(holder.file.token) !== token ||
          holder.fileOffset !== BigInt(index * pageSize + 0x123) ||
          bytesToText(holder.session.name).text.slice(0, 3) !== session.slice(0, 3)
        );
      });
      expect(wrong.slice(0, 5)).toEqual([]);

      const blocks = [...sampled(truth.preserved.length, EACH)].flatMap((i) => [
        truth.preserved[i] ?? [0, 0],
      ]);
      const inside = blocks.map(([address, order]) => address + pageSize * 2 ** order - 1);
      expect(ask(handover, inside).map(({ preserved }) => preserved)).toEqual(
        blocks.map(([address, order]) => ({
          ...{ start: BigInt(address), end: BigInt(address + pageSize * 2 ** order), order },
        })),
      );
      for (const [region, [start, size]] of Object.entries(truth.memblock ?? {})) {
        const [answer] = ask(handover, [start + size - 1]);
        expect(answer?.held[0]?.holder).toMatchObject({
          kind: 'reserve-mem',
          name: region,
          offset: BigInt(size - 1),
        });
      }
    });
  });
});

const MAPPING = linuxDumps.filter((name) => name.includes('iommu'));

describe.each(MAPPING)('%s', (name) => {
  test('every leaf maps its page back, and its IOVA leads there', async () => {
    await eachHandover(name, (handover) => {
      for (const { request, users } of spacesOf(handover, [])) {
        const leaves: { iova: number; address: number }[] = [];
        for (const batch of walkTable(request).batches) {
          for (const row of sampled(batch.length, 64)) {
            const last = (pagesOf(batch)[row] ?? 1) - 1;
            for (const nth of new Set([0, last]))
              leaves.push({
                iova: ((iovasOf(batch)[row] ?? 0) + nth) * 4096,
                address: ((targetsOf(batch)[row] ?? 0) + nth) * 4096,
              });
          }
        }
        const some = [...sampled(leaves.length, 100)].flatMap((i) => leaves[i] ?? []);
        const answers = ask(
          handover,
          some.map(({ address }) => address),
        );
        for (const [i, { iova }] of some.entries()) {
          const ways = answers[i]?.mappedBy.filter((way) => way.iova === BigInt(iova)) ?? [];
          for (const { device, domain } of users)
            expect(ways.some((way) => way.device === device && way.domain === domain)).toBe(true);
        }
        const [user] = users;
        const text = user?.device ?? `${user?.domain}`;
        const queries = some.slice(0, 50).map(({ iova }) => parseQuery(`${text}@${iova + 5}`) as Query);
        expect(whatIs(handover, queries, { referrers: false }).map(({ address }) => address)).toEqual(
          some.slice(0, 50).map(({ address }) => BigInt(address + 5)),
        );
      }
    });
  });
});

describe.each(rfcNames)('rfc-2024/%s', (name) => {
  const { truth } = rfcFiles(name);

  test('mappings, files and kept ranges are those of its account', async () => {
    await eachHandover(join('rfc-2024', name), (handover) => {
      for (const { persistent_id, mappings, devices } of truth.domains) {
        const some = [...sampled(mappings.length, 60)].flatMap((i) => [mappings[i] ?? ['0', '0', 0, '']]);
        const answers = ask(
          handover,
          some.map(([, address]) => BigInt(address)),
        );
        for (const [i, [iova, , size, rights]] of some.entries()) {
          const ways = answers[i]?.mappedBy.filter(
            (way) => way.domain === BigInt(persistent_id) && way.iova === BigInt(iova),
          );
          expect(ways?.length).toBe(Math.max(1, devices.length));
          expect(ways?.[0]).toMatchObject({ size, access: `${rights}`.toLowerCase() });
        }
      }
      const files = truth.guestmemfs.files.filter(({ deleted }) => !deleted);
      for (const { name: file, extents } of files) {
        let offset = 0n;
        for (const [start, size] of extents) {
          const [answer] = ask(handover, [BigInt(start) + BigInt(size) - 1n]);
          const holder = answer?.held.find((each) => each.holder.kind === 'guestmemfs')?.holder;
          expect(holder?.kind === 'guestmemfs' && bytesToText(holder.name).text).toBe(file);
          expect(holder?.kind === 'guestmemfs' && holder.fileOffset).toBe(offset + BigInt(size) - 1n);
          offset += BigInt(size);
        }
      }
      const kept = truth.persistent_ranges.slice(0, 100);
      for (const { preserved } of ask(
        handover,
        kept.map(([start]) => BigInt(start)),
      ))
        expect(preserved).toBeDefined();
    });
  });
});

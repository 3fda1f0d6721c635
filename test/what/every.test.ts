/** Whatever the references of a dump tell a place of, `what` finds there: every kind, first, middle and last byte. */
import { describe, expect, test } from 'vitest';
import type { Handover } from '../../src/abi/model.js';
import { findInstances } from '../../src/references/find.js';
import { type RecordInstance, sampled } from '../../src/references/instance.js';
import { recordName } from '../../src/what/hit.js';
import type { Query } from '../../src/what/query.js';
import { rootOf } from '../../src/what/root.js';
import { type Answer, whatIs } from '../../src/what/what.js';
import { sweep } from '../sweep.js';
import { eachHandover, linuxDumps, rfcDumps } from './dumps.js';

const LIMITS = { list: sweep(64, 3), entries: sweep(64, 3), tables: sweep(256, 6) };

function ask(handover: Handover, addresses: readonly number[]): Map<number, Answer> {
  const queries = addresses.map(
    (address): Query => ({ kind: 'physical', text: `${address}`, address: BigInt(address) }),
  );
  return new Map(
    whatIs(handover, queries, { referrers: false }).map((answer) => [Number(answer.address), answer]),
  );
}

/** Of records of one kind so many, spread over all of them. */
const EACH = sweep(1000, 24);

function fewOfEach(records: readonly RecordInstance[]): RecordInstance[] {
  const kinds = new Map<object, RecordInstance[]>();
  for (const each of records) kinds.set(each.record, [...(kinds.get(each.record) ?? []), each]);
  return [...kinds.values()].flatMap((own) => [...sampled(own.length, EACH)].flatMap((i) => own[i] ?? []));
}

const bytesOf = (start: number, size: number): number[] => [
  ...new Set([start, start + Math.floor(size / 2), start + size - 1]),
];

describe.each([...linuxDumps, ...rfcDumps])('%s', (name) => {
  test('every instance is found at its bytes', async () => {
    await eachHandover(name, (handover) => {
      const { memory, fdtAddress, tree } = handover;
      if (memory === undefined || fdtAddress === undefined || tree === undefined) return;
      const root = rootOf(handover);
      if (root === undefined) return;
      const { records, pages, blobs, bitmaps } = findInstances(handover, root, memory, LIMITS);
      const sized = fewOfEach(records.filter(({ record }) => (record.size ?? 0) > 0));
      // A record that begins in one page of an area may end in another.
      const within = sized.map(({ record, address }) => {
        const size = record.size ?? 0;
        return address % handover.pageSize > handover.pageSize - size ? 1 : size;
      });
      const answers = ask(handover, [
        ...sized.flatMap(({ address }, i) => bytesOf(address, within[i] ?? 1)),
        ...[...pages, ...bitmaps].flatMap(({ address, length }) => bytesOf(address, length)),
        ...blobs.flatMap(({ address, bytes }) => bytesOf(address, bytes.length)),
      ]);
      const missing: string[] = [];
      for (const [i, { record, address, what }] of sized.entries()) {
        for (const at of bytesOf(address, within[i] ?? 1)) {
          const is = answers.get(at)?.is ?? [];
          const found = is.find((each) => each.record === recordName(record) && each.address === address);
          // A slot is told as its node.
          const node = is.find(
            (each) => each.record === recordName(record) && each.field?.startsWith('table['),
          );
          if (found === undefined && node === undefined) missing.push(`${what} at 0x${at.toString(16)}`);
          else if (found !== undefined && found.offset !== at - address) missing.push(`offset of ${what}`);
          else if (found !== undefined && found.field === undefined) missing.push(`field of ${what}`);
        }
      }
      for (const { address, length, what } of [...pages, ...bitmaps])
        for (const at of bytesOf(address, length))
          if ((answers.get(at)?.is.length ?? 0) === 0) missing.push(`${what} at 0x${at.toString(16)}`);
      for (const { address, bytes, rider } of blobs)
        for (const at of bytesOf(address, bytes.length))
          if (answers.get(at)?.is.some((each) => each.record.startsWith('fdt')) !== true)
            missing.push(`the blob ${rider ?? ''} at 0x${at.toString(16)}`);
      expect(missing.slice(0, 20)).toEqual([]);
      expect(sized.length).toBeGreaterThan(0);
    });
  });
});

/** A rider that no kernel has: what its binding says is all that the engines need. */
import { expect, test } from 'vitest';
import { readRiderRecord } from '../../src/decode/structures/rider.js';
import { createReporter } from '../../src/decode/upstream/report.js';
import { riderEntity } from '../../src/diff/outline/riders.js';
import { writeRider } from '../../src/encode/structures/rider.js';
import { plainBytes } from '../../src/encode/structures/write.js';
import { createPlace } from '../../src/encode/upstream/place.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { luoFlbHeaderSer, luoFlbSer, luoSerV2 } from '../../src/records/luo.js';
import { addRider } from '../../src/references/rider.js';
import { riderJson } from '../../src/report/structure-json.js';
import type { Rider, RiderForm } from '../../src/structures/rider.js';
import { type Model, value } from '../../src/structures/structure.js';

const ITEMS = {
  key: 'items',
  what: 'items',
  plain: {
    part: 'flbs',
    code: 'made',
    header: { pgcnt: 'itemPages', count: 'itemCount' },
    place: () => ({}),
  },
  element: { record: luoFlbSer, what: 'item', order: ['name', 'count', 'data'] },
  identity: ({ data }: Model) => `${data}`,
} as const;

const FORM: RiderForm = {
  version: 'made-v1',
  record: {
    record: luoSerV2,
    what: 'made',
    fields: { liveupdateNum: value('turn'), sessionsPa: value('itemsAddress'), flbsPa: value('spare') },
  },
  lists: [{ kind: 'area', list: ITEMS, area: { pages: 1, header: luoFlbHeaderSer, what: 'item page' } }],
};

const MADE: Rider = {
  name: 'made',
  key: 'made' as Rider['key'],
  part: 'luo',
  forms: [FORM],
  formOf: () => FORM,
  record: {
    fits: () => true,
    recognise: (bytes) =>
      bytes.length < 24
        ? { problem: { code: 'made-size', message: 'too short', field: 'made.turn' } }
        : { said: { version: 'made-v1' }, form: FORM },
  },
  outline: {
    part: 'luo',
    fields: [
      { name: 'turn', path: ['turn'], unit: 'count', expected: 'grows' },
      { name: 'items', path: ['items'], only: 'summary' },
    ],
  },
};

const DOCUMENT = {
  turn: '0x7',
  spare: '0x0',
  items: [
    { name: 'a', count: '0x1', data: '0x1000' },
    { name: 'b', count: '0x2', data: '0x2000' },
  ],
};

function decoded(blob: Uint8Array, segments: Parameters<typeof segmentsMemory>[0]) {
  const memory = segmentsMemory(segments, 'a test');
  const diagnostics: Parameters<typeof createReporter>[0] = [];
  const reporter = createReporter(diagnostics, memory);
  const context = { memory, pageSize: 4096, reporter, claimed: new Set<number>() };
  const part = readRiderRecord(MADE, { diagnostics, reporter, context, old: false }, blob, 0x9000n);
  return { part, diagnostics, memory };
}

test('written, read, shown, listed and compared', () => {
  const place = createPlace(4096, []);
  const written = writeRider(place, MADE, DOCUMENT, {});
  const { part, diagnostics, memory } = decoded(
    plainBytes(FORM.record ?? never(), written, 'made'),
    place.segments,
  );
  if (part === undefined) throw new Error('it is not read');
  expect(diagnostics).toEqual([]);
  const json = riderJson(MADE, part);
  expect(json).toMatchObject({
    address: 0x9000n,
    turn: 7n,
    itemsAddress: BigInt(written.itemsAddress as string),
  });
  expect((json.items as Model[]).map(({ name, count, data }) => [name, count, data])).toEqual([
    ['a', 1n, 0x1000n],
    ['b', 2n, 0x2000n],
  ]);
  const told: string[] = [];
  const sink = { record: (_record: unknown, _address: unknown, what: string) => void told.push(what) };
  addRider({ sink, memory, pageSize: 4096, preserved: undefined } as never, MADE, part);
  expect(told).toEqual(['made', 'the item page', 'item 0', 'item 1']);
  const context = { handover: { missing: [] }, strict: false, owners: never } as never;
  const entity = riderEntity(MADE, part, context);
  expect(entity.fields.map(({ name, value: own }) => [name, own])).toEqual([
    ['turn', 7n],
    ['items', 2],
  ]);
  expect(entity.fields[0]?.expected?.(1n, 2n)).toBe(true);
  expect(entity.lists?.map(({ name }) => name)).toEqual(['items']);
});

test('bytes that are none are reported at their place', () => {
  const { part, diagnostics } = decoded(new Uint8Array(8), []);
  expect(part).toBeUndefined();
  expect(diagnostics).toEqual([
    { code: 'made-size', message: 'too short', location: { address: 0x9000n, field: 'made.turn' } },
  ]);
});

test('a list that is not in the dump is told, and the rider is read', () => {
  const document = { turn: '0x1', spare: '0x0', itemsAddress: '0x5000' };
  const { part, diagnostics } = decoded(plainBytes(FORM.record ?? never(), document, 'made'), []);
  expect(part).toMatchObject({ turn: 1n, itemsAddress: 0x5000n });
  expect(part?.items).toBeUndefined();
  expect(diagnostics.map(({ code }) => code)).toEqual(['memory-absent']);
});

function never(): never {
  throw new Error('not asked for');
}

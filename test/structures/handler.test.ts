/** A file handler that no kernel has: whoever asks whose memory is what knows its folios without an edit. */
import { afterAll, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { coverageOf } from '../../src/diff/kept/coverage.js';
import { overlay } from '../../src/memory/overlay.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { LUO_FILE_SER } from '../../src/records/luo.js';
import { memfdLuoSer } from '../../src/records/memfd.js';
import { folioClaims } from '../../src/references/claims.js';
import { untoldOf } from '../../src/references/untold.js';
import { ownedRuns, ownersOf } from '../../src/report/owned-walk.js';
import { SUBJECTS } from '../../src/structures/index.js';
import { type Subject, value } from '../../src/structures/structure.js';
import { planFromSeed, synthesise } from '../../src/synth/synth.js';
import { createRangeCollector } from '../../src/trim/byte-ranges.js';
import { guestAmong } from '../../src/trim/guest.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { parseQuery } from '../../src/what/query.js';
import { whatIs } from '../../src/what/what.js';
import { file, forget, type Patches, sure, text, u64 } from '../validate/upstream-patches.js';

const MADE: Subject = {
  key: 'made',
  holder: 'file',
  what: 'made file',
  plural: 'made files',
  part: 'draft',
  released: true,
  forms: [
    {
      id: 'made-v1',
      subject: 'made',
      title: 'made-v1',
      names: ['made-v1'],
      source: 'a test',
      root: {
        record: memfdLuoSer,
        what: 'made file',
        fields: { pos: value('pos'), folios: { kind: 'folios', count: 'nrFolios' } },
      },
    },
  ],
};
// Other files of tests share the registry.
(SUBJECTS as Subject[]).push(MADE);
afterAll(() => void (SUBJECTS as Subject[]).splice(SUBJECTS.indexOf(MADE), 1));

const made = synthesise(
  planFromSeed({
    ...{ abi: 'kho-v4', seed: 5n, guestRam: 1n << 20n, sessions: 1, files: 3 },
    ...{ testFolios: 0, reserveMem: 0, flbs: 0 },
  }),
);
const root = { address: Number(made.fdtAddress), bytes: made.blob };

/** Two of the three memfds are made files. */
function decoded(patches: Patches = []) {
  const memory = overlay(segmentsMemory([...patches, ...NAMES], 'patches'), made.memory);
  return decodeHandover(made.blob, { memory, address: made.fdtAddress });
}

const before = decodeHandover(made.blob, { memory: made.memory, address: made.fdtAddress });
const NAMES = [1, 2].flatMap((nth) =>
  text(file(before, nth).address + BigInt(LUO_FILE_SER.compatible), 'made-v1', 9),
);
const handover = decoded();
const lists = folioClaims(handover);
const listOf = (structure: string, nth = 0) =>
  sure(lists.filter((each) => each.structure === structure)[nth], structure);
const own = listOf('made');
const memfd = listOf('memfd');
const entry = sure(own.folios.area.runs[0], 'run');
const firstOf = ({ folios }: typeof own) => sure([...folios.folios.runs()][0], 'folio').pfn;
const pfn = Number(firstOf(own));
const address = BigInt(pfn) * 4096n;
const order = sure(handover.preserved?.pages, 'map').ordersAt(pfn).at(-1) ?? 0;

function told(rule: string, patches: Patches = []) {
  const rules = catalogue.filter(({ id }) => id === rule);
  const { findings, skipped } = validate(decoded(patches), rules);
  return [...findings.map(({ message }) => message), ...skipped.map(({ why }) => why)];
}

test('its claim names session, token and record', () => {
  expect(own.name).toBe(
    `the made file of token 0x${own.place.token?.toString(16)}, session "${own.subject.session}"`,
  );
  expect(untoldOf(handover)).toEqual([]);
});

test('its folios have an owner, and without an entry in its list they have none', () => {
  expect(told('KHO-156')).toEqual([]);
  expect(told('KHO-156', u64(entry, 0)).join()).toContain(`at 0x${address.toString(16)}`);
});

test('a folio that a memfd has too has two owners', () => {
  const [message] = told('KHO-163', u64(entry, firstOf(memfd)));
  expect(message).toContain(`belongs to ${memfd.name}, folio 0 and to ${own.name}, folio 0`);
});

test('two of its files that share a folio are told, as no rule of its own does that', () => {
  const other = listOf('made', 1);
  const [message] = told('KHO-163', u64(sure(other.folios.area.runs[0], 'run'), firstOf(own)));
  expect(message).toContain(`belongs to ${own.name}, folio 0 and to ${other.name}, folio 0`);
});

test('what B no longer keeps of it is lost', () => {
  const { verdict, entries } = coverageOf(handover, decoded(forget(handover, made.memory, address, order)), {
    sameDump: true,
  });
  expect(verdict).toBe('lost');
  expect(entries.map(({ status, place }) => [status, place.token])).toEqual([['lost', own.place.token]]);
});

test('an address in a folio is told as a place in its file', () => {
  const query = parseQuery(`${address + 0x10n}`);
  if (typeof query === 'string') throw new Error(query);
  const [answer] = whatIs(handover, [query]);
  const [held] = sure(answer, 'answer').held;
  expect(held?.holder).toMatchObject({ kind: 'file', file: { token: own.place.token } });
  expect(held?.by).toMatchObject({ field: 'pfn', address: entry });
});

test('a trim leaves its folios out, and a walk names it', () => {
  const pages = createRangeCollector();
  pages.add(Number(address), 4096);
  expect(guestAmong(pages.finish(), handover, root, made.memory).count).toBe(1);
  const run = { iova: 0, target: pfn, pages: 1, level: 1, leaves: 1, access: 3 };
  const [owned] = ownedRuns([run as never], sure(ownersOf(handover), 'owners'));
  expect(owned).toMatchObject({ kept: true, page: 0, file: { kind: { key: 'made' } } });
});

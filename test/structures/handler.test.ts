/** A file handler that no kernel has: whoever asks whose memory is what knows its folios without an edit. */
import { expect, test } from 'vitest';
import { guestMemfdLuoSer } from '../../src/records/draft_memory.js';
import { folioClaims } from '../../src/references/claims.js';
import { untoldOf } from '../../src/references/untold.js';
import { SUBJECTS } from '../../src/structures/index.js';
import { bits, type Subject } from '../../src/structures/structure.js';
import { forget, type Patches, sure, u64 } from '../validate/upstream-patches.js';

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
        record: guestMemfdLuoSer,
        what: 'made file',
        fields: { flags: bits('flags'), folios: { kind: 'folios', count: 'nrFolios' } },
      },
    },
  ],
};
(SUBJECTS as Subject[]).push(MADE);

// What looks at all structures as it is loaded sees this one.
const { decodeHandover } = await import('../../src/decode/handover.js');
const { coverageOf } = await import('../../src/diff/kept/coverage.js');
const { overlay } = await import('../../src/memory/overlay.js');
const { segmentsMemory } = await import('../../src/memory/segments.js');
const { ownedRuns, ownersOf } = await import('../../src/report/owned-walk.js');
const { planFromSeed, synthesise } = await import('../../src/synth/synth.js');
const { createRangeCollector } = await import('../../src/trim/byte-ranges.js');
const { guestAmong } = await import('../../src/trim/guest.js');
const { catalogue } = await import('../../src/validate/catalogue.js');
const { validate } = await import('../../src/validate/run.js');
const { parseQuery } = await import('../../src/what/query.js');
const { whatIs } = await import('../../src/what/what.js');

const COMMON = { guestRam: 1n << 20n, sessions: 1, files: 1, testFolios: 0, reserveMem: 0, flbs: 0 } as const;
const made = synthesise(planFromSeed({ abi: 'kho-v4', seed: 5n, ...COMMON, with: ['made-v1'] }));

function decoded(patches: Patches = []) {
  const memory =
    patches.length === 0 ? made.memory : overlay(segmentsMemory(patches, 'patches'), made.memory);
  return decodeHandover(made.blob, { memory, address: made.fdtAddress });
}

const handover = decoded();
const lists = folioClaims(handover);
const own = sure(
  lists.find(({ structure }) => structure === 'made'),
  'list',
);
const memfd = sure(
  lists.find(({ structure }) => structure === 'memfd'),
  'memfd',
);
const [entry] = own.folios.area.runs;
const [first] = [...own.folios.folios.runs()];
const pfn = Number(sure(first, 'folio').pfn);
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
  expect(told('KHO-156', u64(sure(entry, 'run'), 0)).join()).toContain(`at 0x${address.toString(16)}`);
});

test('a folio that a memfd has too has two owners', () => {
  const [theirs] = [...memfd.folios.folios.runs()];
  const patches = u64(sure(entry, 'run'), sure(theirs, 'folio').pfn);
  const [message] = told('KHO-163', patches);
  expect(message).toContain(`belongs to ${memfd.name}, folio 0 and to ${own.name}, folio 0`);
});

test('two of its files that share a folio are told, as no rule of its own does', () => {
  const both = synthesise(
    planFromSeed({ abi: 'kho-v4', seed: 5n, ...COMMON, sessions: 2, with: ['made-v1'] }),
  );
  const before = decodeHandover(both.blob, { memory: both.memory, address: both.fdtAddress });
  const [one, two] = folioClaims(before).filter(({ structure }) => structure === 'made');
  if (one === undefined || two === undefined) return;
  const [theirs] = [...one.folios.folios.runs()];
  const patches = u64(sure(two.folios.area.runs[0], 'run'), sure(theirs, 'folio').pfn);
  const memory = overlay(segmentsMemory(patches, 'patches'), both.memory);
  const after = decodeHandover(both.blob, { memory, address: both.fdtAddress });
  const rules = catalogue.filter(({ id }) => id === 'KHO-163');
  expect(
    validate(after, rules)
      .findings.map(({ message }) => message)
      .join(),
  ).toContain(`${two.name}, folio 0`);
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
  const root = { address: Number(made.fdtAddress), bytes: made.blob };
  expect(guestAmong(pages.finish(), handover, root, made.memory).count).toBe(1);
  const run = { iova: 0, target: pfn, pages: 1, level: 1, leaves: 1, access: 3 };
  const [owned] = ownedRuns([run as never], sure(ownersOf(handover), 'owners'));
  expect(owned).toMatchObject({ kept: true, page: 0, file: { kind: { key: 'made' } } });
});

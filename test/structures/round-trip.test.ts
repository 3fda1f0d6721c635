/** Documents of every form: written, read and shown they are the same, and random damage is not an exception. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readStructure } from '../../src/decode/structures/read.js';
import { createReporter } from '../../src/decode/upstream/report.js';
import { writeStructure } from '../../src/encode/structures/write.js';
import { createPlace } from '../../src/encode/upstream/place.js';
import { wholePages } from '../../src/encode/whole-pages.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { structuresJson } from '../../src/report/structure-json.js';
import { DRAFTS, SUBJECTS } from '../../src/structures/index.js';
import type { StructureForm } from '../../src/structures/structure.js';
import { type Json, parsed } from '../rfc/json.js';
import { sweep } from '../sweep.js';
import { documentArb } from './random.js';

const drafts = new Set<unknown>(DRAFTS.flatMap(({ forms }) => forms.map(({ id }) => id)));
const forms = SUBJECTS.flatMap(({ forms }) => forms).map((form) => [form.id, form] as const);

/** A document in memory. */
function written(form: StructureForm, document: Json, given?: bigint) {
  const place = createPlace(4096, []);
  const address = writeStructure(place, form, document, given, form.id);
  const own = segmentsMemory(place.segments, 'a test');
  return { address, memory: wholePages(own, own, 4096), kept: place.kept };
}

function read(form: StructureForm, memory: ReturnType<typeof segmentsMemory>, address: bigint) {
  const diagnostics: never[] = [];
  const context = {
    memory,
    pageSize: 4096,
    reporter: createReporter(diagnostics, memory),
    claimed: new Set<number>(),
  };
  const record = readStructure({ context, owner: 'a test' }, form.root, address, 'record');
  if (record === undefined) return { json: undefined, diagnostics };
  const model = { form: form.id, ...record };
  return { json: parsed(structuresJson({ [form.subject]: model }))[form.subject] as Json, diagnostics };
}

/** Without where things are, and with numbers of functions as text. */
function placeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(placeless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'list' || !('folios' in value))
      .filter(([key]) => key !== 'address' && !/(Address|Pages)$/.test(key))
      .map(([key, item]) => [key, key === 'bdf' && typeof item === 'string' ? bdfOf(item) : placeless(item)]),
  );
}

function bdfOf(text: string): number {
  const [, bus = '', device = '', fn = ''] = /^(..):(..)\.(.)$/.exec(text) ?? [];
  return (Number.parseInt(bus, 16) << 8) | (Number.parseInt(device, 16) << 3) | Number.parseInt(fn, 16);
}

describe.each(forms)('%s', (_id, form) => {
  test('a document comes back as it was', () => {
    fc.assert(
      fc.property(documentArb(form), (document) => {
        const { address, memory } = written(form, document);
        const { json } = read(form, memory, address);
        // What releases have is told by its holder's string.
        const { form: id, ...rest } = placeless(document) as Json;
        expect(placeless(json)).toMatchObject(drafts.has(id) ? { form: id, ...rest } : rest);
        // Once more, from what was read: the same memory.
        const again = written(form, json ?? {}, drafts.has(id) ? undefined : address);
        expect(again.address).toBe(address);
        expect(again.kept).toEqual([]);
        for (const { start, end } of memory.known()) {
          const [one, other] = [new Uint8Array(end - start), new Uint8Array(end - start)];
          memory.read(start, one.length, one);
          again.memory.read(start, other.length, other);
          expect(one.every((byte, i) => byte === other[i])).toBe(true);
        }
      }),
      { numRuns: sweep(200, 12) },
    );
  });

  test('damage is a result', () => {
    const damage = fc.array(fc.record({ at: fc.nat(8191), byte: fc.nat(255) }), { maxLength: 40 });
    fc.assert(
      fc.property(documentArb(form), damage, fc.boolean(), (document, edits, cut) => {
        const { address, memory } = written(form, document);
        const segments = [...memory.known()].map(({ start, end }) => {
          const bytes = new Uint8Array(end - start);
          memory.read(start, bytes.length, bytes);
          for (const { at, byte } of edits) bytes[at % bytes.length] = byte;
          return { address: start, bytes };
        });
        const damaged = segmentsMemory(cut ? segments.slice(1) : segments, 'a damaged test');
        const { json } = read(form, damaged, address);
        if (json !== undefined) written(form, json);
      }),
      { numRuns: sweep(400, 15) },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeBlob } from '../../src/encode/blob.js';
import { encodeElf } from '../../src/encode/elf.js';
import { rfcPlanArbitrary as planArbitrary } from '../../src/fuzz/rfc-plans.js';
import { bytesToText } from '../../src/schema/text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { pagesPerEntry } from '../../src/vtd/walk/batch.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { type BuiltDump, buildDump } from '../rfc/build-dump.js';
import { decodeMemory, dumpedJson, type Json, memoryOfChunks } from '../rfc/json.js';
import { SAMPLE_PLAN } from '../rfc/plan.js';
import { sweep } from '../sweep.js';
import { leavesOf } from '../vtd/leaves.js';

const RUNS = { numRuns: sweep(40, 5) };

function seriousFindings(dump: BuiltDump): string[] {
  return validate(decodeMemory(dump.memory), catalogue)
    .findings.filter(({ severity }) => severity !== 'note')
    .map(({ rule, message }) => `${rule} ${message}`);
}

/** The keys of a document that come from the tree. */
function treeKeys(document: Json): Json {
  const { ftrace, domains, iommufds } = document;
  const { fsMem, superblock, mappingsBlocks, mappingsToInode, numInodes } = document.guestmemfs as Json;
  return {
    ftrace,
    domains,
    iommufds,
    guestmemfs: { fsMem, superblock, mappingsBlocks, mappingsToInode, numInodes },
  };
}

describe('dumps that are consistent by construction', () => {
  it('have no error and no warning', () => {
    fc.assert(
      fc.property(planArbitrary(), (plan) => {
        expect(seriousFindings(buildDump(plan))).toEqual([]);
      }),
      RUNS,
    );
  });

  it('run every rule: none is skipped but for what the plan leaves out', () => {
    const { skipped } = validate(decodeMemory(buildDump(SAMPLE_PLAN).memory), catalogue);
    // Rules on VT-d structures need a remapping unit, and are tested with one.
    expect(skipped.filter(({ rule }) => !rule.startsWith('VTD-'))).toEqual([]);
  });

  it('decode to what was planned', () => {
    fc.assert(
      fc.property(planArbitrary(), (plan) => {
        const dump = buildDump(plan);
        const handover = decodeMemory(dump.memory);
        expect(handover.diagnostics).toEqual([]);
        expect(treeKeys(dumpedJson(handover))).toEqual(treeKeys(dump.document));
        const files = handover.guestmemfs?.files?.map(({ name, ino, blocks, longTermPins }) => ({
          name: bytesToText(name).text,
          ino,
          blocks: [...(blocks ?? [])].map(Number),
          pins: longTermPins,
        }));
        expect(files).toEqual(dump.files.map(({ name, ino, blocks, pins }) => ({ name, ino, blocks, pins })));
      }),
      RUNS,
    );
  });

  it('have tables that map every page of every area, and no other', () => {
    const format = secondStageFormat();
    fc.assert(
      fc.property(planArbitrary(), (plan) => {
        const { memory, domains } = buildDump(plan);
        for (const { tables, mappings } of domains) {
          const walk = walkTable({ memory, root: BigInt(tables.root), levels: tables.levels, format });
          const found = leavesOf(walk.batches).flatMap(({ iova, target, level, access }) =>
            Array.from({ length: pagesPerEntry(level) }, (_, i) => [
              iova + i,
              target + i,
              (access & 2) !== 0,
            ]),
          );
          const planned = mappings.flatMap(({ iova, pfn, offset, pages, prot }) =>
            Array.from({ length: pages }, (_, i) => [iova + i, pfn(offset + i), (prot & 2) !== 0]),
          );
          expect(found).toEqual(planned);
          expect(walk.report().tables).toBe(tables.pages);
        }
      }),
      RUNS,
    );
  });

  it('are the same after dump, encode and decode, with and without their memory', () => {
    fc.assert(
      fc.property(planArbitrary(), (plan) => {
        const dump = buildDump(plan);
        const json = dumpedJson(decodeMemory(dump.memory));
        expect(encodeBlob(json).bytes).toEqual(dump.blob);
        expect(encodeBlob(dump.document).bytes).toEqual(dump.blob);
        for (const { chunks } of [encodeElf(json, dump.memory), encodeElf(json)]) {
          expect(dumpedJson(decodeMemory(memoryOfChunks(chunks)))).toEqual(json);
        }
      }),
      RUNS,
    );
  });
});

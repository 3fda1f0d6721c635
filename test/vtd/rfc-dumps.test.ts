import { describe, expect, it } from 'vitest';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { pagesPerEntry } from '../../src/vtd/walk/batch.js';
import { mergeRuns } from '../../src/vtd/walk/runs.js';
import type { TableVisit } from '../../src/vtd/walk/state.js';
import { translate } from '../../src/vtd/walk/translate.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { csvOf } from './csv.js';
import { RFC_DUMPS, truthDomains, withMemory } from './fixtures.js';
import { addressOf, leavesOf } from './leaves.js';

const ACCESS = ['', 'R', 'W', 'RW'];

describe.each(RFC_DUMPS)('second-stage tables of the RFC dump %s', (dump) => {
  it('give the mappings and the table pages that the dump was made with', async () => {
    await withMemory(`rfc-2024/${dump}/memory.elf.gz`, (memory) => {
      const domains = truthDomains(dump);
      expect(domains.length).toBeGreaterThan(0);
      for (const domain of domains) {
        const tables: TableVisit[] = [];
        const walk = walkTable({
          memory,
          root: BigInt(domain.pgd),
          levels: domain.agaw + 2,
          format: secondStageFormat(),
          onTable: (table) => tables.push(table),
        });
        const leaves = leavesOf(walk.batches);
        const rows = leaves.map(({ iova, target, level, access }) => [
          addressOf(iova),
          addressOf(target),
          pagesPerEntry(level) * 4096,
          ACCESS[access],
        ]);
        expect(rows).toEqual(domain.mappings);
        const snoops = leaves.every((leaf) => (leaf.entry & 0x800n) !== 0n);
        expect(snoops).toBe(domain.snoop_bit_in_leaves);
        const pages = tables.map((table) => `${table.address} ${table.level} ${addressOf(table.iova)}`);
        const expected = domain.tables.map(([at, level, iova]) => `${Number(at)} ${level} ${iova}`);
        expect(pages.sort()).toEqual(expected.sort());
        const report = walk.report();
        expect(report.anomalies).toEqual([]);
        expect(report.leaves).toBe(domain.mappings.length);
        expect(report.tables).toBe(domain.tables.length);
      }
    });
  });

  it('merge into runs that cover the same pages', async () => {
    await withMemory(`rfc-2024/${dump}/memory.elf.gz`, (memory) => {
      const format = secondStageFormat();
      for (const { pgd, levels, mappings } of truthDomains(dump)) {
        const walk = walkTable({ memory, root: BigInt(pgd), levels, format });
        const runs = [...mergeRuns(walk.batches, format)];
        const expanded = runs.flatMap((run) => {
          const step = pagesPerEntry(run.level);
          expect(run.leaves * step).toBe(run.pages);
          return Array.from({ length: run.leaves }, (_, leaf) => [
            addressOf(run.iova + leaf * step),
            addressOf(run.target + leaf * step),
            step * 4096,
            ACCESS[run.access],
          ]);
        });
        expect(expanded).toEqual(mappings);
        expect(runs.length).toBeLessThan(mappings.length);
      }
    });
  });

  it('translate every mapped page, and print as csv', async () => {
    await withMemory(`rfc-2024/${dump}/memory.elf.gz`, (memory) => {
      const format = secondStageFormat();
      for (const { pgd, levels, mappings } of truthDomains(dump)) {
        const request = { memory, root: BigInt(pgd), levels, format };
        const lines = ['iova,pa,size,access\n'];
        for (const [iova, target, pageSize, rights] of mappings) {
          const { result, steps } = translate(request, BigInt(iova) + 0x123n);
          expect(result).toMatchObject({ kind: 'mapped', address: BigInt(target) + 0x123n, pageSize });
          expect(steps.map((step) => step.level)).toEqual(
            Array.from({ length: steps.length }, (_, i) => levels - i),
          );
          lines.push(`${iova},${target},0x${pageSize.toString(16)},${rights.toLowerCase()}\n`);
        }
        expect([...csvOf(walkTable(request).batches)].join('')).toBe(lines.join(''));
      }
    });
  });
});

/** Who wrote `mem`: the 2024 series' own walk, exactly, or something else (rfc-2024 I12, 2.2.1). */

import { dataView } from '../../decode/bytes.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import type { KhoMem } from '../../records/kho.js';
import { SS_PDE_LEAF_BITS, SS_PTE_BITS, SS_PTE_SIZE } from '../../records/vtd.js';
import { RFC_2024, type Rule } from '../../validate/rule.js';
import { domainName, domainSubject, placeOf } from '../../validate/subject.js';
import { counted, hex } from '../../validate/text.js';

const PAGE = 4096;
const PRESENT = BigInt(SS_PTE_BITS.r.lo | SS_PTE_BITS.w.lo);
const LARGE = BigInt(SS_PDE_LEAF_BITS.ps.lo);
/** dma_pte_addr masks bits 11:0 only. */
const ADDRESS = ~0xfffn;

/**
 * The records that save_pte_pages emits, in its order: the entries of the page that pgd[0] points to, each
 * followed by those of its own subtree, one level further than tables go.
 *
 * @returns undefined as an element where a page that it would read is absent; it ends there
 */
function* savedPages(memory: PhysicalMemory, pgd: bigint, levels: number): Generator<bigint | undefined> {
  const first = readBytes(memory, pgd, SS_PTE_SIZE);
  if (first === undefined) {
    yield undefined;
    return;
  }
  const stack: { page: DataView; next: number; level: number }[] = [];
  const descend = (entry: bigint, level: number): boolean => {
    if (level === 1) return true;
    const page = readBytes(memory, entry & ADDRESS, PAGE);
    if (page === undefined) return false;
    stack.push({ page: dataView(page), next: 0, level });
    return true;
  };
  if (!descend(dataView(first).getBigUint64(0, true), levels)) yield undefined;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    if (top.next >= PAGE) {
      stack.pop();
      continue;
    }
    const entry = top.page.getBigUint64(top.next, true);
    top.next += SS_PTE_SIZE;
    if ((entry & PRESENT) === 0n) continue;
    yield entry & ADDRESS;
    if ((entry & LARGE) === 0n && !descend(entry, top.level - 1)) {
      yield undefined;
      return;
    }
  }
}

export const producer: Rule = {
  id: 'DMAR-012',
  title: 'mem of a domain identifies its producer',
  severity: 'note',
  generations: RFC_2024,
  source: 'rfc-2024 I12, 2.2.1',
  evidence: 'drivers/iommu/intel/serialise.c save_pte_pages, serialise_domain',
  consequence: 'none; other contents mean an edited or damaged dump, or a corrected serialiser',
  requires: ['DMAR-003', 'DMAR-007', 'DMAR-008'],
  needs: ['memory'],
  check({ handover }, report) {
    const { memory } = handover;
    for (const domain of handover.domains ?? []) {
      const { mem, pgd, agaw } = domain;
      if (memory === undefined || mem === undefined || pgd === undefined || agaw === undefined) continue;
      let index = 0;
      let absent = false;
      let differs = false;
      for (const expected of savedPages(memory, pgd, agaw + 2)) {
        absent = expected === undefined;
        const record: KhoMem | undefined = index < mem.length ? mem.at(index) : undefined;
        differs = record?.addr !== expected || record?.len !== BigInt(PAGE);
        if (absent || differs) break;
        index++;
      }
      if (absent) {
        report.absent(`a page that the tables of ${domainName(domain)} lead to`, pgd);
        continue;
      }
      const genuine = !differs && index === mem.length;
      report.finding({
        subject: domainSubject(domain),
        message: genuine
          ? `mem of ${domainName(domain)} is exactly what the RFC's save_pte_pages lists (${counted(mem.length, 'record')})`
          : `mem of ${domainName(domain)} is not what the RFC's save_pte_pages lists: they differ from record ${index}${index < mem.length ? ` (${hex(mem.at(index).addr)})` : ''}`,
        location: { ...placeOf(domain), property: 'mem' },
      });
    }
  },
};

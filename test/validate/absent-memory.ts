/** Memory of which pages are taken away. */
import type { MemoryRun, PhysicalMemory } from '../../src/memory/physical.js';
import type { ValidationResult } from '../../src/validate/run.js';

/** The memory without one page. */
export function without(memory: PhysicalMemory, page: number, pageSize: number): PhysicalMemory {
  const [from, to] = [page, page + pageSize];
  function* runs(start: number, end: number): Generator<MemoryRun> {
    if (start < from) yield* memory.runs(start, Math.min(end, from));
    if (start < to && end > from) {
      yield { start: Math.max(start, from), end: Math.min(end, to), state: 'absent' };
    }
    if (end > to) yield* memory.runs(Math.max(start, to), end);
  }
  return {
    description: memory.description,
    runs,
    read: (address, length, into) => {
      if (address >= from && address < to) return 0;
      const known = address < from ? Math.min(length, from - address) : length;
      return memory.read(address, known, into);
    },
    *known() {
      for (const run of memory.known()) {
        if (run.end <= from || run.start >= to) {
          yield run;
          continue;
        }
        if (run.start < from) yield { ...run, end: from };
        if (run.end > to) yield { ...run, start: to };
      }
    },
  };
}

/** Addresses of the pages of which a memory holds something. */
export function pagesOf(memory: PhysicalMemory, pageSize: number): number[] {
  const pages = new Set<number>();
  for (const { start, end, state } of memory.known()) {
    if (state !== 'present') continue;
    for (let at = start - (start % pageSize); at < end; at += pageSize) pages.add(at);
  }
  return [...pages];
}

/**
 * The pages to take away: every one that is looked at, and of each stretch of others, which a kernel's loaded images are,
 * the first and the last.
 *
 * @param pages ascending
 */
export function worthTaking(
  pages: readonly number[],
  looked: ReadonlySet<number>,
  pageSize: number,
): number[] {
  const idle = new Set(pages.filter((page) => !looked.has(page)));
  return pages.filter((page) => !(idle.has(page - pageSize) && idle.has(page) && idle.has(page + pageSize)));
}

/** The memory, and the pages of which something has been asked for. */
export function recording(
  memory: PhysicalMemory,
  pageSize: number,
): { memory: PhysicalMemory; pages: Set<number> } {
  const pages = new Set<number>();
  const note = (start: number, end: number): void => {
    for (let at = start - (start % pageSize); at < end; at += pageSize) pages.add(at);
  };
  return {
    pages,
    memory: {
      ...memory,
      read(address, length, into) {
        note(address, address + length);
        return memory.read(address, length, into);
      },
    },
  };
}

/** What became of each rule. */
export function outcomes({ passed, failed, skipped }: ValidationResult): Map<string, string> {
  return new Map([
    ...passed.map((id) => [id, 'passed'] as const),
    ...failed.map((id) => [id, 'failed'] as const),
    ...skipped.map(({ rule }) => [rule, 'skipped'] as const),
  ]);
}

/** Rules that changed in a way that missing bytes do not allow. */
export function wrongMoves(whole: ValidationResult, less: ValidationResult): string[] {
  const before = outcomes(whole);
  return [...outcomes(less)].flatMap(([id, now]) => {
    const was = before.get(id);
    return now === was || now === 'skipped' || (was === 'skipped' && now === 'passed')
      ? []
      : [`${id}: ${was} → ${now}`];
  });
}

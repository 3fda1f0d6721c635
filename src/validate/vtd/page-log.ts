/** The pages that hold VT-d structures, in typed arrays: millions of page tables cost 16 bytes each. */

/** Codes of what a page holds; 1 to 5 are page tables of that level. */
export const ROOT_TABLE = 8;
export const CONTEXT_TABLE = 9;
export const PASID_DIRECTORY = 10;
export const PASID_TABLE = 11;
const KINDS = 16;

export interface PageLog {
  /** @param owner index of the target that the page belongs to, -1 for structures of a unit */
  add(address: number, kind: number, owner: number): void;
  /** Pages with what they hold, every (page, kind, owner) as often as it was added. */
  entries(): Iterable<{ address: number; kind: number; owner: number }>;
  /** Byte addresses of all pages, as ranges for a page set. */
  ranges(): Iterable<{ start: number; end: number }>;
  /**
   * Pages that were added more than once: for each what it holds and whose it is.
   *
   * @param matters of an owner: pages of which none does are passed over
   */
  repeated(
    limit: number,
    matters: (owner: number) => boolean,
  ): { address: number; kinds: readonly number[]; owners: readonly number[] }[];
}

export function kindText(kind: number): string {
  if (kind === ROOT_TABLE) return 'a root table';
  if (kind === CONTEXT_TABLE) return 'a context table';
  if (kind === PASID_DIRECTORY) return 'a PASID directory';
  if (kind === PASID_TABLE) return 'a PASID table';
  return `a page table of level ${kind}`;
}

/** Whether no page comes twice. Pages that follow one another are one stretch, so that this takes little. */
function areDistinct(keys: Float64Array, count: number): boolean {
  const stretches: { start: number; end: number }[] = [];
  let start = -1;
  let end = -1;
  for (let i = 0; i < count; i++) {
    const page = Math.floor((keys[i] as number) / KINDS);
    if (page === end) {
      end++;
      continue;
    }
    if (start >= 0) stretches.push({ start, end });
    start = page;
    end = page + 1;
  }
  if (start >= 0) stretches.push({ start, end });
  stretches.sort((a, b) => a.start - b.start);
  return stretches.every((stretch, i) => i === 0 || stretch.start >= (stretches[i - 1]?.end ?? 0));
}

export function createPageLog(): PageLog {
  let keys = new Float64Array(64);
  let owners = new Int32Array(64);
  let count = 0;
  return {
    add(address, kind, owner) {
      if (count === keys.length) {
        const larger = new Float64Array(count * 2);
        larger.set(keys);
        keys = larger;
        const more = new Int32Array(count * 2);
        more.set(owners);
        owners = more;
      }
      // A page frame number has 40 bits, so that the key is exact.
      keys[count] = (address / 4096) * KINDS + kind;
      owners[count++] = owner;
    },
    *entries() {
      for (let i = 0; i < count; i++) {
        const key = keys[i] ?? 0;
        const kind = key % KINDS;
        yield { address: ((key - kind) / KINDS) * 4096, kind, owner: owners[i] ?? -1 };
      }
    },
    *ranges() {
      for (let i = 0; i < count; i++) {
        const start = Math.floor((keys[i] ?? 0) / KINDS) * 4096;
        yield { start, end: start + 4096 };
      }
    },
    repeated(limit, matters) {
      if (areDistinct(keys, count)) return [];
      const sorted = keys.slice(0, count).sort();
      const own = keys.filter((_key, i) => i < count && matters(owners[i] ?? -1)).sort();
      const pages = new Map<number, { kinds: number[]; owners: number[] }>();
      let at = 0;
      for (let i = 1; i < count && pages.size < limit; i++) {
        const page = Math.floor((sorted[i] ?? 0) / KINDS);
        if (Math.floor((sorted[i - 1] ?? 0) / KINDS) !== page) continue;
        while (at < own.length && Math.floor((own[at] ?? 0) / KINDS) < page) at++;
        if (Math.floor((own[at] ?? -1) / KINDS) === page) pages.set(page, { kinds: [], owners: [] });
      }
      if (pages.size > 0) {
        for (let i = 0; i < count; i++) {
          const key = keys[i] ?? 0;
          const found = pages.get(Math.floor(key / KINDS));
          if (found === undefined || found.kinds.length >= limit) continue;
          found.kinds.push(key % KINDS);
          found.owners.push(owners[i] ?? -1);
        }
      }
      return [...pages].map(([page, found]) => ({ address: page * 4096, ...found }));
    },
  };
}

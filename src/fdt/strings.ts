/** Names in a strings block, found the way libfdt's `fdt_find_string_` does: the first place where name and NUL are. */

/**
 * Suffix index over a strings block. `places` maps the hash of a name to where it is: offset from the block's
 * growing end, newest last, so that every lookup and insertion costs the name's length.
 */
export interface StringPool {
  /** The strings in order of addition, each with its NUL. */
  readonly strings: Uint8Array[];
  readonly places: Map<number, { string: number; from: number }[]>;
  /** Bytes in the block. */
  size: number;
  /** `size` after each addition. */
  readonly sizes: number[];
}

/** An empty pool. */
export function createStringPool(): StringPool {
  return { strings: [], places: new Map(), size: 0, sizes: [] };
}

const SEED = 0x811c9dc5;

function step(hash: number, byte: number): number {
  const mixed = Math.imul(hash ^ byte, 0x01000193);
  return mixed ^ (mixed >>> 15);
}

/**
 * Looks a name up among all tails of all strings.
 * @param name bytes without NUL
 * @param prefer which string wins: the last one added when strings are put in front, the first when after
 * @returns the string's index and the position in it, or undefined
 */
export function findString(
  pool: StringPool,
  name: Uint8Array,
  prefer: 'first' | 'last',
): { string: number; from: number } | undefined {
  let hash = SEED;
  for (let i = name.length - 1; i >= 0; i--) hash = step(hash, name[i] ?? 0);
  const places = pool.places.get(hash) ?? [];
  const matches = (place: { string: number; from: number }): boolean => isAt(pool, place, name);
  return prefer === 'first' ? places.find(matches) : places.findLast(matches);
}

function isAt(pool: StringPool, place: { string: number; from: number }, name: Uint8Array): boolean {
  const string = pool.strings[place.string];
  if (string === undefined || string.length - place.from !== name.length + 1) return false;
  for (let i = 0; i < name.length; i++) {
    if (string[place.from + i] !== name[i]) return false;
  }
  return true;
}

/**
 * Adds a name (without NUL; the caller has checked that it holds none) and makes all its tails findable.
 * @returns the index of the string
 */
export function addString(pool: StringPool, name: Uint8Array): number {
  const string = pool.strings.length;
  const bytes = new Uint8Array(name.length + 1);
  bytes.set(name);
  pool.strings.push(bytes);
  pool.size += bytes.length;
  pool.sizes.push(pool.size);
  let hash = SEED;
  for (let from = name.length; from >= 0; from--) {
    if (from < name.length) hash = step(hash, name[from] ?? 0);
    const place = { string, from };
    const places = pool.places.get(hash);
    if (places === undefined) pool.places.set(hash, [place]);
    else places.push(place);
  }
  return string;
}

/** A strings block to which names are added after what is there, as libfdt's read-write calls do. */
export interface StringsBlock {
  /** Offset of a name (bytes without NUL): of the first place where it is, or of its new place at the end. */
  place(name: Uint8Array): number;
  /** The block with all that was added. */
  bytes(): Uint8Array;
}

/** Starts from an existing block; bytes of it after its last NUL are kept and never found. */
export function createStringsBlock(block: Uint8Array): StringsBlock {
  const pool = createStringPool();
  const starts: number[] = [];
  for (let start = 0, nul = block.indexOf(0); nul >= 0; start = nul + 1, nul = block.indexOf(0, start)) {
    starts.push(start);
    addString(pool, block.subarray(start, nul));
  }
  const kept = starts.length;
  let end = block.length;
  return {
    place(name) {
      const found = findString(pool, name, 'first');
      if (found !== undefined) return (starts[found.string] ?? 0) + found.from;
      const start = end;
      starts.push(start);
      addString(pool, name);
      end += name.length + 1;
      return start;
    },
    bytes() {
      if (starts.length === kept) return block;
      const bytes = new Uint8Array(end);
      bytes.set(block);
      for (let i = kept; i < starts.length; i++) bytes.set(pool.strings[i] ?? [], starts[i]);
      return bytes;
    },
  };
}

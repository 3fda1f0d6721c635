/** Edits of a valid devicetree blob that leave all but one thing right. */

export interface Blob {
  readonly bytes: Uint8Array;
  readonly struct: number;
  readonly structSize: number;
  readonly stringsSize: number;
  readonly reserve: number;
  /** Of FDT_END. */
  readonly end: number;
  /** Of the last FDT_PROP. */
  readonly lastProperty: number;
  /** Overwrites a word. */
  word(at: number, value: number): Uint8Array;
  /** Puts words into the structure block. */
  insert(at: number, words: readonly number[]): Uint8Array;
  /** Replaces FDT_END by words with which the structure block ends. */
  endingIn(words: readonly number[]): Uint8Array;
  /** A new property of the root, empty, with a name of its own. */
  withProperty(name: string): Uint8Array;
  firstPropertyTwice(): Uint8Array;
  emptied(): Uint8Array;
  /** The reserve map, and all after it, 4 bytes later. */
  shiftedReserve(): Uint8Array;
  /** The strings block begins with the last word of the structure block. */
  overlapping(): Uint8Array;
  longReserve(entries: number): Uint8Array;
}

export function blobOf(source: Uint8Array): Blob {
  const bytes = source.slice();
  const view = new DataView(bytes.buffer);
  const at = (offset: number): number => view.getUint32(offset);
  const [struct, strings, reserve] = [at(8), at(12), at(16)];
  const [stringsSize, structSize] = [at(32), at(36)];
  const properties = [...propertiesOf(view, struct, struct + structSize)];
  const end = struct + structSize - 4;

  const set = (target: Uint8Array, values: Readonly<Record<number, number>>): Uint8Array => {
    const out = new DataView(target.buffer);
    for (const [offset, value] of Object.entries(values)) out.setUint32(Number(offset), value);
    return target;
  };
  const splice = (offset: number, added: Uint8Array): Uint8Array => {
    const target = new Uint8Array(bytes.length + added.length);
    target.set(bytes.subarray(0, offset));
    target.set(added, offset);
    target.set(bytes.subarray(offset), offset + added.length);
    return set(target, { 4: at(4) + added.length });
  };
  const insert = (offset: number, words: readonly number[]): Uint8Array => {
    const added = wordBytes(words);
    return set(splice(offset, added), {
      12: strings + added.length,
      36: structSize + added.length,
    });
  };
  const first = properties[0] ?? 0;
  return {
    bytes,
    struct,
    structSize,
    stringsSize,
    reserve,
    end,
    lastProperty: properties.at(-1) ?? 0,
    word: (offset, value) => set(bytes, { [offset]: value }),
    insert,
    endingIn: (words) => {
      const grown = insert(end, words);
      return set(grown, { 36: structSize + words.length * 4 - 4 });
    },
    withProperty: (name) => {
      const text = new TextEncoder().encode(`${name}\0`);
      const blob = blobOf(splice(strings + stringsSize, text));
      return blobOf(set(blob.bytes, { 32: stringsSize + text.length })).insert(first, [3, 0, stringsSize]);
    },
    firstPropertyTwice: () => {
      const size = 12 + Math.ceil(at(first + 4) / 4) * 4;
      return insert(
        first,
        Array.from({ length: size / 4 }, (_, i) => at(first + i * 4)),
      );
    },
    emptied: () => {
      for (let offset = struct; offset < end; offset += 4) view.setUint32(offset, 4);
      return bytes;
    },
    shiftedReserve: () =>
      set(splice(reserve, new Uint8Array(4)), { 8: struct + 4, 12: strings + 4, 16: reserve + 4 }),
    overlapping: () => {
      for (const property of properties) view.setUint32(property + 8, at(property + 8) + 4);
      return set(bytes, { 12: strings - 4, 32: stringsSize + 4 });
    },
    longReserve: (entries) => {
      const added = new Uint8Array(entries * 16);
      for (let i = 0; i < entries; i++) {
        set(added, { [i * 16 + 4]: i * 4096, [i * 16 + 12]: 4096 });
      }
      return set(splice(reserve, added), { 8: struct + added.length, 12: strings + added.length });
    },
  };
}

function wordBytes(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(i * 4, word);
  return bytes;
}

function* propertiesOf(view: DataView, from: number, to: number): Generator<number> {
  for (let at = from; at < to; ) {
    const token = view.getUint32(at);
    if (token === 3) {
      yield at;
      at += 12 + Math.ceil(view.getUint32(at + 4) / 4) * 4;
    } else if (token === 1) {
      let length = 0;
      while (view.getUint8(at + 4 + length) !== 0) length++;
      at += 4 + Math.ceil((length + 1) / 4) * 4;
    } else at += 4;
  }
}

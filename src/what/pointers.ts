/** Finds the records that point to given addresses, in one pass over the references of a handover. */

import type { PhysicalMemory } from '../memory/physical.js';
import { KHO_MEM_SIZE, khoMem } from '../records/kho.js';
import { khoScratch } from '../records/kho_root.js';
import { addBlobRecords } from '../references/blobs.js';
import { type RecordArray, type ReferenceSink, SILENT } from '../references/sink.js';
import type { FieldInfo, RecordType } from '../schema/record.js';
import { MAP_TREE, slotOffset } from '../structures/map/pages.js';
import { treePlace } from '../structures/map/places.js';
import { type Addresses, addressesOf } from './addresses.js';
import { fieldsOf } from './fields.js';
import { recordName } from './hit.js';

/** A record that refers to something. */
export interface Reference {
  /** The kernel's name of the record, and of the field. */
  readonly record: string;
  readonly field: string;
  /** Physical address of the record, and of the field. */
  readonly address: number;
  readonly fieldAddress: number;
  /** Bytes of the record, where it is an entry of a list of what is held. */
  readonly size?: number;
  /** What the record is for people. */
  readonly what: string;
}

/** Takes a reference to one of the addresses. */
export type Found = (target: number, reference: Reference) => void;

/** A field that holds an address. */
interface PointerField {
  readonly name: string;
  /** Byte offset of its 64-bit word. */
  readonly word: number;
  /** Bits of the address that the field has, as halves. */
  readonly lo: number;
  readonly hi: number;
}

const WORD = BigUint64Array.BYTES_PER_ELEMENT;
/** Bytes read at a time. */
const WINDOW = 1 << 16;
const compiled = new WeakMap<object, readonly PointerField[]>();

/** `data` of files and FLBs: what their handlers make of it, for all that are known the address of a record. */
function isOpaque({ id, unit }: FieldInfo): boolean {
  return id === 'data' && unit === undefined;
}

function pointerFields(record: RecordType<unknown>): readonly PointerField[] {
  const known = compiled.get(record);
  if (known !== undefined) return known;
  const fields = fieldsOf(record, new Uint8Array(record.size ?? 0)).flatMap((field): PointerField[] => {
    const { name, info, bitOffset, bitWidth } = field;
    if (info.kind !== 'uint' || !(info.pointer !== undefined || info.unit === 'address' || isOpaque(info)))
      return [];
    if (bitWidth < 32 || Math.floor(bitOffset / 64) !== Math.floor((bitOffset + bitWidth - 1) / 64))
      return [];
    const mask = ((1n << BigInt(bitWidth)) - 1n) << BigInt(bitOffset % 64);
    return [
      {
        name,
        word: Math.floor(bitOffset / 64) * WORD,
        lo: Number(BigInt.asIntN(32, mask)),
        hi: Number(BigInt.asIntN(32, mask >> 32n)),
      },
    ];
  });
  compiled.set(record, fields);
  return fields;
}

/** Records that say where memory begins and how long it is: they also refer to what is inside. */
const RANGES = new Map<string, { readonly flags: bigint }>([
  // Bit 0 of an address is a flag (RFC, KHO_MEM_NOINIT).
  [khoMem.name, { flags: 1n }],
  [khoScratch.name, { flags: 0n }],
]);

/**
 * A listener that looks for pointers.
 *
 * @param targets addresses that something may point to
 * @param inside addresses in memory that ranges may cover
 */
export function pointerSink(
  memory: PhysicalMemory,
  targets: ReadonlySet<number>,
  inside: Addresses,
  found: Found,
): ReferenceSink {
  const wanted = addressesOf(targets);
  const low = wanted.sorted[0] ?? Number.POSITIVE_INFINITY;
  const high = wanted.sorted[wanted.sorted.length - 1] ?? Number.NEGATIVE_INFINITY;
  const bytes = new Uint8Array(WINDOW);
  const view = new DataView(bytes.buffer);

  function array({ record, count, at, what }: RecordArray): void {
    // What is in areas of its own are lists of folios: these are looked up by the folio.
    if (typeof at === 'object') return;
    const size = record.size ?? 0;
    const fields = pointerFields(record);
    if (fields.length === 0 || size === 0 || size > WINDOW) return;
    const range = inside.sorted.length > 0 && size === KHO_MEM_SIZE ? RANGES.get(record.name) : undefined;
    const perRead = Math.floor(WINDOW / size);
    const first = Number(at);
    for (let done = 0; done < count; done += perRead) {
      const start = first + done * size;
      const known = Math.floor(memory.read(start, Math.min(perRead, count - done) * size, bytes) / size);
      for (let i = 0; i < known; i++) {
        const tell = (target: number, { name, word }: PointerField): void =>
          found(target, {
            record: recordName(record),
            field: name,
            address: start + i * size,
            fieldAddress: start + i * size + word,
            what: what(done + i),
          });
        for (const field of fields) {
          const word = i * size + field.word;
          const lo = (view.getInt32(word, true) & field.lo) >>> 0;
          const hi = (view.getInt32(word + 4, true) & field.hi) >>> 0;
          const value = hi * 2 ** 32 + lo;
          if (value >= low && value <= high && targets.has(value)) tell(value, field);
        }
        if (range !== undefined)
          covers(view, i * size, range.flags, (target) => tell(target, fields[0] as PointerField));
      }
      if (known < Math.min(perRead, count - done)) return;
    }
  }

  function covers(from: DataView, at: number, flags: bigint, tell: (target: number) => void): void {
    const start = Number(from.getBigUint64(at, true) & ~flags);
    const end = start + Number(from.getBigUint64(at + WORD, true));
    for (const i of inside.within(start, end)) {
      const target = inside.sorted[i] as number;
      if (target !== start || !targets.has(start)) tell(target);
    }
  }

  const record: ReferenceSink['record'] = (type, address, what, traits = {}) =>
    array({ record: type, count: 1, at: address, what: () => what, traits });

  return {
    ...SILENT,
    record,
    array,
    untranslated: true,
    blob: (blob, binding) => addBlobRecords({ record, array }, blob, binding),
    radix(tree, pageSize) {
      for (const [i, page] of tree.pages.entries()) {
        if (page < low || page > high || !targets.has(page)) continue;
        const { slot, level } = treePlace(tree, i, pageSize);
        if (slot === undefined) continue;
        found(page, {
          record: recordName(MAP_TREE.node),
          field: `table[${slot.index}]`,
          address: slot.node,
          fieldAddress: slot.node + slotOffset(slot.index),
          what: `radix node of level ${level + 1}`,
        });
      }
    },
  };
}

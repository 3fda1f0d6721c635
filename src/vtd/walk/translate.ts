import type { PhysicalMemory } from '../../memory/physical.js';
import { fromHalves } from './anomaly.js';
import { ENTRIES_PER_TABLE, pagesPerEntry } from './batch.js';
import { accessOf, type EntryFormat, pfnOf } from './format.js';
import { isLargeLeaf } from './scan.js';

/**
 * What hardware makes of an entry (vtd.md 2.1): `invalid` has reserved bits set, `unknown` is not in the dump.
 */
export type EntryVerdict = 'absent' | 'table' | 'leaf' | 'invalid' | 'unknown';

/** One entry on the way from the root to a page. */
export interface TranslationStep {
  /** 1 = PTE. */
  readonly level: number;
  /** 0..511. */
  readonly index: number;
  /** Physical byte address of the entry. */
  readonly entryAddress: number;
  readonly verdict: EntryVerdict;
  /** The entry; undefined when its bytes are not in the dump. */
  readonly entry?: bigint;
  /** Whether the entry has the form of a leaf (also when it is invalid). */
  readonly leaf: boolean;
  /** Reserved bits that are set, when invalid. */
  readonly bits?: bigint;
}

/** Where an IOVA leads. */
export type TranslationResult =
  | {
      readonly kind: 'mapped';
      /** Physical byte address for the IOVA. */
      readonly address: bigint;
      /** Size of the leaf in bytes. */
      readonly pageSize: number;
      /** ACCESS_READ, ACCESS_WRITE of the leaf. */
      readonly access: number;
      /** The same, ANDed over the whole path: what hardware allows. */
      readonly effectiveAccess: number;
    }
  | { readonly kind: 'absent' | 'invalid' | 'unknown'; readonly level: number }
  | { readonly kind: 'beyond-width' | 'unsupported-levels' };

/** A translation with every entry that it went through. */
export interface Translation {
  readonly iova: bigint;
  readonly steps: readonly TranslationStep[];
  readonly result: TranslationResult;
}

/** What to translate with. */
export interface TranslateRequest {
  readonly memory: PhysicalMemory;
  /** Physical byte address of the top table; bits 11:0 are not looked at. */
  readonly root: bigint | number;
  /** 2..5. */
  readonly levels: number;
  readonly format: EntryFormat;
  /** Usable width of the IOVA in bits; that of the levels when absent. */
  readonly inputWidth?: number;
}

/** Reads the entry at a physical address and judges it as hardware does: presence first, then reserved bits. */
function stepAt(request: TranslateRequest, level: number, index: number, table: number): TranslationStep {
  const { memory, format } = request;
  const entryAddress = table + index * 8;
  const bytes = new Uint8Array(8);
  if (!(entryAddress < 2 ** 52) || memory.read(entryAddress, 8, bytes) < 8) {
    return { level, index, entryAddress, verdict: 'unknown', leaf: level === 1 };
  }
  const view = new DataView(bytes.buffer);
  const lo = view.getInt32(0, true);
  const hi = view.getInt32(4, true);
  const entry = fromHalves(lo, hi);
  const leaf = level === 1 || isLargeLeaf(format, level, lo);
  const at = { level, index, entryAddress, entry, leaf };
  if (((lo & format.presentLo) | (hi & format.presentHi)) === 0) return { ...at, verdict: 'absent' };
  const badLo = lo & ((leaf ? format.leafReservedLo : format.tableReservedLo)[level] ?? 0);
  const badHi = hi & ((leaf ? format.leafReservedHi : format.tableReservedHi)[level] ?? 0);
  if ((badLo | badHi) !== 0) return { ...at, verdict: 'invalid', bits: fromHalves(badLo, badHi) };
  return { ...at, verdict: leaf ? 'leaf' : 'table' };
}

/**
 * Translates one IOVA as hardware would, level by level. A table that points to itself is followed, as hardware
 * follows it: the number of levels bounds the walk.
 *
 * @param iova byte address, not sign-extended
 *
 * @example
 * ```ts
 * import { secondStageFormat, segmentsMemory, translate } from 'kho-toolkit';
 *
 * // A page of entries of which the first is given: readable, writable, and where it leads.
 * function entry(value: bigint): Uint8Array {
 *   const bytes = new Uint8Array(4096);
 *   new DataView(bytes.buffer).setBigUint64(0, value, true);
 *   return bytes;
 * }
 *
 * const memory = segmentsMemory(
 *   [
 *     { address: 0x1000, bytes: entry(0x2003n) },
 *     { address: 0x2000, bytes: entry(0x3003n) },
 *     { address: 0x3000, bytes: entry(0xabc003n) },
 *   ],
 *   'three levels',
 * );
 *
 * const { result, steps } = translate({ memory, root: 0x1000n, levels: 3, format: secondStageFormat() }, 0x10n);
 * console.log(result.kind, steps.length); //=> mapped 3
 * ```
 */
export function translate(request: TranslateRequest, iova: bigint): Translation {
  const { format, levels } = request;
  const steps: TranslationStep[] = [];
  if (!Number.isInteger(levels) || levels < 2 || levels > Math.min(5, format.maxLevel)) {
    return { iova, steps, result: { kind: 'unsupported-levels' } };
  }
  const width = Math.min(12 + 9 * levels, request.inputWidth ?? Number.POSITIVE_INFINITY);
  if (iova < 0n || iova >> BigInt(width) !== 0n) return { iova, steps, result: { kind: 'beyond-width' } };
  const page = Number(iova >> 12n);
  let table = Number(BigInt(request.root) >> 12n) * 4096;
  let effectiveAccess = 3;
  for (let level = levels; level >= 1; level--) {
    const span = pagesPerEntry(level);
    const index = Math.floor(page / span) % ENTRIES_PER_TABLE;
    const step = stepAt(request, level, index, table);
    steps.push(step);
    const { verdict, entry = 0n } = step;
    if (verdict === 'absent' || verdict === 'invalid' || verdict === 'unknown') {
      return { iova, steps, result: { kind: verdict, level } };
    }
    const lo = Number(BigInt.asIntN(32, entry));
    const hi = Number(BigInt.asIntN(32, entry >> 32n));
    const access = accessOf(format, lo, hi);
    effectiveAccess &= access;
    const pfn = pfnOf(format, lo, hi);
    if (verdict === 'leaf') {
      const target = pfn - (pfn % span) + (page % span);
      const address = BigInt(target) * 4096n + (iova & 0xfffn);
      const result = { kind: 'mapped', address, pageSize: span * 4096, access, effectiveAccess } as const;
      return { iova, steps, result };
    }
    table = pfn * 4096;
  }
  return { iova, steps, result: { kind: 'unsupported-levels' } };
}

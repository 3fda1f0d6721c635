/** Rules that memory is preserved: one shape, with the words that each has. */
import type { Handover, Location } from '../abi/model.js';
import type { PreservedPages } from '../abi/upstream/model.js';
import { physicalAddress } from '../memory/read.js';
import type { Claim, Preserved } from '../references/claim.js';
import type { Reporter, Rule, RuleContext, Subject } from './rule.js';
import { type Elements, type Fault, tell, type Words } from './shapes.js';
import { hex } from './text.js';
import { orderAt, wholeMap } from './upstream/shared.js';

/** Memory that has to be preserved. */
export interface Piece {
  /** Physical address; the low bits are dropped, as they are where it is restored. */
  readonly start: bigint;
  /** Exclusive; the end of the page where it is left out. */
  readonly end?: bigint;
  readonly preserved: Preserved;
}

/** Why a piece is not preserved as it has to be. */
export interface Lack {
  /**
   * - `none`: its start is not preserved;
   * - `within`: its start is inside a preserved block;
   * - `larger`: it starts a block of more than the one page that it should have;
   * - `part`: from `gap.start` on it is not preserved.
   */
  readonly kind: 'none' | 'within' | 'larger' | 'part';
  /** Of the block that starts there; -1 where none does. */
  readonly order: number;
  /** The first stretch that is not preserved; all of it where it is not a `part`. */
  readonly gap: { readonly start: bigint; readonly end: bigint };
}

/** The memory of a claim; none where it need not be preserved. */
export function* claimPieces({ preserved, runs }: Claim): Generator<Piece> {
  if (preserved === undefined) return;
  for (const { start, end } of runs()) yield { start: BigInt(start), end: BigInt(end), preserved };
}

/** What a piece lacks; undefined where it is preserved as it has to be. */
export function lackOf(map: PreservedPages, { start, end, preserved }: Piece): Lack | undefined {
  const page = BigInt(map.pageSize);
  const from = preserved === 'bytes' && end !== undefined ? start : start - (start % page);
  const all = { start: from, end: from + (end === undefined ? page : end - start) };
  const pfn = Number(start / page);
  const order = preserved === 'bytes' ? -1 : orderAt(map, pfn);
  if (preserved !== 'bytes') {
    if (order < 0) return { kind: map.contains(pfn) ? 'within' : 'none', order, gap: all };
    if (preserved === 'page') return order === 0 ? undefined : { kind: 'larger', order, gap: all };
    if (end === undefined) return undefined;
  }
  const [gap] = map.uncovered(all.start, all.end);
  return gap === undefined ? undefined : { kind: 'part', order, gap };
}

/** A rule that the memory of each element is preserved; skipped where not all of the map is known. */
export function preservedRule<T, P extends Piece>(
  of: Elements<T>,
  {
    pieces,
    fault,
    before,
    ...words
  }: Words & {
    pieces(element: T, context: RuleContext): Iterable<P>;
    fault(lack: Lack, piece: P, element: T): Fault;
    /** What is told of an element whatever the map has. */
    before?(element: T): Iterable<Fault>;
  },
): Rule {
  return {
    severity: 'error',
    ...of.shared,
    ...words,
    check(context, report) {
      const all = of.each(context, report);
      const map = wholeMap(context, report);
      if (map === undefined && before === undefined) return;
      for (const element of all) {
        for (const each of before?.(element) ?? []) tell(report, of, element, each);
        if (map === undefined) continue;
        for (const piece of pieces(element, context)) {
          const lack = lackOf(map, piece);
          if (lack !== undefined) tell(report, of, element, fault(lack, piece, element));
        }
      }
    },
  };
}

/** Why what is restored as a folio cannot be, in words; undefined where it can, or where the map is not known. */
export function misplacedRecord(
  { preserved, preservedMap, pageSize }: Handover,
  start: bigint,
): string | undefined {
  if (start === 0n) return 'is 0';
  if (physicalAddress(start) === undefined) return 'is not a physical address';
  if (start % BigInt(pageSize) !== 0n) return 'is not the start of a page';
  if (preserved?.pages === undefined || preservedMap?.complete !== true) return undefined;
  const lack = lackOf(preserved.pages, { start, preserved: 'block' });
  return lack === undefined ? undefined : startText(lack);
}

/** How the start of a piece stands in the map. */
export function startText({ kind, order }: Lack): string {
  if (kind === 'larger') return `starts a block of order ${order}`;
  return kind === 'within' ? 'is in a preserved block and does not start it' : 'is not preserved';
}

/** Something that is restored as a folio. */
export interface Folio {
  /** Its name, for people. */
  readonly what: string;
  /** As stored; undefined where the element has none. */
  readonly address: bigint | undefined;
  /** The field that has it. */
  readonly location: Location;
  readonly subject?: Subject;
}

/** A rule that what is restored as a folio starts a page and a preserved block. */
export function folioRule<T>(
  of: Elements<T>,
  {
    folios,
    says = (why, address) => (address === 0n ? 'is at 0' : `at ${hex(address)} ${why}`),
    ...words
  }: Words & {
    folios(element: T, context: RuleContext, report: Reporter): Iterable<Folio>;
    /** After its name. */
    says?(why: string, address: bigint): string;
  },
): Rule {
  return {
    severity: 'error',
    ...of.shared,
    ...words,
    check(context, report) {
      let met = false;
      for (const element of of.each(context, report)) {
        for (const { what, address, location, subject } of folios(element, context, report)) {
          met = true;
          const why = address === undefined ? undefined : misplacedRecord(context.handover, address);
          if (address === undefined || why === undefined) continue;
          tell(report, of, element, {
            ...(subject === undefined ? {} : { subject }),
            message: `${what} ${says(why, address)}`,
            location,
            found: hex(address),
            expected: 'the start of a preserved block',
          });
        }
      }
      if (met) wholeMap(context, report);
    },
  };
}

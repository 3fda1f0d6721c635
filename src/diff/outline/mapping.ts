/** What a page table maps, by IOVA: access, and the file and offset that devices reach. */
import type { Place } from '../../references/place.js';
import { firstStageAttributes, firstStageFormat } from '../../vtd/first-stage.js';
import { secondStageAttributes, secondStageFormat } from '../../vtd/second-stage.js';
import { accessText } from '../../vtd/text/csv.js';
import { accessesOf, iovasOf, pagesOf, ROW_LO, ROW_WORDS, targetsOf } from '../../vtd/walk/batch.js';
import { mergeBatches } from '../../vtd/walk/runs.js';
import type { WalkRequest } from '../../vtd/walk/state.js';
import { type Walk, walkTable } from '../../vtd/walk/walk.js';
import type { List, SpanList } from '../entity.js';
import type { Span } from '../span.js';
import {
  type AspectKind,
  createSpanColumns,
  putSpan,
  SPAN_BATCH,
  type SpanColumns,
} from '../span-columns.js';
import type { Located, PageOwners } from './owners.js';

const PAGE = 4096;

const NOTHING: readonly Span[] = [];

/** Memory that no file has: its place is not a property that outlives a move. */
const NO_FILE: AspectKind = { name: 'target', of: 'memory of no file', moves: false };

/** Tables whose mappings are compared. */
type Root = Pick<WalkRequest, 'memory' | 'root' | 'levels'> & { readonly stage?: 'first' | 'second' };

/** What tables map, by IOVA; a gap where the dump does not tell which tables. */
export function mappingList(
  place: Place,
  root: Root | undefined,
  owners: () => PageOwners,
  strict: boolean,
): List {
  const list = { name: 'mappings', place };
  if (root === undefined) return list;
  const spans: SpanList = {
    spans: () => mappingSpans(root, owners(), strict),
    place: (iova, iovaEnd) => ({ ...place, iova, iovaEnd }),
  };
  return { ...list, spans };
}

/**
 * Walks a table as merged spans. Leaf sizes are not a property of a mapping. IOVAs below table pages that the
 * dump does not hold come as spans without aspects.
 *
 * @param strict tell the physical addresses too
 */
function* mappingSpans(root: Root, owners: PageOwners, strict: boolean): Generator<SpanColumns, boolean> {
  const { memory, root: top, levels, stage = 'second' } = root;
  const format = stage === 'first' ? firstStageFormat() : secondStageFormat();
  const walk = walkTable({ memory, root: top, levels, format });
  const absent = absentRanges(walk);
  const located: Located = { end: 0, name: '', offset: 0 };
  const kindsOf = kindsByTarget(strict);
  const spans = createSpanColumns();
  let hidden = 0;
  for (const batch of mergeBatches(walk.batches, format)) {
    // What is absent was met before the leaves after it, at the latest with this batch.
    absent.update();
    const iovas = iovasOf(batch);
    const pages = pagesOf(batch);
    const targets = targetsOf(batch);
    const accessOfRows = accessesOf(batch);
    for (let row = 0; row < batch.length; row++) {
      const iova = (iovas[row] as number) * PAGE;
      for (const { start, end } of absent.before(iova)) {
        hidden = Math.max(hidden, end);
        if (spans.length === SPAN_BATCH) {
          yield spans;
          spans.length = 0;
        }
        putSpan(spans, start, end, undefined);
      }
      const access = accessKind(
        accessOfRows[row] as number,
        batch.rows[row * ROW_WORDS + ROW_LO] as number,
        stage,
      );
      const target = (targets[row] as number) * PAGE;
      const end = target + (pages[row] as number) * PAGE;
      for (let at = target; at < end; at = located.end) {
        owners.locate(at, end, located);
        const start = iova + (at - target);
        if (start < hidden) continue;
        if (spans.length === SPAN_BATCH) {
          yield spans;
          spans.length = 0;
        }
        const { name, offset } = located;
        putSpan(
          spans,
          start,
          start + (located.end - at),
          name === '' && owners.partly ? undefined : kindsOf(access, name),
          name === '' ? at : offset,
          at,
        );
      }
    }
  }
  absent.update();
  for (const { start, end } of absent.before(Number.POSITIVE_INFINITY)) {
    if (spans.length === SPAN_BATCH) {
      yield spans;
      spans.length = 0;
    }
    putSpan(spans, start, end, undefined);
  }
  if (spans.length > 0) yield spans;
  return true;
}

/**
 * The ranges of IOVAs that a walk cannot tell of, as they become known. The walk's report folds ranges of one
 * cause together, so that a range may cover some that can be told: these then count as unknown too.
 */
function absentRanges(walk: Walk) {
  const ends = new Map<number, number>();
  let pending: Span[] = [];
  return {
    update(): void {
      const { anomalies } = walk.report();
      const causes = anomalies.filter(({ kind }) => kind === 'table-absent' || kind === 'walk-budget');
      for (const [i, { iova, lastIovaEnd }] of causes.entries()) {
        const start = ends.get(i) ?? Number(iova);
        const end = Number(lastIovaEnd);
        ends.set(i, end);
        if (start < end) pending.push({ start, end, aspects: undefined });
      }
      pending.sort((a, b) => a.start - b.start);
    },
    /** Takes those that begin before an IOVA. */
    before(iova: number): readonly Span[] {
      if (pending.length === 0) return NOTHING;
      let count = 0;
      while (count < pending.length && (pending[count] as Span).start < iova) count++;
      const taken = pending.slice(0, count);
      if (count > 0) pending = pending.slice(count);
      return taken;
    },
  };
}

const accesses = new Map<number, AspectKind>();

/** The rights of a leaf, and whether it snoops: few are different. */
function accessKind(access: number, lo: number, stage: 'first' | 'second'): AspectKind {
  const attributes = (stage === 'first' ? firstStageAttributes : secondStageAttributes)({ lo });
  const key = access * 4 + (stage === 'first' ? 2 : 0) + (attributes === '' ? 0 : 1);
  let kind = accesses.get(key);
  if (kind === undefined) {
    const text = accessText(access);
    kind = { name: 'access', of: attributes === '' ? text : `${text} ${attributes}`, moves: false };
    accesses.set(key, kind);
  }
  return kind;
}

/** The aspects of leaves with these rights that lead to this file: few are different. */
function kindsByTarget(strict: boolean): (access: AspectKind, name: string) => readonly AspectKind[] {
  const known = new Map<AspectKind, Map<string, readonly AspectKind[]>>();
  return (access, name) => {
    let byName = known.get(access);
    if (byName === undefined) {
      byName = new Map();
      known.set(access, byName);
    }
    let kinds = byName.get(name);
    if (kinds === undefined) {
      const target = name === '' ? NO_FILE : { name: 'target', of: name, moves: true };
      kinds = strict ? [access, target, { name: 'address', of: '', moves: true }] : [access, target];
      byName.set(name, kinds);
    }
    return kinds;
  };
}

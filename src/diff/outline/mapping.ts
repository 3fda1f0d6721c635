/** What a page table maps, by IOVA: access, and the file and offset that devices reach. */
import { firstStageAttributes, firstStageFormat } from '../../vtd/first-stage.js';
import { secondStageAttributes, secondStageFormat } from '../../vtd/second-stage.js';
import { accessText } from '../../vtd/text/csv.js';
import { accessesOf, iovasOf, pagesOf, ROW_LO, ROW_WORDS, targetsOf } from '../../vtd/walk/batch.js';
import { mergeBatches } from '../../vtd/walk/runs.js';
import type { WalkRequest } from '../../vtd/walk/state.js';
import { type Walk, walkTable } from '../../vtd/walk/walk.js';
import type { Aspect, Span } from '../entity.js';
import type { Located, PageOwners } from './owners.js';

const PAGE = 4096;

const NOTHING: readonly Span[] = [];

/** Memory that no file has: where it lies is no property that outlives a move. */
const NO_FILE: Aspect = { name: 'target', of: 'memory of no file' };

/**
 * Walks a table as merged spans. Leaf sizes are no property of a mapping. IOVAs below table pages that the
 * dump does not hold come as spans without aspects.
 *
 * @param strict tell the physical addresses too
 */
export function* mappingSpans(
  root: Pick<WalkRequest, 'memory' | 'root' | 'levels'> & { readonly stage?: 'first' | 'second' },
  owners: PageOwners,
  strict: boolean,
): Generator<Span, boolean> {
  const { memory, root: top, levels, stage = 'second' } = root;
  const format = stage === 'first' ? firstStageFormat() : secondStageFormat();
  const walk = walkTable({ memory, root: top, levels, format });
  const absent = absentRanges(walk);
  const located: Located = { end: 0, name: '', offset: 0 };
  let hidden = 0;
  for (const batch of mergeBatches(walk.batches, format)) {
    // What is absent was met before the leaves behind it, at the latest with this batch.
    absent.update();
    const iovas = iovasOf(batch);
    const pages = pagesOf(batch);
    const targets = targetsOf(batch);
    const accessOfRows = accessesOf(batch);
    for (let row = 0; row < batch.length; row++) {
      const iova = (iovas[row] as number) * PAGE;
      for (const span of absent.before(iova)) {
        hidden = Math.max(hidden, span.end);
        yield span;
      }
      const access = accessAspect(
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
        const aspects = aspectsOf(access, located, at, strict);
        yield { start, end: start + (located.end - at), aspects };
      }
    }
  }
  absent.update();
  yield* absent.before(Number.POSITIVE_INFINITY);
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

const accesses = new Map<number, Aspect>();

/** The rights of a leaf, and whether it snoops: few are different. */
function accessAspect(access: number, lo: number, stage: 'first' | 'second'): Aspect {
  const attributes = (stage === 'first' ? firstStageAttributes : secondStageAttributes)({ lo });
  const key = access * 4 + (stage === 'first' ? 2 : 0) + (attributes === '' ? 0 : 1);
  let aspect = accesses.get(key);
  if (aspect === undefined) {
    const text = accessText(access);
    aspect = { name: 'access', of: attributes === '' ? text : `${text} ${attributes}` };
    accesses.set(key, aspect);
  }
  return aspect;
}

function aspectsOf(
  access: Aspect,
  { name, offset }: Located,
  address: number,
  strict: boolean,
): readonly Aspect[] {
  const target = name === '' ? NO_FILE : { name: 'target', of: name, at: offset };
  return strict ? [access, target, { name: 'address', of: '', at: address }] : [access, target];
}

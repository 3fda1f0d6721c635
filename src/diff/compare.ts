/** Outlines of two handovers against each other. */
import { equalBytes } from '../decode/bytes.js';
import type { Place } from '../references/place.js';
import { hex } from '../schema/units.js';
import { differingBytes } from './bytes.js';
import type { Difference, Field, Gap, Value } from './difference.js';
import type { Entity, List, SpanList } from './entity.js';
import { pairs } from './pairs.js';
import type { Aspect } from './span.js';
import { diffSpans } from './spans.js';

/** How to compare, and what it is told of what cannot be. */
export interface CompareContext {
  readonly strict: boolean;
  /** Whether B was handed over later than A, so that some changes are what a kexec makes. */
  readonly later: boolean;
  gap(gap: Gap): void;
}

/** Which sides may lack things that are there: those whose tree breaks off. */
interface Partial {
  readonly a: boolean;
  readonly b: boolean;
}

/**
 * Compares lists that meet by name, in the order of `a`. What only one side declares is a gap: its dump says
 * that there is such a list, the other one does not tell. The depth of the recursion is that of the outline.
 */
export function* compareLists(
  a: readonly List[],
  b: readonly List[],
  context: CompareContext,
  above: Partial = { a: false, b: false },
): Generator<Difference> {
  const others = new Map(b.map((list) => [list.name, list]));
  for (const list of a) {
    const other = others.get(list.name);
    others.delete(list.name);
    if (other === undefined) context.gap({ place: list.place, what: list.name, missing: 'b' });
    else {
      const unnamed = list.unnamed === true || other.unnamed === true;
      const partial = {
        a: unnamed || (list.partial ?? above.a),
        b: unnamed || (other.partial ?? above.b),
      };
      yield* compareList(list, other, context, partial);
    }
  }
  for (const { name, place } of others.values()) context.gap({ place, what: name, missing: 'a' });
}

function* compareList(a: List, b: List, context: CompareContext, partial: Partial): Generator<Difference> {
  const hasA = a.entities !== undefined || a.spans !== undefined;
  const hasB = b.entities !== undefined || b.spans !== undefined;
  if (!hasA || !hasB) {
    context.gap({ place: a.place, what: a.name, missing: hasA ? 'b' : hasB ? 'a' : 'both' });
    return;
  }
  if (a.spans !== undefined && b.spans !== undefined) yield* compareSpans(a, a.spans, b.spans, context);
  else yield* compareEntities(a.entities ?? [], b.entities ?? [], context, partial);
}

function* compareEntities(
  a: Iterable<Entity>,
  b: Iterable<Entity>,
  context: CompareContext,
  partial: Partial,
): Generator<Difference> {
  for (const { a: left, b: right, copy } of pairs(a, b)) {
    const entity = left ?? right;
    if (entity === undefined) continue;
    const place = copy === 1 ? entity.place : { ...entity.place, copy };
    if (left !== undefined && right !== undefined) {
      yield* compareFields(place, left.fields, right.fields, context, partial);
      yield* compareLists(left.lists ?? [], right.lists ?? [], context, partial);
    } else if (left === undefined ? partial.a : partial.b) {
      context.gap({ place, missing: left === undefined ? 'a' : 'b' });
    } else {
      yield { kind: left === undefined ? 'added' : 'removed', place, contents: contentsOf(entity.fields) };
    }
  }
}

/** What to tell of a thing that only one side has: no addresses. */
function contentsOf(fields: readonly Field[]): readonly Field[] {
  return fields.filter(
    ({ value, only, implied }) =>
      value !== undefined && value !== null && only !== 'strict' && implied !== true,
  );
}

function* compareFields(
  place: Place,
  a: readonly Field[],
  b: readonly Field[],
  context: CompareContext,
  partial: Partial,
): Generator<Difference> {
  const compared = ({ only }: Field): boolean => only === undefined || (only === 'strict' && context.strict);
  const others = new Map(b.filter(compared).map((each) => [each.name, each]));
  for (const left of a.filter(compared)) {
    const right = others.get(left.name);
    others.delete(left.name);
    if (right === undefined && isUnknown(b, left)) continue;
    yield* compareField(place, left, right?.value, context, partial);
  }
  for (const right of others.values()) {
    if (isUnknown(a, right)) continue;
    yield* compareField(place, { ...right, value: undefined }, right.value, context, partial);
  }
}

/** Whether a side lacks a field as it lacks the record, of which the gap is told once. */
function isUnknown(fields: readonly Field[], { name, value }: Field): boolean {
  return value !== null && fields.some(({ unknown }) => unknown !== undefined && name.startsWith(unknown));
}

function* compareField(
  place: Place,
  left: Field,
  b: Field['value'],
  { gap, later }: CompareContext,
  partial: Partial,
): Generator<Difference> {
  const { name, value: a, unit, expected, secret } = left;
  if (a === undefined && b === undefined) return;
  const unknownA = a === null || (a === undefined && partial.a);
  const unknownB = b === null || (b === undefined && partial.b);
  if (unknownA || unknownB) {
    gap({ place, what: name, missing: unknownA && unknownB ? 'both' : unknownA ? 'a' : 'b' });
    return;
  }
  const common = {
    place,
    field: name,
    ...(unit === undefined ? {} : { unit }),
    ...(secret === true ? { secret } : {}),
  };
  if (a === undefined && b !== undefined) yield { kind: 'added', ...common, b };
  else if (a !== undefined && b === undefined) yield { kind: 'removed', ...common, a };
  else if (a !== undefined && b !== undefined && !equalValues(a, b)) {
    yield {
      kind: 'changed',
      ...common,
      a,
      b,
      ...(later && expected?.(a, b) === true ? { expected: true } : {}),
      ...(a instanceof Uint8Array && b instanceof Uint8Array ? { bytes: differingBytes(a, b) } : {}),
    };
  }
}

function equalValues(a: Value, b: Value): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b;
}

function* compareSpans(list: List, a: SpanList, b: SpanList, { gap }: CompareContext): Generator<Difference> {
  for (const piece of diffSpans(a.spans(), b.spans())) {
    if ('unknown' in piece) {
      const { range, unknown: missing } = piece;
      const place = range === undefined ? list.place : a.place(BigInt(range.start), BigInt(range.end));
      gap({ place, what: list.name, missing });
      continue;
    }
    const place = a.place(BigInt(piece.start), BigInt(piece.end));
    if (piece.a === undefined) yield { kind: 'added', place, contents: (piece.b ?? []).map(aspectField) };
    else if (piece.b === undefined) yield { kind: 'removed', place, contents: piece.a.map(aspectField) };
    else {
      for (const [i, left] of piece.a.entries()) {
        const right = piece.b[i];
        if (right === undefined || (left.of === right.of && left.at === right.at)) continue;
        yield { kind: 'changed', place, field: left.name, a: aspectText(left), b: aspectText(right) };
      }
    }
  }
}

function aspectField(aspect: Aspect): Field {
  return { name: aspect.name, value: aspectText(aspect) };
}

/** `rw`, `0x1000`, `file "vm 1" +0x1000`. */
function aspectText({ of, at }: Aspect): string {
  if (at === undefined) return of;
  return of === '' ? hex(BigInt(at)) : `${of} +${hex(BigInt(at))}`;
}

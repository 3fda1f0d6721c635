/** Things of two lists that are the same by identity. */
import type { Entity, Key } from './entity.js';
import { createKeyCounts } from './key-counts.js';

/** One thing of each side, or of one. */
export interface Pair {
  readonly a?: Entity;
  readonly b?: Entity;
  /** Which of several with the same key it is, from 1 on. */
  readonly copy: number;
}

/** Several things of one key that are left, of which so many have been paired. */
interface Several {
  readonly entities: Entity[];
  taken: number;
}

/** What a side has left, by key. Most keys are there once. */
type Rest = Map<Key, Entity | Several>;

/**
 * Pairs by key: the n-th of several equal ones with the n-th. In the order of `a`, then what only `b` has in
 * its order; takes linear time, whatever the keys. As long as both sides list the same keys in the same order, nothing
 * but hashes of the keys is held; from there on what `b` lists.
 */
export function* pairs(a: Iterable<Entity>, b: Iterable<Entity>): Generator<Pair> {
  const others = b[Symbol.iterator]();
  /** How many of a key there were: in both while the sides went together, then in `a`. */
  const counts = createKeyCounts();
  let rest: Rest | undefined;
  for (const entity of a) {
    const copy = counts.add(entity.key);
    if (rest === undefined) {
      const next = others.next();
      if (next.done !== true && isSame(entity, next.value)) {
        yield { a: entity, b: next.value, copy };
        continue;
      }
      rest = restOf(next, others);
    }
    const other = taken(rest, entity);
    yield other === undefined ? { a: entity, copy } : { a: entity, b: other, copy };
  }
  rest ??= restOf(others.next(), others);
  for (const [key, left] of rest) {
    // What is left of a key was asked for by nobody, so that all that were met before come first.
    let copy = counts.count(key);
    if (!('taken' in left)) yield { b: left, copy: ++copy };
    else for (const entity of left.entities.slice(left.taken)) yield { b: entity, copy: ++copy };
  }
}

/** Longer paths are not those of a kernel's tree; to compare them all takes the square of a deep one. */
const MAX_PATH = 256;

/** Whether two things are one: a key that is a hash says so only where their places do. */
function isSame({ key, place: a }: Entity, { key: other, place: b }: Entity): boolean {
  if (key !== other) return false;
  if (typeof key === 'string') return true;
  const long = (a.fdtPath?.length ?? 0) > MAX_PATH;
  return a.property === b.property && (long || a.fdtPath === b.fdtPath);
}

/** Takes what is the same as a thing of the other side from what is left. */
function taken(rest: Rest, entity: Entity): Entity | undefined {
  const left = rest.get(entity.key);
  if (left === undefined) return undefined;
  const other = 'taken' in left ? left.entities[left.taken] : left;
  if (other === undefined || !isSame(entity, other)) return undefined;
  if ('taken' in left) left.taken++;
  else rest.delete(entity.key);
  return other;
}

/** What is left of a side, by key. */
function restOf(first: IteratorResult<Entity>, more: Iterator<Entity>): Rest {
  const rest: Rest = new Map();
  for (let next = first; next.done !== true; next = more.next()) {
    const entity = next.value;
    const left = rest.get(entity.key);
    if (left === undefined) rest.set(entity.key, entity);
    else if ('taken' in left) left.entities.push(entity);
    else rest.set(entity.key, { entities: [left, entity], taken: 0 });
  }
  return rest;
}

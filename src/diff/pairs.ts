/** Things of two lists that are the same by identity. */
import type { Entity } from './entity.js';

/** One thing of each side, or of one. */
export interface Pair {
  readonly a?: Entity;
  readonly b?: Entity;
  /** Which of several with the same key it is, from 1 on. */
  readonly copy: number;
}

interface Queue {
  readonly entities: Entity[];
  /** How many of the key both sides had before. */
  readonly before: number;
  /** How many have been paired. */
  taken: number;
  /** How many of the other side asked for this key. */
  asked: number;
}

/**
 * Pairs by key: the n-th of several equal ones with the n-th. In the order of `a`, then what only `b` has in
 * its order; takes linear time, whatever the keys. As long as both sides list the same keys in the same order, nothing
 * but the keys is held; from there on what `b` lists.
 */
export function* pairs(a: Iterable<Entity>, b: Iterable<Entity>): Generator<Pair> {
  const others = b[Symbol.iterator]();
  /** How many of a key there were while the sides went together. */
  const together = new Map<string, number>();
  let queues: Map<string, Queue> | undefined;
  for (const entity of a) {
    const { key } = entity;
    if (queues === undefined) {
      const next = others.next();
      if (next.done !== true && next.value.key === key) {
        const copy = (together.get(key) ?? 0) + 1;
        together.set(key, copy);
        yield { a: entity, b: next.value, copy };
        continue;
      }
      queues = queuesOf(next, others, together);
    }
    const queue = queueOf(queues, key, together);
    const other = queue.entities[queue.taken];
    const copy = ++queue.asked;
    if (other === undefined) yield { a: entity, copy };
    else {
      queue.taken++;
      yield { a: entity, b: other, copy };
    }
  }
  queues ??= queuesOf(others.next(), others, together);
  for (const { entities, taken, before } of queues.values()) {
    for (let i = taken; i < entities.length; i++) yield { b: entities[i] as Entity, copy: before + i + 1 };
  }
}

function queueOf(queues: Map<string, Queue>, key: string, together: ReadonlyMap<string, number>): Queue {
  let queue = queues.get(key);
  if (queue === undefined) {
    const before = together.get(key) ?? 0;
    queue = { entities: [], before, taken: 0, asked: before };
    queues.set(key, queue);
  }
  return queue;
}

/** What is left of a side, by key. */
function queuesOf(
  first: IteratorResult<Entity>,
  rest: Iterator<Entity>,
  together: ReadonlyMap<string, number>,
): Map<string, Queue> {
  const queues = new Map<string, Queue>();
  for (let next = first; next.done !== true; next = rest.next())
    queueOf(queues, next.value.key, together).entities.push(next.value);
  return queues;
}

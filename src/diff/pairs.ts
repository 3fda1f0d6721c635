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
  /** How many have been paired. */
  taken: number;
  /** How many of the other side asked for this key. */
  asked: number;
}

/**
 * Pairs by key: the n-th of several equal ones with the n-th. In the order of `a`, then what only `b` has in
 * its order; takes linear time, whatever the keys, and holds what `b` lists.
 */
export function* pairs(a: Iterable<Entity>, b: Iterable<Entity>): Generator<Pair> {
  const queues = new Map<string, Queue>();
  for (const entity of b) {
    const queue = queues.get(entity.key);
    if (queue === undefined) queues.set(entity.key, { entities: [entity], taken: 0, asked: 0 });
    else queue.entities.push(entity);
  }
  for (const entity of a) {
    let queue = queues.get(entity.key);
    if (queue === undefined) {
      queue = { entities: [], taken: 0, asked: 0 };
      queues.set(entity.key, queue);
    }
    const other = queue.entities[queue.taken];
    const copy = ++queue.asked;
    if (other === undefined) yield { a: entity, copy };
    else {
      queue.taken++;
      yield { a: entity, b: other, copy };
    }
  }
  for (const { entities, taken } of queues.values()) {
    for (let i = taken; i < entities.length; i++) yield { b: entities[i] as Entity, copy: i + 1 };
  }
}

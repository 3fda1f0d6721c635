/** Smaller cases that still fail: fewer mutations, simpler values, less of the dump. */
import { parseFdt } from '../fdt/parse.js';
import { nodePath } from '../fdt/tree.js';
import { FdtToken } from '../records/fdt.js';
import { hex } from '../schema/units.js';
import { targetInstances } from './instances.js';
import { type Change, type Mutation, UNKNOWN } from './mutation.js';
import { type FuzzTarget, part } from './target.js';

/** Whether a list of mutations still fails in the same way. */
export type Fails = (mutations: readonly Mutation[]) => boolean | Promise<boolean>;

export interface Shrunk {
  readonly mutations: readonly Mutation[];
  /** How often the target was asked. */
  readonly tries: number;
}

/** Asking more often is not worth what it costs with a slow target. */
const MAX_TRIES = 400;
/** Bytes of a write that are put back one by one. */
const MAX_BYTES = 128;

/**
 * Reduces a failing case: drops mutations, puts bytes of each write back to what they were, then takes parts of
 * the dump away. The result fails, and none of its mutations can be left out.
 *
 * @param fails holds for `mutations`
 */
export async function shrink(
  target: FuzzTarget,
  mutations: readonly Mutation[],
  fails: Fails,
  tries = MAX_TRIES,
): Promise<Shrunk> {
  let left = tries;
  const ask = async (candidate: readonly Mutation[]): Promise<boolean> => {
    if (left <= 0) return false;
    left--;
    return fails(candidate);
  };
  let current = await fewer(mutations, ask);
  current = await simpler(target, current, ask);
  current = await smaller(target, current, ask);
  return { mutations: current, tries: tries - left };
}

type Ask = (candidate: readonly Mutation[]) => Promise<boolean>;

/** Each mutation alone first, then without one after the other until none can go. */
async function fewer(mutations: readonly Mutation[], ask: Ask): Promise<readonly Mutation[]> {
  if (mutations.length > 1) {
    if (await ask([])) return [];
    for (const mutation of mutations) if (await ask([mutation])) return [mutation];
  }
  let current = mutations;
  for (let i = 0; current.length > 1 && i < current.length; ) {
    const without = current.toSpliced(i, 1);
    if (await ask(without)) current = without;
    else i++;
  }
  return current;
}

async function simpler(
  target: FuzzTarget,
  mutations: readonly Mutation[],
  ask: Ask,
): Promise<readonly Mutation[]> {
  let current = mutations;
  for (let i = 0; i < current.length; i++) {
    for (const [j, change] of (current[i]?.changes ?? []).entries()) {
      if (change.kind !== 'write') continue;
      const put = (bytes: Uint8Array): readonly Mutation[] =>
        replaced(target, current, i, j, { ...change, bytes });
      const bytes = await simplerBytes(target, change, async (candidate) => ask(put(candidate)));
      if (bytes !== undefined) current = put(bytes);
    }
  }
  return current;
}

/** As many bytes as can be as they were; the others 0 or 0xff where that does too. */
async function simplerBytes(
  target: FuzzTarget,
  { address, bytes }: { address: number; bytes: Uint8Array },
  ask: (bytes: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array | undefined> {
  const before = part(target.segments, address, bytes.length);
  if (before === undefined) return undefined;
  let current = bytes;
  for (let i = 0; i < Math.min(bytes.length, MAX_BYTES); i++) {
    for (const byte of [before[i] ?? 0, 0, 0xff]) {
      if (byte === current[i]) break;
      const candidate = current.slice();
      candidate[i] = byte;
      if (!(await ask(candidate))) continue;
      current = candidate;
      break;
    }
  }
  return current === bytes ? undefined : current;
}

function replaced(
  target: FuzzTarget,
  mutations: readonly Mutation[],
  index: number,
  at: number,
  change: Change & { readonly kind: 'write' },
): readonly Mutation[] {
  const old = mutations[index];
  if (old === undefined) return mutations;
  const before = part(target.segments, change.address, change.bytes.length);
  const differing = [...change.bytes].flatMap((byte, i) =>
    byte === before?.[i] ? [] : [`${hex(change.address + i)}: ${hex(before?.[i] ?? 0)} -> ${hex(byte)}`],
  );
  // After an edit of the tree's structure the old bytes are at another place, and are a change there.
  const left =
    differing.length === 0
      ? `the previous ${change.bytes.length} bytes at ${hex(change.address)}`
      : `${differing.slice(0, 8).join(', ')}${differing.length > 8 ? ', …' : ''}`;
  const words = `${old.words.replace(/ \[reduced to .*\]$/, '')} [reduced to ${left}]`;
  return mutations.with(index, { ...old, words, changes: old.changes.with(at, change) });
}

/** Takes nodes out of the blobs, and runs of pages out of the core: large parts first. */
async function smaller(
  target: FuzzTarget,
  mutations: readonly Mutation[],
  ask: Ask,
): Promise<readonly Mutation[]> {
  let current = mutations;
  const dropped: string[] = [];
  for (const { path, mutation } of nodeDrops(target)) {
    // What hangs below a node is gone with it.
    if (dropped.some((above) => path.startsWith(`${above}/`))) continue;
    const candidate = [...current, mutation];
    if (!(await ask(candidate))) continue;
    current = candidate;
    dropped.push(path);
  }
  if (target.form === 'blob') return current;
  const open = target.segments.map(({ address, bytes }) => ({ start: address, end: address + bytes.length }));
  const { pageSize } = target.handover;
  for (let range = open.shift(); range !== undefined; range = open.shift()) {
    const { start, end } = range;
    const candidate = [...current, without(start, end)];
    if (!touched(target, mutations, start, end) && (await ask(candidate))) {
      current = candidate;
      continue;
    }
    const middle = start + Math.ceil((end - start) / 2 / pageSize) * pageSize;
    if (middle < end) open.push({ start, end: middle }, { start: middle, end });
  }
  return joined(current);
}

/** Every node but the root, those with the shortest paths first: what hangs below goes with them. */
function nodeDrops(target: FuzzTarget): { path: string; mutation: Mutation }[] {
  return targetInstances(target).blobs.flatMap(({ address, bytes, rider }) => {
    const tree = parseFdt(bytes);
    const paths: string[] = [];
    for (let i = 1; i < tree.count; i++) {
      if (tree.kind[i] === FdtToken.beginNode) paths.push(nodePath(tree, i));
    }
    return paths
      .sort((a, b) => a.split('/').length - b.split('/').length)
      .map((path) => ({
        path: `${rider ?? ''}:${path}`,
        mutation: {
          level: 'structure' as const,
          words: `without ${rider === undefined ? '' : `${rider}: `}${path}`,
          changes: [{ kind: 'tree' as const, blob: address, edit: { op: 'drop' as const, at: { path } } }],
          expect: UNKNOWN,
        },
      }));
  });
}

function touched({ root }: FuzzTarget, mutations: readonly Mutation[], start: number, end: number): boolean {
  if (start < root.address + root.bytes.length && end > root.address) return true;
  return mutations.some(({ changes }) =>
    changes.some(
      (change) =>
        change.kind === 'write' && change.address < end && change.address + change.bytes.length > start,
    ),
  );
}

function without(start: number, end: number): Mutation {
  return {
    level: 'structure',
    words: `without the pages [${hex(start)}, ${hex(end)})`,
    changes: [{ kind: 'cut', start, end }],
    expect: UNKNOWN,
  };
}

/** Neighbouring cuts as one. */
function joined(mutations: readonly Mutation[]): readonly Mutation[] {
  const result: Mutation[] = [];
  const cuts: { start: number; end: number }[] = [];
  for (const mutation of mutations) {
    const [change] = mutation.changes;
    if (change?.kind === 'cut' && mutation.words.startsWith('without '))
      cuts.push({ start: change.start, end: change.end });
    else result.push(mutation);
  }
  cuts.sort((a, b) => a.start - b.start);
  for (let i = 0; i < cuts.length; i++) {
    const range = cuts[i];
    if (range === undefined) break;
    while (cuts[i + 1]?.start === range.end) range.end = cuts[++i]?.end ?? range.end;
    result.push(without(range.start, range.end));
  }
  return result;
}

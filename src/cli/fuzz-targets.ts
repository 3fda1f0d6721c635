/** What `kho fuzz` mutates: the records of a dump, or its blobs each on its own. */
import type { DecodeOptions } from '../decode/handover.js';
import { type CaseMaker, caseMaker, type FuzzCase } from '../fuzz/generate.js';
import { blobTarget, type FuzzTarget, ImageTooLarge, memoryTarget } from '../fuzz/target.js';
import { InputError } from '../memory/node/errors.js';
import { createXxh64 } from '../memory/xxh64.js';
import type { VtdUnit } from '../vtd/rules/unit.js';
import { type CommonArguments, loadOptions, message } from './common.js';
import { type LoadedDump, noTree, withDump, withDumps, writerRelease } from './load.js';
import { requireNamedTree } from './named-tree.js';
import { trimOptions } from './trim.js';

/** Cases by their number; each target has its turn. */
export interface CaseSource {
  readonly targets: readonly FuzzTarget[];
  targetOf(number: number): FuzzTarget;
  make(number: number): FuzzCase;
  /** What a case's file is called at its end. */
  suffix(number: number): string;
}

/** Turns of a target in a row of turns, where small ones have more: a large core costs as much as many blobs. */
function turnsOf({ form, segments }: FuzzTarget): number {
  if (form === 'blob') return 24;
  return segments.reduce((sum, { bytes }) => sum + bytes.length, 0) < 1 << 19 ? 4 : 1;
}

/**
 * Cases of several targets, which take turns.
 *
 * @param weighted small targets have more turns
 */
export function caseSource(targets: readonly FuzzTarget[], seed: bigint, weighted = false): CaseSource {
  const turns = targets.flatMap((target) =>
    Array.from({ length: weighted ? turnsOf(target) : 1 }, () => target),
  );
  const targetOf = (number: number): FuzzTarget => {
    const target = turns[number % turns.length];
    if (target === undefined) throw new RangeError('a case source has at least one target');
    return target;
  };
  // Of many targets few may have their turn.
  const makers = new Map<FuzzTarget, CaseMaker>();
  return {
    targets,
    targetOf,
    make(number) {
      const target = targetOf(number);
      const maker = makers.get(target) ?? caseMaker(target, seed);
      makers.set(target, maker);
      return maker.make(number);
    },
    suffix(number) {
      const { form, handover } = targetOf(number);
      if (form === 'core') return '.elf';
      return handover.tree?.header === undefined ? '.bin' : '.dtb';
    },
  };
}

/** A number that is the same for the same images and registers, to tell runs apart. */
export function fingerprint(targets: readonly FuzzTarget[]): string {
  const hash = createXxh64();
  for (const { segments, units = [] } of targets) {
    for (const { bytes } of segments) hash.update(bytes);
    for (const { rtaddr, settings } of units) {
      const { cap, ecap, haw, rev } = settings;
      hash.update(new TextEncoder().encode([rtaddr, cap, ecap, haw, rev].join()));
    }
  }
  return (hash.low32() >>> 0).toString(16).padStart(8, '0');
}

/**
 * Loads a dump as targets.
 *
 * @param blobs each blob on its own, for fuzzers that take no core
 */
export async function dumpTargets(
  args: CommonArguments,
  path: string,
  blobs: boolean,
  units: readonly VtdUnit[],
): Promise<FuzzTarget[]> {
  return withDump(path, loadOptions(args), async (dump) => {
    requireNamedTree(dump);
    return blobs ? lone(path, dump) : [whole(args, path, dump, units)];
  });
}

/** Bytes of a blob that `--self` takes: each case decodes, prints and encodes all of it. */
const MAX_LONE = 4 << 20;

/**
 * Every tree of a dump as a whole, and each of its blobs on its own, for `--self`.
 *
 * @throws InputError where there is none, or none is small enough
 */
export async function everyTarget(
  args: CommonArguments,
  path: string,
  blobs: boolean,
  units: readonly VtdUnit[],
): Promise<FuzzTarget[]> {
  return withDumps(path, loadOptions(args), async (dumps, findings, memory) => {
    if (dumps.length === 0) throw noTree(path, findings, memory);
    for (const dump of dumps) requireNamedTree(dump);
    const targets = dumps.flatMap((dump) => [
      ...(blobs ? [] : [whole(args, path, dump, units)]),
      ...lone(path, dump),
    ]);
    const small = targets.filter(({ form, root }) => form === 'core' || root.bytes.length <= MAX_LONE);
    if (small.length > 0) return small;
    throw new InputError(
      path,
      'image-size',
      `a blob of more than ${MAX_LONE} bytes is not mutated by --self`,
    );
  });
}

function whole(args: CommonArguments, path: string, dump: LoadedDump, units: readonly VtdUnit[]): FuzzTarget {
  const { handover, evidence, found } = dump;
  const { memory, tree, setupData, scratch } = handover;
  if (tree === undefined) throw new InputError(path, 'no-tree', 'contains no tree to mutate');
  const { form } = loadOptions(args);
  const release = writerRelease(evidence, found);
  const options: DecodeOptions = {
    ...(form === undefined ? {} : { form }),
    ...(release === undefined ? {} : { release }),
    ...(setupData === undefined ? {} : { setupData }),
    ...(scratch === undefined ? {} : { scratch }),
  };
  if (memory !== undefined && handover.kind === 'handover') {
    const target = imageTarget(path, () =>
      memoryTarget(handover, memory, trimOptions(dump, false), options, units),
    );
    if (target !== undefined) return target;
    message(
      args,
      `${path}: the tree is not in the memory: only the tree is mutated (name its place with --fdt-addr)`,
    );
  }
  return blobTarget(tree.bytes, { ...assumed(dump), ...(form === undefined ? {} : { form }) });
}

function imageTarget<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ImageTooLarge)) throw error;
    throw new InputError(path, 'image-size', error.message);
  }
}

function assumed({ handover: { generation } }: LoadedDump): DecodeOptions {
  return generation === undefined ? {} : { assume: generation };
}

/** The root tree, and the blobs of its children. */
function lone(path: string, dump: LoadedDump): FuzzTarget[] {
  const { tree, subtrees = [] } = dump.handover;
  if (tree === undefined) throw new InputError(path, 'no-tree', 'contains no tree to mutate');
  return [
    blobTarget(tree.bytes, assumed(dump)),
    ...distinct(subtrees.flatMap(({ blob }) => blob ?? [])).map((blob) => blobTarget(blob)),
  ];
}

/** Children may have the same bytes again and again. */
function distinct(blobs: readonly Uint8Array[]): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  for (const blob of blobs) {
    const hash = createXxh64();
    hash.update(blob);
    const key = `${blob.length} ${hash.low32()}`;
    if (!found.has(key)) found.set(key, blob);
  }
  return [...found.values()];
}

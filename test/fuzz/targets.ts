/** What the tests mutate: every real dump, and each of its blobs on its own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Handover } from '../../src/abi/model.js';
import { everyForm } from '../../src/cli/fuzz-synth.js';
import { type FoundTree, findTrees } from '../../src/decode/find.js';
import { type DecodeOptions, decodeHandover } from '../../src/decode/handover.js';
import { blobTarget, type FuzzTarget, memoryTarget } from '../../src/fuzz/target.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { coreMemory, linuxMemory, linuxNames } from '../decode/linux-dumps.js';
import { rfcFiles, rfcNames } from '../fixtures.js';
import { gunzip } from '../memory/bytes.js';
import { DUMP } from '../rfc/sample.js';

export interface NamedTarget {
  readonly name: string;
  readonly target: FuzzTarget;
}

/** A tree of a memory with what it leads to. */
export function coreTarget(
  memory: PhysicalMemory,
  found: FoundTree,
  machine: 'x86-64' | 'arm64' = 'x86-64',
): FuzzTarget {
  const { addresses, bytes, setupData, scratch } = found;
  const [address] = addresses;
  const options: DecodeOptions = {
    ...(setupData === undefined ? {} : { setupData }),
    ...(scratch === undefined ? {} : { scratch }),
  };
  const handover = decodeHandover(bytes, {
    ...options,
    memory,
    ...(address === undefined ? {} : { address }),
  });
  const target = memoryTarget(handover, memory, { machine }, options);
  if (target === undefined) throw new Error('the tree is not in its memory');
  return target;
}

function loneTargets({ tree, generation, subtrees = [] }: Handover): FuzzTarget[] {
  const root =
    tree === undefined
      ? []
      : [blobTarget(tree.bytes, generation === undefined ? {} : { assume: generation })];
  return [...root, ...subtrees.flatMap(({ blob }) => (blob === undefined ? [] : [blobTarget(blob)]))];
}

function* ofMemory(
  name: string,
  memory: PhysicalMemory,
  machine: 'x86-64' | 'arm64',
): Generator<NamedTarget> {
  for (const [i, found] of findTrees(memory).trees.entries()) {
    const target = coreTarget(memory, found, machine);
    yield { name: `${name} tree ${i}`, target };
    for (const [j, lone] of loneTargets(target.handover).entries())
      yield { name: `${name} tree ${i} blob ${j}`, target: lone };
  }
}

/** All of them. */
export function* realTargets(): Generator<NamedTarget> {
  for (const name of linuxNames)
    yield* ofMemory(name, linuxMemory(name), name.includes('arm64') ? 'arm64' : 'x86-64');
  for (const name of rfcNames) {
    const core = gunzip(new Uint8Array(readFileSync(join(rfcFiles(name).folder, 'memory.elf.gz'))));
    yield* ofMemory(name, coreMemory(core), 'x86-64');
  }
  yield* ofMemory('a built 2024 dump', DUMP.memory, 'x86-64');
}

/** Synthesised dumps of every generation and form. */
export function* madeTargets(): Generator<NamedTarget> {
  for (const target of everyForm(2026n)) {
    const { generation, kind, pageSize } = target.handover;
    yield { name: `synthesised ${generation ?? kind}, ${target.form}, pages of ${pageSize}`, target };
  }
}

/** One of the newest kernel's, and its root tree alone. */
export function newestTargets(): { core: FuzzTarget; blob: FuzzTarget } {
  const memory = linuxMemory('linux-7.3-live-update');
  const [found] = findTrees(memory).trees;
  if (found === undefined) throw new Error('the fixture has a tree');
  return { core: coreTarget(memory, found), blob: blobTarget(found.bytes) };
}

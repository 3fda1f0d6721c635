/**
 * What sets the generations of handovers apart, as facts: code asks for a fact, and never for a name, so that a new
 * generation is a row here.
 */

import { RELEASES } from './table.js';

/** The ABI generations that a root tree can belong to, oldest first. */
export const GENERATIONS = ['rfc-2024', 'kho-v1', 'kho-v2', 'kho-v3', 'kho-v4'] as const;
/** An ABI generation of the root tree. */
export type Generation = (typeof GENERATIONS)[number];
/** The 2024 series. */
export const RFC = 'rfc-2024' satisfies Generation;
/** Generations of Linux 6.16 and later. */
export type UpstreamGeneration = Exclude<Generation, typeof RFC>;
/** The `compatible` that the 2024 series has in common with a generation of Linux. */
export const RFC_COMPATIBLE = 'kho-v1' satisfies UpstreamGeneration;

export interface GenerationFacts {
  /** How preserved memory is listed: `mem` properties of nodes, a chain of chunks with bitmaps, or a radix tree. */
  readonly map: 'mem' | 'chunks' | 'radix';
  /** Names of the properties of a root tree that the kernel edits in place, in the order of their strings. */
  readonly names: readonly string[];
  /** The same where the tree is written in one pass, with at least one child: releases before the editing. */
  readonly writtenOnce?: readonly string[];
  /** Children of the root have the size of their blob, `blob-size`. */
  readonly sized: boolean;
  /** LUO's state: none, a tree, or a record, which the kernel frees before debugfs shows the incoming tree. */
  readonly luo?: 'tree' | 'record';
  /** kexec-metadata is a child of the root. */
  readonly metadata?: true;
  /** No release has it, so that nothing tells what its readers make of a handover: `uname -r` of a kernel that wrote it. */
  readonly unreleased?: string;
  /** Every child of the root is a tree. */
  readonly treesOnly?: true;
  /** The map's address is written on the way to the kexec; later kernels write it at boot. */
  readonly mapWrittenLate?: true;
  /** The radix tree's depth is computed from one key bit too few in every kernel (upstream 2.4.2). */
  readonly shortKey?: true;
  /** The same in candidates of its first release, 7.1-rc1 to -rc5. */
  readonly mayHaveShortKey?: true;
  /** A release of it, 6.19, has LUO without the node luo-flb. */
  readonly luoWithoutFlbs?: true;
  /** Only kernels read it whose libfdt does not look at the alignment of a tree (before 7.1). */
  readonly oldLibfdt?: true;
  /** `compatible` of LUO that can go with it, in a release or between two. */
  readonly luoVersions: readonly string[];
}

const EDITED = ['preserved-memory-map', 'compatible'] as const;

/** include/linux/kho/abi/kexec_handover.h of each generation; upstream 1.1 to 1.4, 3.11. */
export const FACTS: Readonly<Record<Generation, GenerationFacts>> = {
  'rfc-2024': { map: 'mem', names: [], sized: false, oldLibfdt: true, luoVersions: [] },
  'kho-v1': {
    map: 'chunks',
    names: [...EDITED, 'fdt'],
    writtenOnce: ['fdt', ...EDITED],
    sized: false,
    treesOnly: true,
    mapWrittenLate: true,
    oldLibfdt: true,
    luo: 'tree',
    luoWithoutFlbs: true,
    luoVersions: ['luo-v1'],
  },
  'kho-v2': {
    map: 'radix',
    names: [...EDITED, 'preserved-data'],
    sized: false,
    unreleased: '7.0.0-next-20260410',
    shortKey: true,
    luo: 'tree',
    luoVersions: ['luo-v1'],
  },
  'kho-v3': {
    map: 'radix',
    names: [...EDITED, 'preserved-data', 'blob-size'],
    sized: true,
    metadata: true,
    mayHaveShortKey: true,
    luo: 'tree',
    // A record without a length of its own needs blob-size.
    luoVersions: ['luo-v1', 'luo-v2'],
  },
  'kho-v4': {
    map: 'radix',
    names: [...EDITED, 'preserved-data', 'blob-size'],
    sized: true,
    metadata: true,
    luo: 'record',
    luoVersions: ['luo-v1', 'luo-v2', 'luo-v3', 'luo-v4', 'luo-v5'],
  },
};

function where(holds: (facts: GenerationFacts) => boolean): readonly Generation[] {
  return GENERATIONS.filter((generation) => holds(FACTS[generation]));
}

/** Whether a generation is one of Linux 6.16 and later. */
export function isUpstream(generation: Generation): generation is UpstreamGeneration {
  return generation !== RFC;
}

/** The 2024 series. */
export const RFC_2024 = where(({ map }) => map === 'mem');
/** Every generation of Linux 6.16 and later. */
export const UPSTREAM: readonly UpstreamGeneration[] = GENERATIONS.filter(isUpstream);
/** 6.16 to 7.0: the map is a chain of chunks. */
export const CHUNKS = where(({ map }) => map === 'chunks');
/** 7.1 on: the map is a radix tree. */
export const RADIX = where(({ map }) => map === 'radix');
/** 7.1 on: children carry a length. */
export const SIZED = where(({ sized }) => sized);
/** Before 7.2: LUO is a tree. */
export const LUO_TREES = where(({ luo }) => luo === 'tree');
/** 7.2 on: LUO is a record, and lists are in blocks. */
export const BLOCKS = where(({ luo }) => luo === 'record');

/** The facts of a generation; undefined where there is none, as for a blob on its own. */
export function factsOf(generation: Generation | undefined): GenerationFacts | undefined {
  return generation === undefined ? undefined : FACTS[generation];
}

/** Whether a handover is of the 2024 series. */
export function isRfc(generation: unknown): generation is typeof RFC {
  return generation === RFC;
}

/** The upstream generation of a root's `compatible`; undefined for a string that none has. */
export function upstreamNamed(compatible: string): UpstreamGeneration | undefined {
  return UPSTREAM.find((name) => name === compatible);
}

/** Pairs of root and LUO version of states between two releases: what they write is sound, but no release reads all of it. */
export const BETWEEN_RELEASES = RADIX.filter(isUpstream).flatMap((kho) =>
  FACTS[kho].luoVersions
    .filter((luo) => !RELEASES.some((release) => release.kho === kho && release.luo === luo))
    .map((luo) => ({ kho, luo })),
);

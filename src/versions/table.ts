/**
 * Which kernel release writes and reads which ABI. Newest first. A string that no release has is an
 * intermediate state of development. Sources: the kernel's headers include/linux/kho/abi/*.h and the commits
 * named; upstream 1.1 to 1.4.
 */

/** How the preserved memory map is written. */
export type MapForm = 'bitmap-512' | 'bitmap-page' | 'radix';
/** What `folios_info` of kho_test is. */
export type KhoTestForm = 'inline' | 'vmalloc';

/** How well a row is known. */
export type Evidence =
  /** Read in the release's source. */
  | 'source'
  /** Read in a tree close to the release, or in commit logs and documentation. */
  | 'commits'
  /** Concluded from dates and from what does not occur elsewhere. */
  | 'inferred';

/** What one release writes, and exactly what it reads: the kernel compares strings, without ranges or fallbacks. */
export interface ReleaseAbi {
  /** `major.minor`, with `-rcN` where only that is known. */
  readonly release: string;
  /** Root `compatible`. */
  readonly kho: string;
  readonly map: MapForm;
  /** The root tree is made at boot and edited in place, instead of written once. */
  readonly editedTree: boolean;
  /** `compatible` of the LUO state; absent before 6.19. */
  readonly luo?: string;
  /** luo-v1: the node luo-flb is written, and its absence is an error to the reader. */
  readonly luoFlb?: boolean;
  /** File handlers of LUO. */
  readonly files: readonly string[];
  /** `compatible` of the memblock rider. */
  readonly memblock: string;
  /** Version of kexec-metadata, which every handover of the release carries. */
  readonly kexecMetadata?: number;
  readonly khoTest?: KhoTestForm;
  readonly evidence: Evidence;
}

const radix = { map: 'radix', editedTree: true, memblock: 'memblock-v1', khoTest: 'vmalloc' } as const;
const chunks = { kho: 'kho-v1', memblock: 'memblock-v1', files: [] } as const;

/**
 * The releases, newest first.
 *
 * @example
 * ```ts
 * import { RELEASES } from 'kho-toolkit';
 *
 * for (const { release, kho } of RELEASES.slice(-2)) console.log(release, kho);
 * //=> 6.17 kho-v1
 * //=> 6.16 kho-v1
 * ```
 */
export const RELEASES: readonly ReleaseAbi[] = [
  {
    release: '7.4-rc1',
    kho: 'kho-v4',
    ...radix,
    luo: 'luo-v5',
    files: ['memfd-v2'],
    kexecMetadata: 1,
    evidence: 'inferred',
  },
  {
    release: '7.3',
    kho: 'kho-v4',
    ...radix,
    luo: 'luo-v5',
    files: ['memfd-v2'],
    kexecMetadata: 1,
    evidence: 'source',
  },
  {
    release: '7.2',
    kho: 'kho-v4',
    ...radix,
    luo: 'luo-v5',
    files: ['memfd-v2'],
    kexecMetadata: 1,
    evidence: 'commits',
  },
  {
    release: '7.1',
    kho: 'kho-v3',
    ...radix,
    luo: 'luo-v1',
    luoFlb: true,
    files: ['memfd-v2'],
    kexecMetadata: 1,
    evidence: 'commits',
  },
  {
    release: '7.0',
    ...chunks,
    editedTree: true,
    map: 'bitmap-page',
    luo: 'luo-v1',
    luoFlb: true,
    files: ['memfd-v1'],
    khoTest: 'vmalloc',
    evidence: 'commits',
  },
  {
    release: '6.19',
    ...chunks,
    editedTree: true,
    map: 'bitmap-page',
    luo: 'luo-v1',
    luoFlb: false,
    files: ['memfd-v1'],
    khoTest: 'vmalloc',
    evidence: 'commits',
  },
  {
    release: '6.18',
    ...chunks,
    editedTree: false,
    map: 'bitmap-page',
    khoTest: 'vmalloc',
    evidence: 'commits',
  },
  {
    release: '6.17',
    ...chunks,
    editedTree: false,
    map: 'bitmap-512',
    khoTest: 'inline',
    evidence: 'commits',
  },
  { release: '6.16', ...chunks, editedTree: false, map: 'bitmap-512', evidence: 'commits' },
];

/** A change of an ABI: what it brought and the commit that made it. */
export interface AbiVersion {
  /** The string, or the part of it that changed silently. */
  readonly abi: string;
  /** First release that has it; absent when none has. */
  readonly since?: string;
  /** Kernel commit, abbreviated, where it is known. */
  readonly commit?: string;
  /** Date of the commit. */
  readonly date?: string;
  readonly change: string;
}

/**
 * Every ABI string and silent change, newest first within its family.
 *
 * @example
 * ```ts
 * import { ABI_VERSIONS } from 'kho-toolkit';
 *
 * console.log(ABI_VERSIONS.find(({ abi }) => abi === 'kho-v3')?.since); //=> 7.1
 * ```
 */
export const ABI_VERSIONS: readonly AbiVersion[] = [
  {
    abi: 'kho-v4',
    since: '7.2',
    commit: '0349ff288705',
    date: '2026-06-03',
    change: 'block lists (kho_block); root tree, map and vmalloc as in kho-v3',
  },
  {
    abi: 'kho-v3, depth of the radix tree',
    since: '7.1',
    date: '2026-05-30',
    change: 'one more key bit is counted (from 7.1-rc6): 5 levels instead of 4 with 16 KiB pages',
  },
  { abi: 'kho-v3', since: '7.1', date: '2026-04-18', change: 'property blob-size for every child' },
  {
    abi: 'kho-v2',
    date: '2026-04-05',
    change: 'the map is a radix tree; the child property fdt becomes preserved-data',
  },
  {
    abi: 'kho-v1, edited tree',
    since: '6.19',
    change: 'the root tree is made at boot and edited in place: children newest first',
  },
  {
    abi: 'kho-v1, page-size bitmaps',
    since: '6.18',
    commit: 'a2fff99f92da',
    change: 'a bitmap has a page instead of 512 bytes; nothing marks it',
  },
  { abi: 'kho-v1', since: '6.16', date: '2025-05-12', change: 'root tree, chunks of 512-byte bitmaps' },
  { abi: 'luo-v5', since: '7.2', commit: '1d1153097f4d', date: '2026-06-03', change: 'files in block lists' },
  { abi: 'luo-v4', commit: '2a441a14c2c0', date: '2026-06-03', change: 'sessions in block lists' },
  { abi: 'luo-v3', commit: 'cf071b3536df', date: '2026-06-03', change: 'a record instead of a tree' },
  {
    abi: 'luo-v2',
    commit: 'd376e4b55c9a',
    date: '2026-06-03',
    change: 'the tree holds one pointer to a central record',
  },
  {
    abi: 'luo-v1, luo-flb',
    since: '7.0',
    date: '2026-02-08',
    change: 'node luo-flb, which the reader requires',
  },
  {
    abi: 'luo-v1',
    since: '6.19',
    date: '2025-11-27',
    change: 'sessions and files in arrays; the session node is luo-session-v2',
  },
  { abi: 'memfd-v2', since: '7.1', commit: '8a552d68a86e', date: '2026-04-05', change: 'seals and flags' },
  { abi: 'memfd-v1', since: '6.19', date: '2025-11-27', change: 'position, size and list of folios' },
  {
    abi: 'kexec-metadata version 1',
    since: '7.1',
    date: '2026-04-18',
    change: 'release of the old kernel and count of kexecs',
  },
  { abi: 'kho-test-v1, vmalloc', since: '6.18', change: 'folios_info describes a vmalloc area' },
  { abi: 'kho-test-v1', since: '6.17', date: '2025-07-27', change: 'folios_info is the array itself' },
  { abi: 'memblock-v1', since: '6.16', change: 'reserve_mem regions; unchanged since' },
];

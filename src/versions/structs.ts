/** Which structs of the handover a kernel of a release has in its type information (upstream 1.1, 2.3, 2.4, 3.1 to 3.6). */

/** Releases whose kernels have the same structs. */
export interface StructSet {
  /** `major.minor` of each, oldest first. */
  readonly releases: readonly string[];
  /** Structs that a kernel with CONFIG_KEXEC_HANDOVER has. */
  readonly kho: readonly string[];
  /** Structs that it has as well with CONFIG_LIVEUPDATE. */
  readonly luo: readonly string[];
}

const VMALLOC = ['kho_vmalloc', 'kho_vmalloc_hdr', 'kho_vmalloc_chunk'] as const;
const CHUNKS = [
  'kho_scratch',
  'khoser_mem_chunk',
  'khoser_mem_chunk_hdr',
  'khoser_mem_bitmap_ptr',
  'kho_mem_phys_bits',
];
const RADIX = ['kho_scratch', 'kho_radix_node', 'kho_radix_leaf', ...VMALLOC, 'kho_kexec_metadata'];
const LUO = ['luo_session_ser', 'luo_file_set_ser', 'luo_file_ser'];
const FLB = ['luo_flb_header_ser', 'luo_flb_ser'];

/** Newest first. */
export const STRUCT_SETS: readonly StructSet[] = [
  {
    releases: ['7.2', '7.3', '7.4'],
    kho: [...RADIX, 'kho_block_header_ser'],
    luo: ['luo_ser', ...LUO, ...FLB],
  },
  { releases: ['7.1'], kho: RADIX, luo: ['luo_session_header_ser', ...LUO, ...FLB] },
  { releases: ['7.0'], kho: [...CHUNKS, ...VMALLOC], luo: ['luo_session_header_ser', ...LUO, ...FLB] },
  { releases: ['6.19'], kho: [...CHUNKS, ...VMALLOC], luo: ['luo_session_header_ser', ...LUO] },
  { releases: ['6.18'], kho: [...CHUNKS, ...VMALLOC], luo: [] },
  { releases: ['6.16', '6.17'], kho: CHUNKS, luo: [] },
];

/** What a kernel should have. */
export interface ExpectedStructs {
  /** The set that fits best; the newest one of several. */
  readonly set: StructSet;
  /** Names of structs, each once. */
  readonly names: readonly string[];
}

/**
 * What a kernel with these structs should have: all of the release whose structs fit best, the optional parts only
 * where some struct of theirs is there.
 *
 * @param present names of the handover's structs that the kernel has
 * @param handlers structs of each handler of files: a kernel that has one of them has the others
 * @param release `major.minor` when it is known
 * @returns undefined for a release that is not in the table
 */
export function expectedStructs(
  present: ReadonlySet<string>,
  handlers: readonly (readonly string[])[],
  release?: string,
): ExpectedStructs | undefined {
  let best: (ExpectedStructs & { readonly score: number }) | undefined;
  for (const set of STRUCT_SETS) {
    if (release !== undefined && !set.releases.includes(release)) continue;
    const names = [...set.kho];
    for (const structs of [set.luo, ...handlers]) {
      if (structs.some((name) => present.has(name))) names.push(...structs);
    }
    const known = new Set(names);
    const missing = names.filter((name) => !present.has(name)).length;
    // A struct that the release does not have speaks as much against it as one that is missing.
    const foreign = ALL.filter((name) => present.has(name) && !known.has(name)).length;
    const score = names.length - 2 * (missing + foreign);
    if (best === undefined || score > best.score) best = { set, names, score };
  }
  return best;
}

const ALL: readonly string[] = [...new Set(STRUCT_SETS.flatMap(({ kho, luo }) => [...kho, ...luo]))];

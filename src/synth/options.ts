/** Parameters of a synthesised dump, and what they default to. */

import { GENERATIONS, type Generation } from '../abi/model.js';
import { LUO_VERSIONS, type LuoVersion } from '../abi/upstream/model.js';
import { isRfc } from '../versions/generations.js';
import { IOMMU_STAGES, type IommuStage, LEAF_SIZES, type LeafSize } from './upstream-plan.js';

/** What a dump shall be like; everything but the ABI has a default. Sizes in bytes. */
export interface SynthOptions {
  readonly abi: Generation;
  /** 64 bits; the same seed gives the same bytes with the same version of this package. */
  readonly seed?: bigint;
  /** Memory of guests in all: files of guestmemfs or of LUO. */
  readonly guestRam?: bigint;
  readonly pageSize?: number;
  /** 0: large folios and leaves in order; 1: single pages, scattered. */
  readonly fragmentation?: number;
  /** LUO sessions. */
  readonly sessions?: number;
  /** Files of guest memory in all sessions; with rfc-2024 files of guestmemfs, of which domains map as many as they need. */
  readonly files?: number;
  /** Part of the files' 2 MiB units that were holes, 0 to 1: the kernel fills them with single pages. */
  readonly holes?: number;
  /** Release whose forms are written, where releases of one ABI differ: 6.16 to 7.4. */
  readonly release?: string;
  /** State of development of LUO that no release has. */
  readonly luo?: LuoVersion;
  /** FLBs of the kernel's own test. */
  readonly flbs?: number;
  /** Regions of reserve_mem, at most 8. */
  readonly reserveMem?: number;
  /** Folios of the rider of the kernel's own test. */
  readonly testFolios?: number;
  /** rfc-2024: persistent iommufds with a domain each; Linux 7.0 on: domains of an IOMMU state (a draft). */
  readonly domains?: number;
  /** Devices of each domain. */
  readonly devices?: number;
  /** IOMMU state: domains without a device, of all. */
  readonly unattached?: number;
  /** IOMMU state: remapping units. */
  readonly units?: number;
  /** IOMMU state: mode and stage of the domains' tables. */
  readonly stage?: IommuStage;
  /** IOMMU state: domains and devices that were deleted. */
  readonly deleted?: number;
  /** IOMMU state: size of the largest leaves. */
  readonly leaves?: LeafSize;
  /** Further structures by their names: a file of the first session, an FLB or a child of the root each. */
  readonly with?: readonly string[];
  /** rfc-2024: areas of each IOAS. */
  readonly areas?: number;
  /** Levels of page tables, 3 to 5. */
  readonly levels?: number;
  /** rfc-2024: CPUs of the ftrace buffer. */
  readonly ftraceCpus?: number;
}

/**
 * A parameter that cannot be used; the message is one line and names the option.
 *
 * @example
 * ```ts
 * import { planFromSeed, SynthError } from 'kho-toolkit';
 *
 * try {
 *   planFromSeed({ abi: 'kho-v4', pageSize: 5 });
 * } catch (error) {
 *   if (error instanceof SynthError) console.log(error.option); //=> page-size
 * }
 * ```
 */
export class SynthError extends Error {
  override readonly name = 'SynthError';
  /** Of the command line, without dashes: `guest-ram`. */
  readonly option: string;
  constructor(option: string, message: string) {
    super(`--${option}: ${message}`);
    this.option = option;
  }
}

/** Options by the name that the command line gives them. */
export const OPTION_NAMES: Readonly<Record<keyof SynthOptions, string>> = {
  abi: 'abi',
  seed: 'seed',
  guestRam: 'guest-ram',
  pageSize: 'page-size',
  fragmentation: 'fragmentation',
  sessions: 'sessions',
  files: 'files',
  holes: 'holes',
  release: 'release',
  luo: 'luo',
  flbs: 'flbs',
  reserveMem: 'reserve-mem',
  testFolios: 'test-folios',
  domains: 'domains',
  devices: 'devices',
  unattached: 'unattached',
  units: 'units',
  stage: 'stage',
  deleted: 'deleted',
  leaves: 'leaves',
  with: 'with',
  areas: 'areas',
  levels: 'levels',
  ftraceCpus: 'ftrace-cpus',
};

const RFC_ONLY = ['areas', 'ftraceCpus'] as const;
const UPSTREAM_ONLY = [
  'sessions',
  'holes',
  'release',
  'luo',
  'flbs',
  'reserveMem',
  'testFolios',
  'unattached',
  'units',
  'stage',
  'deleted',
  'leaves',
  'with',
] as const;
/** What goes with an IOMMU state of the series of 2026. */
const IOMMU_ONLY = [
  'domains',
  'devices',
  'unattached',
  'units',
  'stage',
  'deleted',
  'leaves',
  'levels',
] as const;

/**
 * Refuses what an ABI does not have, and values outside every range.
 *
 * @throws SynthError
 */
export function checkOptions(options: SynthOptions): void {
  const { abi, pageSize, fragmentation, holes, guestRam, seed, luo } = options;
  if (!GENERATIONS.some((name) => name === abi)) {
    throw new SynthError('abi', `"${abi}" is not one of ${GENERATIONS.join(', ')}`);
  }
  const foreign = (isRfc(abi) ? UPSTREAM_ONLY : RFC_ONLY).find((key) => options[key] !== undefined);
  if (foreign !== undefined) throw new SynthError(OPTION_NAMES[foreign], `${abi} has none`);
  const iommu = IOMMU_ONLY.find((key) => options[key] !== undefined);
  if (iommu !== undefined && !isRfc(abi)) {
    if (pageSize !== undefined && pageSize !== 4096)
      throw new SynthError(OPTION_NAMES[iommu], 'VT-d has pages of 4k only');
  }
  if (options.stage !== undefined && !IOMMU_STAGES.includes(options.stage))
    throw new SynthError('stage', `"${options.stage}" is not one of ${IOMMU_STAGES.join(', ')}`);
  if (options.leaves !== undefined && !LEAF_SIZES.includes(options.leaves))
    throw new SynthError('leaves', `"${options.leaves}" is not one of ${LEAF_SIZES.join(', ')}`);
  if (pageSize !== undefined && ![4096, 16384, 65536].includes(pageSize)) {
    throw new SynthError('page-size', 'not 4k, 16k or 64k');
  }
  if (isRfc(abi) && pageSize !== undefined && pageSize !== 4096) {
    throw new SynthError('page-size', `${abi} has pages of 4k only`);
  }
  for (const [name, part] of [
    ['fragmentation', fragmentation],
    ['holes', holes],
  ] as const) {
    if (part !== undefined && !(part >= 0 && part <= 1)) throw new SynthError(name, 'not from 0 to 1');
  }
  if (seed !== undefined && (seed < 0n || seed >= 1n << 64n))
    throw new SynthError('seed', 'does not fit 64 bits');
  if (luo !== undefined && !LUO_VERSIONS.includes(luo)) {
    throw new SynthError('luo', `"${luo}" is not one of ${LUO_VERSIONS.join(', ')}`);
  }
  const page = BigInt(pageSize ?? 4096);
  if (guestRam !== undefined && (guestRam < page || guestRam % page !== 0n)) {
    throw new SynthError('guest-ram', 'not a number of whole pages');
  }
}

/**
 * A count, checked.
 *
 * @throws SynthError
 */
export function countOption(
  options: SynthOptions,
  key: Exclude<
    keyof SynthOptions,
    'abi' | 'seed' | 'guestRam' | 'release' | 'luo' | 'stage' | 'leaves' | 'with'
  >,
  fallback: number,
  max: number,
  min = 0,
): number {
  const value = options[key] ?? fallback;
  if (!(Number.isInteger(value) && value >= min && value <= max)) {
    throw new SynthError(OPTION_NAMES[key], `${value} is not in ${min}..${max}`);
  }
  return value;
}

/** Divides a whole into parts that differ, none below `min`; they add up. */
export function shares(total: number, parts: number, min: number, weight: () => number): number[] {
  const weights = Array.from({ length: parts }, () => 1 + weight());
  let left = total;
  let sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((own, i) => {
    const after = parts - i - 1;
    const share = after === 0 ? left : Math.floor((left * own) / sum);
    const part = Math.max(min, Math.min(share, left - after * min));
    left -= part;
    sum -= own;
    return part;
  });
}

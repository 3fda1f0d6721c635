/** Which releases a handover can come from, and which can take it over. */
import { flbOwner } from './flb.js';
import { RELEASES, type ReleaseAbi } from './table.js';
import { type AbiFacts, inferWriter, type Writer } from './writer.js';

export type { AbiFacts } from './writer.js';

/**
 * - `yes`: takes it over as it is;
 * - `unsure`: takes it over, if it reads it as it was written, which nothing in the handover tells;
 * - `loses`: takes it over, and drops or refuses part of it;
 * - `misreads`: accepts it and reads other bytes than were written;
 * - `refuses`: boots without it;
 * - `panics`: stops at boot.
 */
export type Takeover = 'yes' | 'unsure' | 'loses' | 'misreads' | 'refuses' | 'panics';

/** A release, and whether it takes a handover over. */
export interface TargetRelease {
  readonly abi: ReleaseAbi;
  readonly takeover: Takeover;
  /** One sentence for each thing that is not as the release requires. */
  readonly why: readonly string[];
}

/** The releases that can have written a handover, and those that take it over. */
export interface PossibleReleases {
  /** Releases that write such a handover, newest first. */
  readonly from: readonly ReleaseAbi[];
  /** Two parts of it that no release writes both of. */
  readonly contradiction?: NonNullable<Writer['contradiction']>;
  /** What each release does with it, newest first. */
  readonly to: readonly TargetRelease[];
}

/**
 * Compares what a handover uses with every release.
 *
 * @example
 * ```ts
 * import { possibleReleases } from 'kho-toolkit';
 *
 * const { from } = possibleReleases({ kho: 'kho-v4', files: [] });
 * console.log(from.map(({ release }) => release).join(' ')); //=> 7.4-rc1 7.3 7.2
 * ```
 */
export function possibleReleases(facts: AbiFacts): PossibleReleases {
  const { from, map, contradiction } = inferWriter(facts);
  const inferred = map === undefined ? facts : { ...facts, map };
  const forms = new Set(from.map((abi) => abi.map));
  return {
    from,
    ...(contradiction === undefined ? {} : { contradiction }),
    to: RELEASES.map((abi) => takeover(abi, inferred, map === undefined && forms.size > 1)),
  };
}

/** @param open whether its writer may have written the map in a form or in another */
function takeover(abi: ReleaseAbi, facts: AbiFacts, open: boolean): TargetRelease {
  const { luo, files, flbs = [], kexecMetadata, khoTest, memblock, map } = facts;
  if (abi.kho !== facts.kho) {
    return { abi, takeover: 'refuses', why: [`it reads "${abi.kho}", but the handover is "${facts.kho}"`] };
  }
  const found: { takeover: Takeover; why: string }[] = [];
  if (map !== undefined && map !== abi.map) {
    found.push({ takeover: 'misreads', why: `it reads the map as ${abi.map}, but it is ${map}` });
  } else if (open) {
    found.push({
      takeover: 'unsure',
      why: `it reads the map as ${abi.map}, but nothing shows whether it is (--assume)`,
    });
  }
  if (luo !== undefined && abi.luo === undefined) {
    found.push({ takeover: 'loses', why: 'it has no LUO' });
  } else if (luo !== undefined && abi.luo !== luo) {
    found.push({ takeover: 'panics', why: `it reads "${abi.luo}", but LUO is "${luo}"` });
  } else if (luo === 'luo-v1' && abi.luoFlb === true && facts.luoFlb === false) {
    found.push({ takeover: 'panics', why: 'it requires the node luo-flb' });
  }
  const handlers = files.filter((handler) => abi.luo === luo && !abi.files.includes(handler));
  for (const handler of new Set(handlers)) {
    found.push({
      takeover: 'loses',
      why: `it has no handler for files of "${handler}", and then restores no file`,
    });
  }
  // luo_flb.c came with 7.0: 6.19 never looks at the node, and what the FLBs stand for is never freed.
  const lost =
    abi.luo !== luo ? [] : flbs.filter((name) => abi.luoFlb === false || flbOwner(name)?.released !== true);
  for (const name of new Set(lost)) {
    const why =
      abi.luoFlb === false
        ? `it does not read luo-flb: the state of "${name}"`
        : `it has no FLB "${name}": its state`;
    found.push({ takeover: 'loses', why: `${why} is lost, and stays reserved` });
  }
  if (kexecMetadata !== undefined && abi.kexecMetadata !== undefined && abi.kexecMetadata !== kexecMetadata) {
    found.push({ takeover: 'loses', why: `it ignores kexec-metadata of version ${kexecMetadata}` });
  }
  if (khoTest !== undefined && abi.khoTest !== undefined && abi.khoTest !== khoTest) {
    found.push({ takeover: 'loses', why: `its kho_test expects folios_info as ${abi.khoTest}` });
  }
  if (memblock !== undefined && abi.memblock !== memblock) {
    found.push({ takeover: 'loses', why: `it reads "${abi.memblock}", but memblock is "${memblock}"` });
  }
  const order: readonly Takeover[] = ['yes', 'unsure', 'loses', 'misreads', 'refuses', 'panics'];
  const worst = found.reduce<Takeover>(
    (worse, each) => (order.indexOf(each.takeover) > order.indexOf(worse) ? each.takeover : worse),
    'yes',
  );
  return { abi, takeover: worst, why: found.map(({ why }) => why) };
}

/**
 * The table's row for a release as people and `uname -r` name it: `7.3`, `v7.3`, `7.3.4`, `7.3.4-1-default`.
 * A release candidate is itself or none: forms changed between those of 7.1.
 *
 * @example
 * ```ts
 * import { releaseNamed } from 'kho-toolkit';
 *
 * console.log(releaseNamed('7.3.4-1-default')?.kho, releaseNamed('5.10')); //=> kho-v4 undefined
 * ```
 */
export function releaseNamed(text: string): ReleaseAbi | undefined {
  const name = text.replace(/^v/, '');
  const exact = RELEASES.find(({ release }) => release === name);
  if (exact !== undefined || /-rc\d/.test(name)) return exact;
  const series = /^(\d+\.\d+)(?:\.\d+)?(?:[-+].*)?$/.exec(name)?.[1];
  return RELEASES.find(({ release }) => release === series);
}

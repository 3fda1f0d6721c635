/** Which releases a handover can come from, and which can take it over. */
import { type KhoTestForm, type MapForm, RELEASES, type ReleaseAbi } from './table.js';

/** What a handover uses, as strings and forms; what it does not have is left out. */
export interface AbiFacts {
  readonly kho: string;
  /** Absent when it is not known. */
  readonly map?: MapForm;
  /** The root tree was edited in place (header offsets), see {@link ReleaseAbi.editedTree}. */
  readonly editedTree?: boolean;
  readonly luo?: string;
  /** LUO's tree has a node luo-flb (luo-v1). */
  readonly luoFlb?: boolean;
  /** File handlers that occur. */
  readonly files: readonly string[];
  readonly memblock?: string;
  readonly kexecMetadata?: number;
  /** `uname -r` of the kernel that executed the kexec, from kexec-metadata. */
  readonly previousRelease?: string;
  readonly khoTest?: KhoTestForm;
}

/**
 * - `yes`: takes it over as it is;
 * - `loses`: takes it over, and drops or refuses a part of it;
 * - `misreads`: accepts it and reads other bytes than were written;
 * - `refuses`: boots without it;
 * - `panics`: stops at boot.
 */
export type Takeover = 'yes' | 'loses' | 'misreads' | 'refuses' | 'panics';

export interface TargetRelease {
  readonly abi: ReleaseAbi;
  readonly takeover: Takeover;
  /** One sentence for each thing that is not as the release wants it. */
  readonly why: readonly string[];
}

export interface PossibleReleases {
  /** Releases that write such a handover, newest first. */
  readonly from: readonly ReleaseAbi[];
  /** What each release does with it, newest first. */
  readonly to: readonly TargetRelease[];
}

/** Compares what a handover uses with every release. */
export function possibleReleases(facts: AbiFacts): PossibleReleases {
  return {
    from: RELEASES.filter((abi) => writes(abi, facts)),
    to: RELEASES.map((abi) => takeover(abi, facts)),
  };
}

function writes(abi: ReleaseAbi, facts: AbiFacts): boolean {
  const { luo, files, kexecMetadata, khoTest, previousRelease, memblock } = facts;
  if (abi.kho !== facts.kho || (facts.map !== undefined && abi.map !== facts.map)) return false;
  if (facts.editedTree !== undefined && abi.editedTree !== facts.editedTree) return false;
  if (luo !== undefined && abi.luo !== luo) return false;
  if (luo === 'luo-v1' && facts.luoFlb !== undefined && abi.luoFlb !== facts.luoFlb) return false;
  if (files.some((handler) => isKnownHandler(handler) && !abi.files.includes(handler))) return false;
  if (khoTest !== undefined && abi.khoTest !== khoTest) return false;
  if (kexecMetadata !== undefined && abi.kexecMetadata === undefined) return false;
  if (memblock !== undefined && abi.memblock !== memblock) return false;
  const series = seriesOf(previousRelease);
  // A release that the table does not have says nothing about those that it has.
  return series === undefined || !RELEASES.some((each) => seriesOf(each.release) === series)
    ? true
    : seriesOf(abi.release) === series;
}

function takeover(abi: ReleaseAbi, facts: AbiFacts): TargetRelease {
  const { luo, files, kexecMetadata, khoTest, memblock, map } = facts;
  if (abi.kho !== facts.kho) {
    return { abi, takeover: 'refuses', why: [`it wants "${abi.kho}", the handover is "${facts.kho}"`] };
  }
  const found: { takeover: Takeover; why: string }[] = [];
  if (map !== undefined && map !== abi.map) {
    found.push({ takeover: 'misreads', why: `it reads the map as ${abi.map}, it is ${map}` });
  }
  if (luo !== undefined && abi.luo === undefined) {
    found.push({ takeover: 'loses', why: 'it has no LUO' });
  } else if (luo !== undefined && abi.luo !== luo) {
    found.push({ takeover: 'panics', why: `it wants "${abi.luo}", LUO is "${luo}"` });
  } else if (luo === 'luo-v1' && abi.luoFlb === true && facts.luoFlb === false) {
    found.push({ takeover: 'panics', why: 'it wants the node luo-flb' });
  }
  const handlers = files.filter((handler) => abi.luo === luo && !abi.files.includes(handler));
  for (const handler of new Set(handlers)) {
    found.push({
      takeover: 'loses',
      why: `it has no handler for files of "${handler}", and then restores none`,
    });
  }
  if (kexecMetadata !== undefined && abi.kexecMetadata !== undefined && abi.kexecMetadata !== kexecMetadata) {
    found.push({ takeover: 'loses', why: `it ignores kexec-metadata of version ${kexecMetadata}` });
  }
  if (khoTest !== undefined && abi.khoTest !== undefined && abi.khoTest !== khoTest) {
    found.push({ takeover: 'loses', why: `its kho_test wants folios_info as ${abi.khoTest}` });
  }
  if (memblock !== undefined && abi.memblock !== memblock) {
    found.push({ takeover: 'loses', why: `it wants "${abi.memblock}", memblock is "${memblock}"` });
  }
  const order: readonly Takeover[] = ['yes', 'loses', 'misreads', 'refuses', 'panics'];
  const worst = found.reduce<Takeover>(
    (worse, each) => (order.indexOf(each.takeover) > order.indexOf(worse) ? each.takeover : worse),
    'yes',
  );
  return { abi, takeover: worst, why: found.map(({ why }) => why) };
}

/** Handlers of drafts and distributions stand in no row and say nothing about a release. */
function isKnownHandler(handler: string): boolean {
  return RELEASES.some(({ files }) => files.includes(handler));
}

/**
 * The table's row for a release as people and `uname -r` name it: `7.3`, `v7.3`, `7.3.4`, `7.3.4-1-default`.
 * A release candidate is itself or none: forms changed between those of 7.1.
 */
export function releaseNamed(text: string): ReleaseAbi | undefined {
  const name = text.replace(/^v/, '');
  const exact = RELEASES.find(({ release }) => release === name);
  if (exact !== undefined || /-rc\d/.test(name)) return exact;
  const series = /^(\d+\.\d+)(?:\.\d+)?(?:[-+].*)?$/.exec(name)?.[1];
  return RELEASES.find(({ release }) => release === series);
}

/** `7.3` of `7.3.4-1-default`. */
function seriesOf(release: string | undefined): string | undefined {
  return /^\d+\.\d+/.exec(release ?? '')?.[0];
}

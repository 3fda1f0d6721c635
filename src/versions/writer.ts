/**
 * Which kernel wrote a handover: everything in it is held against every release, as no single mark tells. What
 * one rider leaves open another decides: kho_test's list of 6.18 says how the map of kho-v1 is to be read.
 */

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
  /** Names of the FLBs that are handed over. */
  readonly flbs?: readonly string[];
  /** File handlers that occur. */
  readonly files: readonly string[];
  readonly memblock?: string;
  readonly kexecMetadata?: number;
  /** `uname -r` of the kernel that executed the kexec, from kexec-metadata. */
  readonly previousRelease?: string;
  readonly khoTest?: KhoTestForm;
  /** Release that the dump names beside the handover (VMCOREINFO), where it is likely the writer's. */
  readonly dumpRelease?: string;
}

/** One thing that a handover says of its writer. */
export interface Trait {
  /** In words, as part of a sentence: `the root is "kho-v4"`. */
  readonly what: string;
  /** Releases that write such a thing, newest first. */
  readonly releases: readonly ReleaseAbi[];
}

/** The kernel that wrote a handover, as far as its parts tell. */
export interface Writer {
  /** Releases that write all of it, newest first. */
  readonly from: readonly ReleaseAbi[];
  /** Form of the map: as it was found, else as all of `from` write it. */
  readonly map?: MapForm;
  /** Two things that no release writes both of, though each is some release's. */
  readonly contradiction?: readonly [Trait, Trait];
}

/** What each part of a handover says of its writer. */
export function writerTraits(facts: AbiFacts): readonly Trait[] {
  const { kho, map, editedTree, luo, luoFlb, files, kexecMetadata, khoTest, memblock } = facts;
  const traits: Trait[] = [];
  const tell = (what: string, writes: (abi: ReleaseAbi) => boolean): void => {
    traits.push({ what, releases: RELEASES.filter(writes) });
  };
  tell(`the root is "${kho}"`, (abi) => abi.kho === kho);
  if (map !== undefined) tell(`the map is ${MAP_WORDS[map]}`, (abi) => abi.map === map);
  if (editedTree !== undefined) {
    tell(
      editedTree ? 'the root tree was edited in place' : 'the root tree was written in one go',
      (abi) => abi.editedTree === editedTree,
    );
  }
  if (luo !== undefined) tell(`LUO is "${luo}"`, (abi) => abi.luo === luo);
  if (luo === 'luo-v1' && luoFlb !== undefined) {
    tell(
      `LUO's tree has ${luoFlb ? 'a' : 'no'} node luo-flb`,
      (abi) => abi.luo === luo && abi.luoFlb === luoFlb,
    );
  }
  for (const handler of new Set(files)) {
    if (isKnownHandler(handler)) {
      tell(`a file's handler is "${handler}"`, (abi) => abi.files.includes(handler));
    }
  }
  if (khoTest !== undefined) {
    tell(
      khoTest === 'inline'
        ? 'kho_test lists its folios in its tree'
        : 'kho_test lists its folios in a vmalloc area',
      (abi) => abi.khoTest === khoTest,
    );
  }
  if (kexecMetadata !== undefined) {
    tell('there is kexec-metadata', (abi) => abi.kexecMetadata !== undefined);
  }
  if (memblock !== undefined) tell(`memblock is "${memblock}"`, (abi) => abi.memblock === memblock);
  const series = releasedSeries(facts.previousRelease);
  // A release that the table does not have says nothing about those that it has.
  if (series !== undefined && RELEASES.some((abi) => seriesOf(abi.release) === series)) {
    tell(`kexec-metadata names ${facts.previousRelease}`, (abi) => seriesOf(abi.release) === series);
  }
  return traits;
}

const MAP_WORDS: Readonly<Record<MapForm, string>> = {
  'bitmap-512': 'one of 512-byte bitmaps',
  'bitmap-page': 'one of page-size bitmaps',
  radix: 'a radix tree',
};

/** Holds everything that is known of a handover against every release. */
export function inferWriter(facts: AbiFacts): Writer {
  const traits = writerTraits(facts);
  const all = RELEASES.filter((abi) => traits.every(({ releases }) => releases.includes(abi)));
  const from = narrowed(all, facts.dumpRelease);
  const forms = new Set(from.map(({ map }) => map));
  const [form] = forms;
  const map = facts.map ?? (forms.size === 1 ? form : undefined);
  const contradiction = all.length > 0 ? undefined : firstContradiction(traits);
  return {
    from,
    ...(map === undefined ? {} : { map }),
    ...(contradiction === undefined ? {} : { contradiction }),
  };
}

/** The dump's own release may be that of the kernel that took over: it decides among several, and contradicts none. */
function narrowed(from: readonly ReleaseAbi[], dumpRelease: string | undefined): readonly ReleaseAbi[] {
  const series = releasedSeries(dumpRelease);
  const agreeing = from.filter((abi) => seriesOf(abi.release) === series);
  return agreeing.length > 0 ? agreeing : from;
}

/** A string that no release has is a state of development, in which the rest may be as it never was in a release. */
function firstContradiction(traits: readonly Trait[]): readonly [Trait, Trait] | undefined {
  if (traits.some(({ releases }) => releases.length === 0)) return undefined;
  for (const [i, one] of traits.entries()) {
    for (const other of traits.slice(i + 1)) {
      if (!one.releases.some((abi) => other.releases.includes(abi))) return [one, other];
    }
  }
  return undefined;
}

/** Handlers of drafts and distributions are in no row and say nothing about a release. */
function isKnownHandler(handler: string): boolean {
  return RELEASES.some(({ files }) => files.includes(handler));
}

/** The series, unless the kernel is one on the way to the next: of linux-next, or so many commits after a tag. */
function releasedSeries(release: string | undefined): string | undefined {
  return /-next|-\d+-g[0-9a-f]+/.test(release ?? '') ? undefined : seriesOf(release);
}

/** `7.3` of `7.3.4-1-default`. */
export function seriesOf(release: string | undefined): string | undefined {
  return /^\d+\.\d+/.exec(release ?? '')?.[0];
}

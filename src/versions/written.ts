/** What kernels write: the forms of each release, and of each state of development between two. */
import { BETWEEN_RELEASES, FACTS, GENERATIONS, isUpstream, type UpstreamGeneration } from './generations.js';
import { type KhoTestForm, type MapForm, RELEASES } from './table.js';

/** Forms that one kernel has together. */
export interface WrittenForms {
  readonly abi: UpstreamGeneration;
  /** As the table of releases has it; of a state of development `uname -r`. */
  readonly release: string;
  readonly map: MapForm;
  /** The root tree is edited in place. */
  readonly editedTree: boolean;
  /** LUO's version, the handler of files of guest memory, and whether there are FLBs. */
  readonly luo?: { readonly version: string; readonly handler: string; readonly flbPage: boolean };
  readonly kexecMetadata: boolean;
  readonly khoTest?: KhoTestForm;
}

/** Of every release, the oldest first. */
export const RELEASED: readonly WrittenForms[] = RELEASES.toReversed().flatMap((release) => {
  const { kho, luo, luoFlb, files, khoTest } = release;
  const abi = GENERATIONS.filter(isUpstream).find((generation) => generation === kho);
  return abi === undefined
    ? []
    : {
        abi,
        release: release.release,
        map: release.map,
        editedTree: release.editedTree,
        ...(luo === undefined
          ? {}
          : { luo: { version: luo, handler: files[0] ?? '', flbPage: luoFlb !== false } }),
        kexecMetadata: release.kexecMetadata !== undefined,
        ...(khoTest === undefined ? {} : { khoTest }),
      };
});

/** Of every state of development: what the first release after it has, or the newest one, with another LUO or another root. */
export const DEVELOPED: readonly WrittenForms[] = BETWEEN_RELEASES.flatMap(({ kho: abi, luo: version }) => {
  const from = GENERATIONS.indexOf(abi);
  const next = RELEASED.find((forms) => GENERATIONS.indexOf(forms.abi) >= from) ?? RELEASED.at(-1);
  const { unreleased, metadata } = FACTS[abi];
  return next === undefined
    ? []
    : {
        ...next,
        abi,
        release: unreleased ?? `7.1.0-next-${version}`,
        luo: { version, handler: next.luo?.handler ?? '', flbPage: true },
        kexecMetadata: metadata === true,
      };
});

/** What the newest kernels write. */
export const NEWEST = RELEASED.at(-1)?.abi as UpstreamGeneration;

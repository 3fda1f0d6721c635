/** A decoded handover → what the version table needs to know about it. */
import type { Handover } from '../../abi/model.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { bytesToText } from '../../schema/text.js';
import { luoForm } from '../../structures/luo/binding.js';
import { bitmapFormOf } from '../../structures/map/bitmaps.js';
import { type AbiFacts, type PossibleReleases, possibleReleases } from '../../versions/releases.js';
import { isUpstream } from './handover.js';

/** Files looked at for their handlers: many sessions use few handlers. */
const MAX_FILES = 100_000;

/** What a handover uses; undefined when it is none of Linux 6.16 or later. */
function abiFacts(handover: Handover): AbiFacts | undefined {
  const { generation, preservedMap, luo, memblock, kexecMetadata, khoTest, writerRelease } = handover;
  if (!isUpstream(generation)) return undefined;
  const map =
    preservedMap === undefined || preservedMap.ambiguous === true
      ? undefined
      : preservedMap.bitmapSize === undefined
        ? ('radix' as const)
        : bitmapFormOf(preservedMap.bitmapSize);
  const release = kexecMetadata?.previousRelease;
  const header = (handover.subtrees?.length ?? 0) > 0 ? handover.tree?.header : undefined;
  return {
    kho: generation,
    files: handlers(luo),
    ...(map === undefined ? {} : { map }),
    ...(header === undefined ? {} : { editedTree: header.offMemRsvmap === FDT_HEADER_SIZE }),
    ...(luo === undefined ? {} : { luo: luo.compatible }),
    // Where there is no central record, a node of the tree names the FLBs.
    ...(luo?.version !== undefined && luoForm(luo.version)?.record === undefined
      ? { luoFlb: luo.flbsAddress !== undefined }
      : {}),
    ...(luo?.flbs === undefined ? {} : { flbs: luo.flbs.map(({ name }) => bytesToText(name).text) }),
    ...(writerRelease === undefined ? {} : { dumpRelease: writerRelease }),
    ...(memblock === undefined ? {} : { memblock: memblock.compatible }),
    ...(kexecMetadata === undefined ? {} : { kexecMetadata: kexecMetadata.version }),
    ...(release === undefined ? {} : { previousRelease: bytesToText(release).text }),
    ...(khoTest === undefined
      ? {}
      : { khoTest: khoTest.foliosInline === undefined ? ('vmalloc' as const) : ('inline' as const) }),
  };
}

function handlers(luo: Handover['luo']): string[] {
  const found = new Set<string>();
  let seen = 0;
  for (const { files = [] } of luo?.sessions ?? []) {
    for (const { compatible } of files) {
      found.add(bytesToText(compatible).text);
      if (++seen >= MAX_FILES) return [...found];
    }
  }
  return [...found];
}

/** Which releases a handover can come from and which can take it over; undefined when it is not upstream. */
export function handoverReleases(handover: Handover): PossibleReleases | undefined {
  const facts = abiFacts(handover);
  return facts === undefined ? undefined : possibleReleases(facts);
}

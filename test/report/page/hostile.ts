/** A real handover whose every text is one that a page must not take for its own. */
import type { Handover } from '../../../src/abi/model.js';
import { overlay } from '../../../src/memory/overlay.js';
import { segmentsMemory } from '../../../src/memory/segments.js';
import { decodeAt, linuxMemory, linuxTruth } from '../../decode/linux-dumps.js';
import { file, session, text } from '../../validate/upstream-patches.js';

/** Texts that would become elements, attributes, ends of elements or comments. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'&<!--</script>",
  '</script><b>',
  ']]>\u202e',
] as const;

/** A handover with a hostile session name, handlers and FLB names, over the memory of a capture. */
export function hostileHandover(hostile: string): Handover {
  const [name, at] = ['linux-7.3-live-update', linuxTruth('linux-7.3-live-update')[0]?.pa ?? 0] as const;
  const memory = linuxMemory(name);
  const plain = decodeAt(memory, at);
  const first = session(plain);
  const patches = [
    ...text(first.address, hostile, 64),
    ...text(file(plain).address, hostile, 48),
    ...(plain.luo?.flbs ?? []).flatMap(({ origin }) => text(origin.address ?? 0n, hostile, 48)),
    ...(plain.kexecMetadata?.origin?.address === undefined
      ? []
      : text(plain.kexecMetadata.origin.address + 4n, hostile, 60)),
  ];
  return decodeAt(overlay(segmentsMemory(patches, 'patches'), memory), at);
}

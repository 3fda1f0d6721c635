/** Bytes of a dump → the handovers in it: what `kho-toolkit/node` does for files, without Node. */
import type { Handover } from './abi/model.js';
import { type Findings, type FoundTree, findTrees } from './decode/find.js';
import { withCaptured } from './decode/find-captured.js';
import { type DecodeOptions, decodeHandover } from './decode/handover.js';
import { FDT_MAGIC } from './fdt/token-layout.js';
import { elfMemory, parseElfCore } from './memory/elf/core.js';
import { isElf } from './memory/elf/header.js';
import type { PhysicalMemory } from './memory/physical.js';
import { bytesAccess } from './memory/random-access.js';

/** A handover of an opened dump. */
export interface OpenedHandover {
  readonly handover: Handover;
  /** How and where the tree was found, where the bytes are a memory dump. */
  readonly found?: FoundTree;
}

/** What bytes turned out to be. */
export interface OpenedBytes {
  /** `unknown` has no handovers, and the reason among the problems. */
  readonly kind: 'blob' | 'core' | 'unknown';
  /** None where a core holds no tree; several where nothing decides between them. */
  readonly handovers: readonly OpenedHandover[];
  /** Memory of a core. */
  readonly memory?: PhysicalMemory;
  /** What is wrong with the container. */
  readonly problems: readonly string[];
}

/**
 * Opens a devicetree blob or an ELF core that is in memory, not compressed. Never throws on bad data.
 *
 * @param options how to decode; `memory` is that of a blob
 *
 * @example
 * ```ts
 * import { catalogue, openDump, planFromSeed, synthesise, validate } from 'kho-toolkit';
 *
 * // Of a file that was dropped into a page, or as here: made.
 * const dump = new Blob([...synthesise(planFromSeed({ abi: 'kho-v4' })).chunks()]);
 * const { kind, handovers } = openDump(new Uint8Array(await dump.arrayBuffer()));
 * for (const { handover } of handovers) console.log(kind, validate(handover, catalogue).failed.length);
 * //=> core 0
 * ```
 */
export function openDump(bytes: Uint8Array, options: DecodeOptions = {}): OpenedBytes {
  if (isElf(bytes)) return openCore(bytes, options);
  if (bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === FDT_MAGIC) {
    return { kind: 'blob', handovers: [{ handover: decodeHandover(bytes, options) }], problems: [] };
  }
  return { kind: 'unknown', handovers: [], problems: ['neither a devicetree blob nor an ELF core'] };
}

function openCore(bytes: Uint8Array, options: DecodeOptions): OpenedBytes {
  const file = bytesAccess(bytes);
  const { core, diagnostics } = parseElfCore(file);
  const problems = diagnostics.map(({ message }) => message);
  if (core === undefined) return { kind: 'unknown', handovers: [], problems };
  const memory = elfMemory(file, core);
  const { trees } = withCaptured<FoundTree, Findings>(
    findTrees(memory, undefined, core.vmcoreinfo),
    core.capture,
  );
  const pageSize = core.vmcoreinfo?.pageSize ?? (core.machine === 'x86-64' ? 4096 : undefined);
  const release = core.vmcoreinfo?.release;
  const handovers = trees.map((found) => ({
    found,
    handover: decodeHandover(found.bytes, { ...treeOptions(found, memory, pageSize, release), ...options }),
  }));
  return { kind: 'core', handovers, memory, problems };
}

/** The core's headers speak of the kernel that ran last, which did not write what was handed to it. */
function treeOptions(
  found: FoundTree,
  memory: PhysicalMemory,
  pageSize: number | undefined,
  release: string | undefined,
): DecodeOptions {
  const { addresses, setupData, moreSetupData, scratch, direction, takenOver } = found;
  const [address] = addresses;
  const size = pageSize ?? found.pageSize;
  return {
    memory,
    ...(address === undefined ? {} : { address }),
    ...(setupData === undefined ? {} : { setupData }),
    ...(moreSetupData === undefined ? {} : { moreSetupData }),
    ...(scratch === undefined ? {} : { scratch }),
    ...(size === undefined ? {} : { pageSize: size }),
    ...(release === undefined || direction === 'incoming' ? {} : { release }),
    ...(takenOver === undefined ? {} : { takenOver: { why: takenOver.why, tentative: true as const } }),
  };
}

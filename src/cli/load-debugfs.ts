/** A copied debugfs folder → the tree, and as memory what its files tell of it. */

import type { AddressRange, Diagnostic, Handover } from '../abi/model.js';
import type { TakenOver } from '../abi/upstream/model.js';
import { type DebugfsFolder, emptyCopy } from '../memory/node/folder.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress } from '../memory/read.js';
import { type MemorySegment, segmentsMemory } from '../memory/segments.js';
import { factsOf } from '../versions/generations.js';
import type { Inputs } from './load-inputs.js';

/** What the files beside the root tree say. */
export interface DebugfsParts {
  /** The riders' blobs at the addresses that the tree names; absent when there are none. */
  readonly memory?: PhysicalMemory;
  readonly scratch?: readonly AddressRange[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Addresses are in hexadecimal, one per line. */
const LINE = /^0x[0-9a-f]{1,16}$/;
/** How the blob of the live update orchestrator begins from luo-v3 on; older ones are devicetree blobs. */
const LUO = new TextEncoder().encode('luo-v');
const FDT = [0xd0, 0x0d, 0xfe, 0xed];
/** Larger scratch lists are none. */
const MAX_LINES = 4096;

/**
 * Reads the riders' blobs and the scratch list.
 *
 * @param handover the decoded root tree, whose subtrees name the riders' addresses
 * @throws InputError when a file cannot be read
 */
export async function readDebugfs(
  folder: DebugfsFolder,
  handover: Handover,
  inputs: Inputs,
): Promise<DebugfsParts> {
  const diagnostics: Diagnostic[] = [];
  const segments: MemorySegment[] = [];
  const say = (code: string, message: string, fdtPath?: string): void => {
    diagnostics.push({ code, message, location: fdtPath === undefined ? {} : { fdtPath } });
  };
  if (folder.otherSide !== undefined) say('debugfs-side', folder.otherSide);
  for (const { name, path, empty } of folder.subFdts) {
    if (empty === true) {
      say('debugfs-empty', emptyCopy(`sub_fdts/${name}`), `/${name}`);
      continue;
    }
    const subtree = handover.subtrees?.find((known) => known.name === name);
    const address = subtree?.address === undefined ? undefined : physicalAddress(subtree.address);
    if (address === undefined) {
      diagnostics.push({
        code: 'debugfs-rider',
        message: `sub_fdts/${name} matches no child of the tree that can be read: a truncated copy, or a later registration`,
        location: { fdtPath: `/${name}` },
      });
      continue;
    }
    const bytes = await inputs.read(path);
    const freed = freedBlob(folder, handover, name, bytes);
    if (freed !== undefined) diagnostics.push(freed.diagnostic);
    if (freed?.usable !== false && bytes.length > 0) segments.push({ address, bytes });
  }
  for (const { name, empty } of folder.files) {
    if (empty === true && name.startsWith('scratch_')) say('debugfs-empty', emptyCopy(name));
  }
  const scratch = await readScratchLists(folder, inputs, diagnostics);
  return {
    ...(segments.length === 0
      ? {}
      : { memory: { ...segmentsMemory(segments, `${segments.length} blobs of sub_fdts`), excerpt: true } }),
    ...(scratch === undefined ? {} : { scratch }),
    diagnostics,
  };
}

/**
 * What debugfs shows of in/ was taken over: the kernel that shows it runs.
 *
 * @returns undefined for out/
 */
export function takenOverIn({ direction }: DebugfsFolder, { generation }: Handover): TakenOver | undefined {
  if (direction !== 'in') return undefined;
  const gone = factsOf(generation)?.luo === 'record' ? ['LUO'] : [];
  return { why: 'it is from the debugfs of the kernel that it was handed to', gone };
}

/**
 * From 7.2 on the kernel has freed the LUO blob of the incoming tree before debugfs shows it
 * (upstream 3.11), so the file holds whatever came to be there.
 */
function freedBlob(
  { direction }: DebugfsFolder,
  { generation }: Handover,
  name: string,
  bytes: Uint8Array,
): { diagnostic: Diagnostic; usable: boolean } | undefined {
  if (direction !== 'in' || name !== 'LUO' || factsOf(generation)?.luo !== 'record') return undefined;
  const usable = looksLikeLuo(bytes);
  // What is there may be a secret: nothing of it is shown.
  const seen = usable ? 'it still looks like one, but may not be complete' : 'it no longer is one';
  const diagnostic = {
    code: 'debugfs-freed',
    message: `sub_fdts/LUO of the incoming tree is memory that the kernel had freed when debugfs showed it: ${seen}`,
    location: { fdtPath: '/LUO' },
  };
  return { diagnostic, usable };
}

/** Whether a blob begins as those of the live update orchestrator do, record or tree. */
export function looksLikeLuo(bytes: Uint8Array): boolean {
  return begins(bytes, LUO) || begins(bytes, FDT);
}

function begins(bytes: Uint8Array, start: ArrayLike<number>): boolean {
  return Array.from(start).every((byte, i) => bytes[i] === byte);
}

/** The regions of scratch_phys and scratch_len, which pair line by line. */
async function readScratchLists(
  { scratchPhys, scratchLen, files }: DebugfsFolder,
  inputs: Inputs,
  diagnostics: Diagnostic[],
): Promise<AddressRange[] | undefined> {
  if (scratchPhys === undefined || scratchLen === undefined) return undefined;
  if (files.some(({ path, empty }) => empty === true && (path === scratchPhys || path === scratchLen)))
    return undefined;
  const [starts, sizes] = [await readNumbers(scratchPhys, inputs), await readNumbers(scratchLen, inputs)];
  if (starts === undefined || sizes === undefined || starts.length !== sizes.length) {
    diagnostics.push({
      code: 'debugfs-scratch',
      message: 'scratch_phys and scratch_len are not lists of equally many 0x… lines',
      location: {},
    });
    return undefined;
  }
  return starts.map((start, i) => ({ start, end: start + (sizes[i] ?? 0n) }));
}

async function readNumbers(path: string, inputs: Inputs): Promise<bigint[] | undefined> {
  const lines = new TextDecoder().decode(await inputs.read(path)).split('\n');
  const texts = lines.map((line) => line.trim()).filter((line) => line !== '');
  return texts.length <= MAX_LINES && texts.every((text) => LINE.test(text)) ? texts.map(BigInt) : undefined;
}

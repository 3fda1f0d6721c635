/** The trees of a running kernel: by what its files and its own pointers name, never by a search of its memory. */
import type { AddressRange } from '../../abi/model.js';
import { dataView, equalBytes } from '../../decode/bytes.js';
import { type Findings, type FoundTree, findTrees } from '../../decode/find.js';
import { withCaptured } from '../../decode/find-captured.js';
import { type ChosenHandover, readChosen, readScratch } from '../../decode/find-chosen.js';
import { blobsPointedTo } from '../../decode/find-pointers.js';
import { parseFdt } from '../../fdt/parse.js';
import { createFdtWriter } from '../../fdt/writer.js';
import type { CapturedTree, CaptureNote } from '../../memory/elf/capture-note.js';
import type { Kcore } from '../../memory/elf/kcore.js';
import type { OpenedMemory } from '../../memory/node/open-memory.js';
import { physicalAddress } from '../../memory/read.js';
import { searchView } from '../../memory/view.js';
import { KHO_DATA_RFC2024_SIZE, readKhoDataRfc2024 } from '../../records/kho.js';
import { KHO_DATA_SIZE, readKhoData } from '../../records/kho_root.js';
import type { CapturedFile } from './sources.js';

/** Bytes of a tree that a search needs to see: as many as one can have, so that it is found whole. */
const TREE_BYTES = 1 << 16;

/** What files say of the tree that was handed to the kernel. */
export interface NamedTree {
  readonly address: bigint;
  readonly chosen?: ChosenHandover;
  /** Where the array of scratch regions is. */
  readonly scratch?: { readonly address: bigint; readonly size: bigint };
}

/** The incoming tree that setup_data or /chosen names. */
export function namedTree(files: readonly CapturedFile[]): NamedTree | undefined {
  const element = files.find(({ path }) => /^boot_params\/setup_data\/[^/]+\/data$/.test(path));
  if (element !== undefined) {
    const { bytes } = element;
    const view = dataView(bytes);
    if (bytes.length === KHO_DATA_RFC2024_SIZE) return { address: readKhoDataRfc2024(view, 0).dtAddr };
    if (bytes.length < KHO_DATA_SIZE) return undefined;
    const { fdtAddr, scratchAddr, scratchSize } = readKhoData(view, 0);
    return { address: fdtAddr, scratch: { address: scratchAddr, size: scratchSize } };
  }
  const chosen = readChosen(parseFdt(chosenBlob(files)));
  return 'missing' in chosen ? undefined : { address: chosen.tree.address, chosen };
}

/** The captured properties as the device tree that they are from. */
function chosenBlob(files: readonly CapturedFile[]): Uint8Array {
  const properties = files.filter(({ path }) => path.startsWith('chosen/'));
  const writer = createFdtWriter();
  const add = (wanted: (name: string) => boolean) => {
    for (const { path, bytes } of properties) {
      const name = path.slice('chosen/'.length);
      if (wanted(name)) writer.property(name, bytes);
    }
  };
  writer.beginNode('');
  add((name) => name.startsWith('#'));
  writer.beginNode('chosen');
  add((name) => !name.startsWith('#'));
  writer.endNode();
  writer.endNode();
  return writer.finish();
}

export interface HostTrees {
  readonly findings: Findings;
  readonly opened: OpenedMemory;
  readonly note: CaptureNote;
}

/**
 * Finds the trees. What is searched is the kernel's image and the pages that it, setup_data or /chosen points to.
 *
 * @param named the incoming tree, where files name it
 */
export function hostTrees(
  kcore: Kcore,
  named: NamedTree | undefined,
  files: readonly CapturedFile[],
): HostTrees {
  const { memory, image, direct, machine, vmcoreinfo } = kcore;
  const places = image === undefined ? [] : [...blobsPointedTo(memory, image, direct)];
  const incoming = named === undefined ? undefined : physicalAddress(named.address);
  if (incoming !== undefined) places.push(incoming);
  const view = searchView(memory, [
    ...(image === undefined ? [] : [image]),
    ...places.map((start) => ({ start, end: start + TREE_BYTES })),
  ]);
  const opened: OpenedMemory = {
    memory: view,
    machine,
    diagnostics: [],
    close() {},
    ...(vmcoreinfo === undefined ? {} : { vmcoreinfo }),
  };
  const found = findTrees(view, named?.chosen, vmcoreinfo);
  const blob = files.find(({ path }) => path === 'in/fdt')?.bytes;
  const trees = [...found.trees, ...found.others].flatMap(({ addresses, bytes }): CapturedTree[] => {
    const isIncoming =
      (named !== undefined && addresses.includes(named.address)) ||
      (blob !== undefined && equalBytes(bytes, blob));
    const direction = isIncoming ? 'incoming' : 'outgoing';
    return addresses.map((address) => ({ address, direction }));
  });
  const scratch = scratchOf(kcore, named, files);
  const note = { trees, ...(scratch === undefined ? {} : { scratch }) };
  return { opened, note, findings: withCaptured<FoundTree, Findings>(found, note) };
}

/** From debugfs, or from memory, where setup_data says where. */
function scratchOf(
  { memory }: Kcore,
  named: NamedTree | undefined,
  files: readonly CapturedFile[],
): readonly AddressRange[] | undefined {
  const lines = (name: string) =>
    files
      .filter(({ path }) => path === `out/${name}`)
      .flatMap(({ bytes }) => new TextDecoder().decode(bytes).split('\n'))
      .map((line) => line.trim())
      .filter((line) => /^0x[0-9a-f]{1,16}$/.test(line))
      .map(BigInt);
  const [starts, sizes] = [lines('scratch_phys'), lines('scratch_len')];
  if (starts.length > 0 && starts.length === sizes.length)
    return starts.map((start, i) => ({ start, end: start + (sizes[i] ?? 0n) }));
  const { scratch } = named ?? {};
  return scratch === undefined ? undefined : readScratch(memory, scratch.address, scratch.size);
}

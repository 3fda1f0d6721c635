/** A DUMP argument → the trees in it, their memory, and what they decode to. */

import type { BrokenEntry, Diagnostic, Handover } from '../abi/model.js';
import { recordView } from '../abi/record-view.js';
import type { TakenOver, UnrestoredBlocks } from '../abi/upstream/model.js';
import { equalBytes } from '../decode/bytes.js';
import { classify } from '../decode/classify.js';
import {
  type Findings,
  type FoundTree,
  findTrees,
  NO_FINDINGS,
  pickDirection,
  treeAt,
} from '../decode/find.js';
import { withCaptured } from '../decode/find-captured.js';
import { type ChosenHandover, chosenText, readChosen } from '../decode/find-chosen.js';
import type { Direction } from '../decode/find-direction.js';
import { sameTree } from '../decode/find-same.js';
import { HANDOVER_PATTERNS } from '../decode/find-search.js';
import { type LeftBlocks, preferPrepared } from '../decode/find-taken-over.js';
import { type DecodeOptions, decodeHandover } from '../decode/handover.js';
import { chosenParts } from '../decode/image-parts.js';
import { isTooOld, parseFdt } from '../fdt/parse.js';
import { isDamage, type MemoryDiagnostic } from '../memory/diagnostics.js';
import { InputError } from '../memory/node/errors.js';
import type { DebugfsFolder } from '../memory/node/folder.js';
import type { OpenedMemory } from '../memory/node/open-memory.js';
import { overlay } from '../memory/overlay.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress, readBytes } from '../memory/read.js';
import { blobMemory } from '../memory/segments.js';
import { khoMem } from '../records/kho.js';
import { counted, hex, several } from '../schema/units.js';
import type { ValidateOptions } from '../validate/run.js';
import { RFC } from '../versions/generations.js';
import { type DebugfsParts, readDebugfs, takenOverIn } from './load-debugfs.js';
import { type Evidence, evidenceOf } from './load-evidence.js';
import { type Inputs, withInputs } from './load-inputs.js';
import type { LoadOptions } from './load-options.js';

export type { LoadOptions } from './load-options.js';

/** A handover tree, and its physical memory. */
export interface LoadedDump {
  /** As given. */
  readonly path: string;
  /** What the input is, for people: `devicetree blob, 4454 bytes, with ELF core …`. */
  readonly description: string;
  readonly handover: Handover;
  /** How the tree was found, when it was found in memory. */
  readonly found?: FoundTree;
  /** Where the tree is, to tell it from others of the same dump: addresses or a file's name. */
  readonly place?: string;
  /** Handed to the kernel of the dump, or prepared by it; absent where the dump does not tell. */
  readonly direction?: Direction;
  /** Whether the tree is from a copy of debugfs. */
  readonly copied?: true;
  /** What the dump says about the kernel whose memory it holds. */
  readonly evidence?: Evidence;
  /** How the container of the memory is cut off or damaged, or not read to its end, as far as it was read by now. */
  readonly damage?: () => readonly string[];
}

/**
 * Opens a dump, hands it to `use`, and closes it however that ends.
 *
 * @throws InputError when it cannot be read, contains no handover tree, or several
 *
 * @example
 * ```ts
 * import { withDump } from 'kho-toolkit/node';
 *
 * const generation = await withDump('fixtures/rfc-2024/dangling', {}, async ({ handover }) => handover.generation);
 * console.log(generation); //=> rfc-2024
 * ```
 */
export async function withDump<T>(
  path: string,
  options: LoadOptions,
  use: (dump: LoadedDump) => Promise<T>,
): Promise<T> {
  // Many trees are refused before one is decoded.
  return withDumps(path, { ...options, single: true }, async (dumps, findings, memory) =>
    use(onlyDump(path, dumps, findings, memory)),
  );
}

/**
 * The one of a dump's trees that is meant.
 *
 * @throws InputError when there is none, or nothing decides between several
 */
export function onlyDump(
  path: string,
  dumps: readonly LoadedDump[],
  findings: Findings,
  memory: OpenedMemory | undefined,
): LoadedDump {
  const [dump, ...more] = dumps;
  if (dump === undefined) throw noTree(path, findings, memory);
  if (more.length === 0) return dump;
  // Copies of debugfs: what is handed over next, where the copy has it.
  const prepared = dumps.filter(({ copied, direction }) => copied === true && direction === 'outgoing');
  if (prepared[0] !== undefined && prepared.length === 1) return prepared[0];
  throw severalTrees(path, dumps);
}

/**
 * Like {@link withDump}, but hands over every tree that the dump holds; there may be none. The memory is that
 * which was searched.
 *
 * @example
 * ```ts
 * import { withDumps } from 'kho-toolkit/node';
 *
 * await withDumps('fixtures/rfc-2024/dangling', {}, async (dumps) => console.log(dumps.length));
 * //=> 1
 * ```
 */
export async function withDumps<T>(
  path: string,
  options: LoadOptions,
  use: (dumps: readonly LoadedDump[], findings: Findings, memory?: OpenedMemory) => Promise<T>,
): Promise<T> {
  return withInputs(path, options, (inputs) => dumpsFrom(path, inputs, options, use));
}

/** The same for inputs that are open, wherever they are; needs nothing of Node. */
export async function dumpsFrom<T>(
  path: string,
  inputs: Inputs,
  options: LoadOptions,
  use: (dumps: readonly LoadedDump[], findings: Findings, memory?: OpenedMemory) => Promise<T>,
): Promise<T> {
  const { blob, memory, folders } = inputs;
  if (folders !== undefined) return use(await fromFolders(path, folders, inputs, options), NO_FINDINGS);
  if (blob !== undefined) return fromBlob(path, blob, inputs, options, use);
  if (memory === undefined) throw new InputError(path, 'no-memory', 'contains no memory');
  await searchAhead(memory, options);
  const { dumps, findings } = fromMemory(path, memory, options);
  return use(dumps, findings, memory);
}

/** Opens only the memory of a dump: its core, or what `--memory` names. */
export async function withMemory<T>(
  path: string,
  options: LoadOptions,
  use: (memory: PhysicalMemory, opened: OpenedMemory) => Promise<T>,
): Promise<T> {
  return withInputs(path, options, async ({ blob, memory, unrecognised }) => {
    if (unrecognised !== undefined) throw unrecognised;
    if (memory !== undefined) return use(memory.memory, memory);
    const what = blob === undefined ? 'a copy of debugfs' : 'a devicetree blob';
    throw new InputError(path, 'no-memory', `is ${what}; give its memory with --memory FILE`);
  });
}

/** With several threads, what {@link fromMemory} will search for. */
async function searchAhead(memory: OpenedMemory, { fdtAddress, jobs }: LoadOptions): Promise<void> {
  if (fdtAddress === undefined) await memory.searchAhead?.(HANDOVER_PATTERNS, jobs);
}

/** The trees in memory; `chosen` is what a boot device tree says. */
function fromMemory(
  path: string,
  opened: OpenedMemory,
  options: LoadOptions,
  chosen?: ChosenHandover,
): { dumps: LoadedDump[]; findings: Findings } {
  const { fdtAddress, tree: direction } = options;
  let findings = fdtAddress === undefined ? treesOf(opened, chosen) : namedTree(path, opened, fdtAddress);
  if (fdtAddress === undefined && findings.trees.length > 0) {
    findings =
      direction === undefined
        ? preferPrepared<FoundTree, Findings>(findings, opened.memory)
        : (pickDirection(findings, direction) ?? refuseDirection(path, direction, findings));
  }
  if (options.single === true && findings.trees.length > 1) {
    throw severalTrees(
      path,
      findings.trees.map((found) => ({
        place: placeOf(found),
        found,
        ...(found.direction === undefined ? {} : { direction: found.direction }),
      })),
    );
  }
  return { dumps: findings.trees.map((tree) => fromTree(path, tree, opened, findings, options)), findings };
}

/** The trees in a memory, with what its file says of them. */
function treesOf({ memory, vmcoreinfo, elf }: OpenedMemory, chosen?: ChosenHandover): Findings {
  return withCaptured<FoundTree, Findings>(findTrees(memory, chosen, vmcoreinfo), elf?.capture);
}

async function fromBlob<T>(
  path: string,
  blob: Uint8Array,
  inputs: Inputs,
  options: LoadOptions,
  use: (dumps: readonly LoadedDump[], findings: Findings) => Promise<T>,
): Promise<T> {
  const { memory, unrecognised } = inputs;
  const description = `${unrecognised === undefined ? 'devicetree blob' : 'record'}, ${counted(blob.length, 'byte')}`;
  const tree = parseFdt(blob);
  if (isTooOld(tree)) {
    const why = `a devicetree blob of version ${tree.header?.version}, with another layout of names and values`;
    throw new InputError(path, 'old-version', `${why}; write it as version 17 with dtc -I dtb -O dtb -V 17`);
  }
  if (memory !== undefined && classify(tree).kind === 'boot-fdt') {
    const chosen = readChosen(tree);
    const named = 'missing' in chosen ? undefined : chosen;
    await searchAhead(memory, options);
    const { dumps, findings } = fromMemory(path, memory, options, named);
    const problem =
      'missing' in chosen
        ? `${chosen.missing}: the kernel booted with it sees no handover`
        : `the memory is not in the dump where /chosen names the tree (${chosenText(chosen)})`;
    if (named === undefined) {
      for (const { handover } of dumps) handover.diagnostics.push(bootTreeDiagnostic(problem));
    }
    if (dumps.length === 0) throw new InputError(path, 'no-tree', problem);
    return use(
      dumps.map((dump) => ({ ...dump, description: `boot device tree, with ${memory.memory.description}` })),
      findings,
    );
  }
  if (memory !== undefined)
    return use([withMemoryBehind(path, blob, description, memory, options)], NO_FINDINGS);
  const handover = decodeHandover(blob, decodeOptions(options));
  if (unrecognised !== undefined && handover.kind === 'unknown') throw unrecognised;
  return use([{ path, description, handover }], NO_FINDINGS);
}

function bootTreeDiagnostic(message: string): Diagnostic {
  return { code: 'chosen', message, location: { fdtPath: '/chosen' } };
}

/** What a folder tells of a tree that its memory does not. */
interface Besides extends Pick<DecodeOptions, 'takenOver' | 'scratch'> {
  /** Blobs at the addresses that the tree names. */
  readonly riders?: PhysicalMemory;
}

/** Memory that was captured with the files is of the same moment; what `--memory` names may be of another. */
function besides(parts: DebugfsParts, takenOver: TakenOver | undefined): Besides {
  return {
    ...(parts.memory === undefined ? {} : { riders: parts.memory }),
    ...(parts.scratch === undefined ? {} : { scratch: parts.scratch }),
    // Which of its riders are still themselves the blobs would tell, but not what these lead to.
    ...(takenOver === undefined ? {} : { takenOver: { why: takenOver.why } }),
  };
}

/** A blob that is the tree itself, or a rider of it, over the memory where it came from. */
export function withMemoryBehind(
  path: string,
  blob: Uint8Array,
  description: string,
  opened: OpenedMemory,
  options: LoadOptions,
  { riders, ...known }: Besides = {},
): LoadedDump {
  const memory = riders === undefined ? opened.memory : overlay(riders, opened.memory);
  const findings = options.fdtAddress === undefined ? treesOf(opened) : NO_FINDINGS;
  const found =
    options.fdtAddress === undefined
      ? blobInMemory(blob, findings)
      : { addresses: [options.fdtAddress], bytes: blob, how: '--fdt-addr' as const };
  const address = found?.addresses[0];
  const start = address === undefined ? undefined : physicalAddress(address);
  const evidence = evidenceOf(opened, findings, found);
  // The memory may be that of a boot for which the blob was prepared.
  const broken = findings.trees.find((tree) => tree.broken !== undefined)?.broken ?? findings.absentEntry;
  const handover = decodeHandover(blob, {
    ...decodeOptions(options, evidence, found),
    ...entryOptions(broken),
    memory: start === undefined ? memory : overlay(blobMemory(start, blob), memory),
    ...(address === undefined ? {} : { address }),
    ...known,
  });
  addMemoryDiagnostics(handover, opened);
  return {
    path,
    description: `${description}, with ${memory.description}`,
    handover,
    evidence,
    damage: damageOf(opened),
    ...(found === undefined ? {} : { found }),
  };
}

/** Where the blob is in its memory: the tree that says the same. */
function blobInMemory(blob: Uint8Array, { trees, others }: Findings): FoundTree | undefined {
  const all = [...trees, ...others];
  const tree = parseFdt(blob);
  return (
    all.find(({ bytes }) => equalBytes(bytes, blob)) ??
    all.find(({ bytes }) => tree.complete && sameTree(parseFdt(bytes), tree))
  );
}

/** A tree that was found in memory, decoded. */
export function fromTree(
  path: string,
  found: FoundTree,
  opened: OpenedMemory,
  findings: Findings,
  options: LoadOptions,
): LoadedDump {
  const { memory } = opened;
  const [address] = found.addresses;
  const evidence = evidenceOf(opened, findings, found);
  const handover = decodeHandover(found.bytes, {
    ...decodeOptions(options, evidence, found),
    ...entryOptions(found.broken ?? entryOf(found, findings)),
    memory,
    ...(address === undefined ? {} : { address }),
  });
  addMemoryDiagnostics(handover, opened);
  addChosenMemCache(handover, found, memory);
  return {
    path,
    description: memory.description,
    handover,
    found,
    evidence,
    damage: damageOf(opened),
    place: placeOf(found),
    ...(found.direction === undefined ? {} : { direction: found.direction }),
  };
}

/** Copies of debugfs: each root tree with its riders, or with the memory that `--memory` names. */
export async function fromFolders(
  path: string,
  folders: readonly DebugfsFolder[],
  inputs: Inputs,
  options: LoadOptions,
): Promise<LoadedDump[]> {
  const dumps: LoadedDump[] = [];
  for (const folder of folders) {
    const direction = folder.direction === 'in' ? 'incoming' : 'outgoing';
    if (options.tree !== undefined && options.tree !== direction) continue;
    const blob = await inputs.read(folder.fdt);
    const description = `copy of debugfs ${folder.direction}, ${counted(blob.length, 'byte')} of tree, ${counted(folder.subFdts.length, 'rider')}`;
    const bare = decodeHandover(blob, decodeOptions(options));
    const parts = await readDebugfs(folder, bare, inputs);
    const takenOver = takenOverIn(folder, bare);
    const dump =
      inputs.memory === undefined
        ? {
            path,
            description,
            handover: decodeHandover(blob, {
              ...decodeOptions(options),
              ...(parts.scratch === undefined ? {} : { scratch: parts.scratch }),
              ...(parts.memory === undefined ? {} : { memory: parts.memory }),
              ...(takenOver === undefined ? {} : { takenOver }),
            }),
          }
        : withMemoryBehind(
            path,
            blob,
            description,
            inputs.memory,
            options,
            inputs.captured === true ? besides(parts, takenOver) : {},
          );
    dump.handover.diagnostics.push(...parts.diagnostics);
    if (parts.scratch !== undefined) dump.handover.scratch ??= parts.scratch;
    dumps.push({ ...dump, direction, copied: true, place: `in ${folder.direction}/` });
  }
  if (dumps.length === 0) {
    throw new InputError(path, 'no-tree', `is a copy of debugfs without an ${options.tree} tree`);
  }
  return dumps;
}

function decodeOptions(options: LoadOptions, evidence?: Evidence, found?: FoundTree): DecodeOptions {
  const { assume, form } = options;
  const pageSize = options.pageSize ?? evidence?.pageSize?.value;
  const release = writerRelease(evidence, found);
  const left = found?.takenOver?.left ?? found?.writerLeft;
  return {
    ...(assume === undefined ? {} : { assume }),
    ...(form === undefined ? {} : { form }),
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(release === undefined ? {} : { release }),
    ...(found?.scratch === undefined ? {} : { scratch: found.scratch }),
    ...(found?.setupData === undefined ? {} : { setupData: found.setupData }),
    ...(found?.moreSetupData === undefined ? {} : { moreSetupData: found.moreSetupData }),
    ...(found?.chosen === undefined ? {} : { image: chosenParts(found.chosen) }),
    ...passedOn(found),
    ...takenOverOptions(found),
    ...(left === undefined ? {} : { unrestored: () => unrestoredBlocks(left) }),
  };
}

function takenOverOptions(found: FoundTree | undefined): Pick<DecodeOptions, 'takenOver'> {
  if (found?.takenOver === undefined) return {};
  const { why, left } = found.takenOver;
  return { takenOver: { why, ...(left === undefined ? { tentative: true } : {}) } };
}

function unrestoredBlocks({ marks, kept }: LeftBlocks): UnrestoredBlocks {
  const { pageSize } = marks;
  return { pageSize, ...marks.blocks(), kept: new Set(kept.map((at) => at - (at % pageSize))) };
}

/** What leads past a tree that was found elsewhere; nothing has to lead yet to one that a kernel only prepares. */
function entryOf({ direction, takenOver }: FoundTree, { absentEntry }: Findings): BrokenEntry | undefined {
  const other = direction === 'outgoing' || takenOver !== undefined;
  return other && absentEntry?.list !== undefined ? undefined : absentEntry;
}

function entryOptions(broken: BrokenEntry | undefined): Pick<DecodeOptions, 'broken'> {
  return broken === undefined ? {} : { broken };
}

/** Whose form what names a tree has. */
function passedOn(found: FoundTree | undefined): Pick<DecodeOptions, 'passedOn'> {
  const { setupData, chosen } = found ?? {};
  if (setupData?.rfc2024 !== undefined || chosen?.memCache !== undefined) return { passedOn: RFC };
  if (setupData?.khoData !== undefined || chosen !== undefined) return { passedOn: 'upstream' };
  return {};
}

/**
 * The release of the kernel that wrote the tree. The core's headers speak of the kernel that ran last, which
 * did not write the tree that was handed to it; in memory the writer's own notes may still be.
 */
export function writerRelease(
  evidence: Evidence | undefined,
  found: FoundTree | undefined,
): string | undefined {
  const release = evidence?.release;
  return found?.direction === 'incoming' && release?.inMemory !== true ? undefined : release?.value;
}

/** How the memory file is cut off or damaged, and which limits reading it reached; reading on may bring up more. */
export function damageOf({ diagnostics, memory }: OpenedMemory): () => readonly string[] {
  return () => [
    ...diagnostics.filter(isDamage).map(diagnosticText),
    ...(memory.budget?.problems() ?? []).map(({ message }) => message),
  ];
}

/** What a validation has to know of the files that a dump came from. */
export function containerOptions({
  damage,
  direction,
}: LoadedDump): Pick<ValidateOptions, 'damage' | 'direction'> {
  return {
    ...(damage === undefined ? {} : { damage }),
    ...(direction === undefined ? {} : { direction }),
  };
}

function diagnosticText({ message, count }: MemoryDiagnostic): string {
  return count === 1 ? message : `${message} (${count} such cases)`;
}

/** Problems of the memory file are reported along with those of its contents. */
function addMemoryDiagnostics(handover: Handover, { diagnostics }: OpenedMemory): void {
  for (const diagnostic of diagnostics) {
    const { code, fileOffset } = diagnostic;
    handover.diagnostics.push({
      code,
      message: diagnosticText(diagnostic),
      location: fileOffset === undefined ? {} : { fileOffset: BigInt(fileOffset) },
    });
  }
}

/** The mem cache of the 2024 series, where /chosen names it; setup_data's is found by decoding. */
function addChosenMemCache(handover: Handover, { chosen }: FoundTree, memory: PhysicalMemory): void {
  if (chosen?.memCache === undefined || handover.memCache !== undefined) return;
  const { address, size } = chosen.memCache;
  const bytes = readBytes(memory, address, Number(size));
  if (bytes !== undefined) handover.memCache = recordView(khoMem, bytes);
  else {
    handover.diagnostics.push({
      code: 'memory-absent',
      message: `the mem cache at ${hex(address)} (${size} bytes) is not entirely in ${memory.description}`,
      location: { address },
    });
  }
}

/** The tree that the user names; the search tells what else is known of it, and the kernel's notes. */
function namedTree(path: string, opened: OpenedMemory, address: bigint): Findings {
  const { memory } = opened;
  const findings = treesOf(opened);
  const found = treeAt(memory, address, findings);
  if (found === undefined) {
    throw new InputError(
      path,
      'no-tree',
      `does not hold the memory at ${hex(address)}, which --fdt-addr names`,
    );
  }
  return { ...findings, trees: [found], others: [] };
}

function refuseDirection(path: string, direction: Direction, findings: Findings): never {
  const places = several([...findings.trees, ...findings.others].map(treePlace));
  throw new InputError(
    path,
    'tree-undecided',
    `the dump does not show which tree is ${direction} (trees: ${places}); choose one with --fdt-addr`,
  );
}

/** A tree's addresses and direction, for messages. */
export function treePlace({ addresses, direction }: FoundTree): string {
  const places = several(addresses.map(hex), ' and ');
  return direction === undefined ? places : `${places} (${direction})`;
}

/** Why a dump has no tree: what the file itself lacks may well be what the tree was in. */
export function noTree(
  path: string,
  { truncated, absentEntry }: Findings,
  memory: OpenedMemory | undefined,
): InputError {
  const places = several(truncated.map(({ address }) => hex(address)));
  const none =
    places === ''
      ? 'contains no handover tree'
      : `contains no complete handover tree, only truncated ones at ${places}`;
  const cause = absentEntry === undefined ? none : `${none}; ${entryText(absentEntry)}`;
  const damage = memory?.diagnostics[0]?.message;
  return new InputError(
    path,
    'no-tree',
    damage === undefined ? cause : `${cause}; the file itself: ${damage}`,
  );
}

function entryText({ how, address, list }: BrokenEntry): string {
  if (list === undefined) return `${how} names one at ${hex(address)}, which is not in the dump`;
  const ends = {
    absent: `is cut off at the element at ${hex(address)}, which is not in the dump`,
    impossible: `leads to ${hex(address)}, which is beyond all memory`,
    endless: `leads back to the element at ${hex(address)}`,
  };
  return `the setup_data list of boot_params at ${hex(list.bootParams)} ${ends[list.ends]}`;
}

function placeOf({ addresses }: FoundTree): string {
  return `at ${several(addresses.map(hex), ' and ')}`;
}

function severalTrees(
  path: string,
  dumps: readonly Pick<LoadedDump, 'place' | 'direction' | 'found'>[],
): InputError {
  const places = dumps.map(({ place, direction }) =>
    direction === undefined ? place : `${place} (${direction})`,
  );
  const told = dumps.some(({ direction }) => direction !== undefined);
  const addressed = dumps.some(({ found }) => found !== undefined);
  const ways = [told ? '--tree incoming or --tree outgoing' : '', addressed ? '--fdt-addr ADDRESS' : ''];
  const cause = `contains ${dumps.length} handover trees, ${several(places.map((place) => place ?? '?'))}; choose one with ${ways.filter((way) => way !== '').join(', or with ')}`;
  return new InputError(path, 'several-trees', cause);
}

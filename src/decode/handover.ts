/** A devicetree blob, and its memory if there is any → the typed model. */

import {
  type AddressRange,
  type BrokenEntry,
  type Diagnostic,
  type Form,
  GENERATIONS,
  type Generation,
  type Handover,
  type ImagePart,
  type SetupDataKho,
} from '../abi/model.js';
import { recordView } from '../abi/record-view.js';
import type { TakenOver, UnrestoredBlocks } from '../abi/upstream/model.js';
import type { FdtTree } from '../fdt/parse.js';
import { rootNode } from '../fdt/tree.js';
import { limitedMemory } from '../memory/budgeted.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { firstAbsent, physicalAddress, readBytes } from '../memory/read.js';
import { khoMem } from '../records/kho.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { isRfc, type RFC } from '../versions/generations.js';
import { bindNode, type ModelObject } from './bind.js';
import { findBootParams } from './boot-params.js';
import { classifyRoot } from './classify-root.js';
import { readTree } from './find-search.js';
import { imageParts } from './image-parts.js';
import { MOST_MEM_PROPERTIES, memProperties, memRanges, shareRecords } from './mem-properties.js';
import { parsed } from './parsed.js';
import { readTreeMemory } from './structures/tree-memory.js';
import { bindRoot, decodeUpstream, isUpstream, upstreamPageSize } from './upstream/handover.js';
import { createReporter } from './upstream/report.js';
import { clearUnlike, noneReused, restOfPage, withoutForeign, withoutReused } from './upstream/reused.js';
import { decodeRider, isTree } from './upstream/riders.js';
import { withKernelNames } from './upstream/truncated.js';

/** What is known of a blob besides its bytes. */
export interface DecodeOptions {
  /** Physical address of the blob, when it was read from memory. */
  readonly address?: bigint;
  /** The memory of the blob. */
  readonly memory?: PhysicalMemory;
  /** The setup_data element that led here; searched in `memory` when absent. */
  readonly setupData?: SetupDataKho;
  /** Generation to assume where the tree does not say it. */
  readonly assume?: Generation;
  /** Form to assume where a version string stands for two. */
  readonly form?: Form;
  /** Bytes; the 2024 series knows 4096 only. */
  readonly pageSize?: number;
  /** Release of the kernel that handed over, e.g. from VMCOREINFO. */
  readonly release?: string;
  /** Scratch regions, where a boot device tree names them. */
  readonly scratch?: readonly AddressRange[];
  /** What names this blob as the root tree, though it is none; or a root tree elsewhere that cannot be read. */
  readonly broken?: BrokenEntry;
  /** Further elements that lead to the tree. */
  readonly moreSetupData?: readonly SetupDataKho[];
  /** What the loader has put into memory, where a boot device tree tells. */
  readonly image?: readonly ImagePart[];
  /** Whose form what names the tree has, where it tells: the 2024 series passes on more than Linux 6.16 and later. */
  readonly passedOn?: typeof RFC | 'upstream';
  /** What shows that the kernel of the dump has taken the tree over. */
  readonly takenOver?: TakenOver;
  /** What that kernel has not restored, or of a tree that it prepares: of the one that it was handed. */
  readonly unrestored?: () => UnrestoredBlocks;
}

/** Elements of type 10 that are followed to a tree; real dumps have a handful, left from earlier boots. */
const MAX_ELEMENTS = 64;
/** Page size where nothing says otherwise (x86-64). */
const DEFAULT_PAGE_SIZE = 4096;

/**
 * Decodes one blob. Never throws on bad data: what could not be read is missing from the model and
 * is in its diagnostics.
 *
 * @example
 * ```ts
 * import { decodeHandover, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4', sessions: 2 }));
 * const handover = decodeHandover(blob, { memory });
 * console.log(handover.generation, handover.luo?.sessions?.length, handover.diagnostics.length);
 * //=> kho-v4 2 0
 * ```
 */
export function decodeHandover(bytes: Uint8Array, options: DecodeOptions = {}): Handover {
  const { memory } = options;
  if (memory !== undefined && memory.budget === undefined) {
    const limited = limitedMemory(memory);
    const handover = decodeHandover(bytes, { ...options, memory: limited });
    for (const { code, message } of limited.budget?.problems() ?? [])
      handover.diagnostics.push({ code, message, location: {} });
    return handover;
  }
  // What a file has by itself is the file's; in memory, between the parts of a tree, there may be anything.
  const found = createFound();
  const { address } = options;
  const read = parsed(bytes);
  const own =
    memory === undefined || address === undefined
      ? read
      : withoutForeign(found.reporter, read, address, 'root tree', memory);
  const handover = decodeBlob(own, options);
  found.addTo(handover);
  const { reused } = handover;
  // Whoever reads the memory for the model reads what the model has.
  if (reused === undefined || handover.memory === undefined) return handover;
  if (reused.ranges.length === 0 && reused.unjudged.length === 0) return handover;
  return { ...handover, memory: withoutReused(handover.memory, reused) };
}

/** What is found before there is a model that it can be added to. */
function createFound() {
  const diagnostics: Diagnostic[] = [];
  const reused = noneReused();
  return {
    reporter: createReporter(diagnostics, undefined, [], reused),
    addTo(handover: Handover): void {
      if (reused.ranges.length === 0) return;
      handover.reused ??= noneReused();
      handover.reused.ranges.push(...reused.ranges);
      handover.diagnostics.push(...diagnostics);
    },
  };
}

function decodeBlob(tree: FdtTree, options: DecodeOptions): Handover {
  const { takenOver, memory, ...asHandedOver } = options;
  if (takenOver?.tentative === true) {
    const plain = { ...asHandedOver, ...(memory === undefined ? {} : { memory }) };
    const whole = decodeBlob(tree, plain);
    if (isWhole(whole)) return { ...whole, takenOver };
    return decodeBlob(tree, { ...plain, takenOver: { why: takenOver.why } });
  }
  const { bytes } = tree;
  if (!isTree(bytes) && !isNamed(options) && options.assume === undefined) {
    const rider = decodeRecordRider(bytes, options);
    if (rider !== undefined) return rider;
  }
  const namedTree = withKernelNames(tree);
  const readable = namedTree ?? tree;
  const diagnostics = fdtDiagnostics(tree);
  const classification = classifyRoot(readable, { ...options, named: isNamed(options) });
  const { kind } = classification;
  const generation = classification.generation ?? (kind === 'handover' ? options.assume : undefined);
  if (classification.undecided !== undefined && generation === undefined) {
    diagnostics.push({
      code: 'generation-undecided',
      message: `${classification.undecided}; choose it with --assume ${GENERATIONS.join('|')}`,
      location: { fdtPath: '/', property: 'compatible' },
    });
  }
  const upstream: Pick<Handover, 'preservedMemoryMap' | 'subtrees'> = {};
  if (isUpstream(generation)) bindRoot(readable, generation, upstream as ModelObject, diagnostics);
  const evidence =
    options.pageSize === undefined && isUpstream(generation)
      ? upstreamPageSize(generation, upstream, options)
      : undefined;
  const handover: Handover = {
    kind,
    ...(generation === undefined ? {} : { generation }),
    pageSize: options.pageSize ?? evidence?.pageSize ?? DEFAULT_PAGE_SIZE,
    ...(evidence === undefined ? {} : { pageSizeReason: evidence.reason }),
    diagnostics,
    tree,
    ...(namedTree === undefined ? {} : { namedTree }),
    ...(options.address === undefined ? {} : { fdtAddress: options.address }),
    ...(options.memory === undefined ? {} : { memory: options.memory }),
    ...(options.broken === undefined ? {} : { brokenEntry: options.broken }),
    ...(classification.unreadable === true ? { unreadableRoot: true } : {}),
    ...upstream,
    ...(options.takenOver === undefined || !isUpstream(generation) ? {} : { takenOver: options.takenOver }),
    ...(options.unrestored === undefined ? {} : { unrestored: options.unrestored }),
  };
  if (namedTree !== undefined) diagnostics.push(NAMES_LOST);
  if (isRfc(generation)) decodeRfc2024(handover, tree, options);
  else if (isUpstream(generation)) decodeUpstream(handover, generation, options);
  else if (handover.kind === 'rider') decodeAlone(handover, bytes, tree, options);
  else if (handover.kind === 'handover') noteEntry(handover, options);
  addImage(handover, options);
  return handover;
}

/** Whether nothing of it is missing or other than it was written. */
function isWhole({ diagnostics, subtrees = [], luo, preservedMap }: Handover): boolean {
  const expectsLuo = subtrees.some(({ name }) => name === 'LUO');
  return diagnostics.length === 0 && preservedMap?.complete === true && (!expectsLuo || luo !== undefined);
}

const NAMES_LOST: Diagnostic = {
  code: 'fdt-names-lost',
  message:
    'the copy is cut off before its property names (as debugfs out/fdt is, from Linux 6.19 on); they are filled in from where the kernel puts them',
  location: { fdtPath: '/' },
};

/** A blob that is not a tree, but one of the records that upstream hands over by themselves. */
function decodeRecordRider(bytes: Uint8Array, options: DecodeOptions): Handover | undefined {
  const handover: Handover = {
    kind: 'rider',
    pageSize: options.pageSize ?? DEFAULT_PAGE_SIZE,
    diagnostics: [],
    ...(options.address === undefined ? {} : { fdtAddress: options.address }),
    ...(options.memory === undefined ? {} : { memory: options.memory }),
  };
  return decodeAlone(handover, bytes, undefined, options) ? handover : undefined;
}

/** A rider's blob on its own; with memory also what it points to. */
function decodeAlone(
  handover: Handover,
  bytes: Uint8Array,
  tree: FdtTree | undefined,
  { memory, address, form }: DecodeOptions,
): boolean {
  const { pageSize, diagnostics } = handover;
  handover.missing ??= [];
  handover.reused ??= noneReused();
  const reporter = createReporter(diagnostics, memory, handover.missing, handover.reused);
  const rider = {
    diagnostics,
    reporter,
    old: form === 'bitmap-512',
    ...(memory === undefined
      ? {}
      : { context: { memory, pageSize, reporter, claimed: new Set<number>(), led: new Set<bigint>() } }),
  };
  const known = decodeRider(handover, rider, undefined, bytes, tree, address);
  reporter.finish();
  return known;
}

function decodeRfc2024(handover: Handover, tree: FdtTree, options: DecodeOptions): void {
  const root = rootNode(tree);
  // The binding's keys are those of Handover; bind.ts knows them only as strings.
  if (root >= 0) bindNode(tree, root, rfc2024.root, handover as unknown as ModelObject, handover.diagnostics);
  if (memProperties(tree).length === MOST_MEM_PROPERTIES)
    handover.diagnostics.push({
      code: 'too-many-nodes',
      message: `so many nodes have mem that no host can have written them: what follows the first ${MOST_MEM_PROPERTIES} is not looked at`,
      location: { fdtPath: '/' },
    });
  shareRecords(tree, handover.domains ?? []);
  handover.preserved = { ranges: memRanges(tree, handover.pageSize) };
  const { memory } = options;
  if (memory === undefined) return;
  const elements = options.setupData === undefined ? findBootParams(memory) : [options.setupData];
  const setupData = options.setupData ?? matchingSetupData(elements, options.address);
  if (setupData?.rfc2024 !== undefined) decodeSetupData(handover, memory, setupData);
  else {
    const stray = strayElements(elements, memory, options.address, tree.bytes.length);
    if (stray.length > 0) handover.strayElements = stray;
  }
  handover.missing ??= [];
  handover.reused ??= noneReused();
  const { diagnostics, missing, reused, pageSize } = handover;
  const reporter = createReporter(diagnostics, memory, missing, reused);
  readTreeMemory({ memory, pageSize, reporter, claimed: new Set(), led: new Set() }, rfc2024.root, handover);
  reporter.finish();
}

/** The element that points to the blob; to any blob of the series when the blob's own address is unknown. */
function matchingSetupData(
  elements: readonly SetupDataKho[],
  address: bigint | undefined,
): SetupDataKho | undefined {
  return elements.find(
    ({ rfc2024: data, fdtAddress }) =>
      data !== undefined && (address === undefined || fdtAddress === address),
  );
}

/**
 * Elements whose scratch holds the tree, though they lead to none: the loader puts the tree nowhere else, and nothing
 * but the loader puts one there. Where some element leads to a tree, the others are left from an earlier boot.
 */
function strayElements(
  elements: readonly SetupDataKho[],
  memory: PhysicalMemory,
  address: bigint | undefined,
  size: number,
): SetupDataKho[] {
  if (address === undefined) return [];
  const stray = elements.filter(({ rfc2024: data }) => {
    if (data === undefined || address < data.scratchAddr) return false;
    return address + BigInt(size) <= data.scratchAddr + data.scratchSize;
  });
  if (stray.length === 0 || elements.length > MAX_ELEMENTS) return [];
  return elements.some(({ fdtAddress }) => readTree(memory, fdtAddress) !== undefined) ? [] : stray;
}

function decodeSetupData(handover: Handover, memory: PhysicalMemory, setupData: SetupDataKho): void {
  const data = setupData.rfc2024;
  if (data === undefined) return;
  handover.setupData = setupData;
  handover.scratch = [{ start: data.scratchAddr, end: data.scratchAddr + data.scratchSize }];
  const bytes = readBytes(
    memory,
    data.memCacheAddr,
    boundedLength(memory, data.memCacheAddr, data.memCacheSize),
  );
  if (bytes === undefined || BigInt(bytes.length) !== data.memCacheSize) {
    handover.missing ??= [];
    handover.missing.push({ part: 'mem-cache', what: 'mem cache', address: data.memCacheAddr });
    handover.diagnostics.push({
      code: 'memory-absent',
      message: `the mem cache at 0x${data.memCacheAddr.toString(16)} (${data.memCacheSize} bytes) is not entirely in ${memory.description}`,
      location: { address: data.memCacheAddr },
    });
    return;
  }
  handover.reused ??= noneReused();
  const reporter = createReporter(handover.diagnostics, memory, handover.missing, handover.reused);
  const at = Number(data.memCacheAddr);
  const around = restOfPage({ memory, pageSize: handover.pageSize }, at + bytes.length);
  clearUnlike(reporter, khoMem, { bytes, at }, 0, bytes.length, 'mem cache', around);
  reporter.finish();
  handover.memCache = recordView(khoMem, bytes);
}

/** `size` as far as memory holds bytes, so that a damaged size allocates nothing. */
function boundedLength(memory: PhysicalMemory, address: bigint, size: bigint): number {
  const start = physicalAddress(address);
  if (start === undefined || size > BigInt(PHYSICAL_LIMIT - start)) return 0;
  const end = start + Number(size);
  return (firstAbsent(memory, start, end) ?? end) - start;
}

/** Whether something names the blob as the root tree that it does not look like. */
function isNamed({ broken, address }: DecodeOptions): boolean {
  return broken !== undefined && broken.address === address;
}

/** What leads to a tree whose generation is not known is judged all the same. */
function noteEntry(handover: Handover, { memory, setupData, scratch }: DecodeOptions): void {
  if (setupData !== undefined) handover.setupData = setupData;
  if (memory !== undefined && scratch !== undefined) handover.scratch = scratch;
}

function addImage(handover: Handover, { memory, image, moreSetupData = [] }: DecodeOptions): void {
  const { setupData } = handover;
  if (memory === undefined) return;
  if (image !== undefined) handover.image = image;
  else if (setupData !== undefined) handover.image = imageParts(memory, [setupData, ...moreSetupData]);
}

function fdtDiagnostics(tree: FdtTree): Diagnostic[] {
  return tree.diagnostics.map(({ code, message, offset, path }) => ({
    code: `fdt-${code}`,
    message,
    location: { ...(path === undefined ? {} : { fdtPath: path }), fileOffset: BigInt(offset) },
  }));
}

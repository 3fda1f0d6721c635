/** A root tree of Linux 6.16 or later, and its memory → the typed model. */
import type { AddressRange, Form, Generation, Handover, SetupDataKho } from '../../abi/model.js';
import { recordView } from '../../abi/record-view.js';
import type { PreservedMap, PreservedPages } from '../../abi/upstream/model.js';
import { type FdtTree, parseFdt } from '../../fdt/parse.js';
import { rootNode } from '../../fdt/tree.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { readBytes } from '../../memory/read.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { KHO_DATA_RFC2024_SIZE, SETUP_DATA_SIZE } from '../../records/kho.js';
import { KHO_DATA_SIZE, KHO_SCRATCH_SIZE, khoScratch, readKhoData } from '../../records/kho_root.js';
import { khoTestForm } from '../../structures/kho-test/binding.js';
import { SMALL_BITMAP } from '../../structures/map/bitmaps.js';
import { radixShape } from '../../structures/map/shape.js';
import { type UpstreamGeneration, upstreamRoots } from '../../structures/root/tree.js';
import { FACTS } from '../../versions/generations.js';
import { inferWriter } from '../../versions/writer.js';
import { bindNode, type ModelObject } from '../bind.js';
import { dataView } from '../bytes.js';
import { readTree } from '../find-search.js';
import type { ChunkEvidence } from './bitmap-form.js';
import type { Context } from './context.js';
import { decodeChunks } from './map-chunks.js';
import { decodeRadix } from './map-radix.js';
import { findPageSize, isShortRadix } from './page-size.js';
import { createReporter, type Reporter } from './report.js';
import { clearUnlike, noneReused, restOfPage } from './reused.js';
import { decodeRiders } from './riders.js';

/** A scratch array larger than this is not believed: one region a NUMA node. */
const MAX_SCRATCH = 65536;

/** What is known beside the tree. */
export interface UpstreamOptions {
  readonly address?: bigint;
  readonly memory?: PhysicalMemory;
  readonly setupData?: SetupDataKho;
  readonly form?: Form;
  /** Kernel release of the old kernel. */
  readonly release?: string;
  readonly pageSize?: number;
  readonly scratch?: readonly AddressRange[];
}

/** Whether a generation is one of Linux 6.16 or later. */
export function isUpstream(generation: Generation | undefined): generation is UpstreamGeneration {
  return generation !== undefined && generation in upstreamRoots;
}

/** Properties and children of the root, before anything is known of the memory. */
export function bindRoot(
  tree: FdtTree,
  generation: UpstreamGeneration,
  target: ModelObject,
  diagnostics: Handover['diagnostics'],
): void {
  const root = rootNode(tree);
  if (root >= 0) bindNode(tree, root, upstreamRoots[generation].root, target, diagnostics);
}

/** The page size of a handover whose root is bound; undefined when nothing tells. */
export function upstreamPageSize(
  generation: UpstreamGeneration,
  root: Pick<Handover, 'preservedMemoryMap' | 'subtrees'>,
  { memory, address, setupData, form }: UpstreamOptions,
): { pageSize: number; reason: string } | undefined {
  if (memory === undefined) return undefined;
  const payload = setupData === undefined ? undefined : withPayload(memory, setupData);
  return findPageSize({
    generation,
    memory,
    map: root.preservedMemoryMap ?? 0n,
    subtrees: root.subtrees ?? [],
    ...(address === undefined ? {} : { fdtAddress: address }),
    ...(payload === undefined ? {} : { setupData: payload }),
    ...(form === undefined ? {} : { form }),
  });
}

/** Decodes the memory that a bound root points to. */
export function decodeUpstream(
  handover: Handover,
  generation: UpstreamGeneration,
  options: UpstreamOptions,
): void {
  const { memory } = options;
  handover.missing ??= [];
  handover.reused ??= noneReused();
  const reporter = createReporter(handover.diagnostics, memory, handover.missing, handover.reused);
  if (options.scratch !== undefined) handover.scratch = options.scratch;
  if (options.release !== undefined) handover.writerRelease = options.release;
  if (handover.takenOver !== undefined) {
    handover.diagnostics.push({
      code: 'taken-over',
      message: `the kernel of this dump has taken over the tree, so the parts that it consumes (the map, LUO, kho_test) are not what was handed over, and are skipped: ${handover.takenOver.why}`,
      location: { fdtPath: '/' },
    });
  }
  if (memory !== undefined) {
    if (options.setupData !== undefined) readScratch(handover, memory, options.setupData, reporter);
    if (handover.takenOver === undefined) decodeMap(handover, generation, memory, options, reporter);
    const context: Context = {
      memory,
      pageSize: handover.pageSize,
      reporter,
      claimed: new Set(),
      led: new Set(),
    };
    const old = handover.preservedMap?.bitmapSize === SMALL_BITMAP;
    decodeRiders(handover, { diagnostics: handover.diagnostics, reporter, context, old });
  }
  reporter.finish();
}

function withPayload(memory: PhysicalMemory, setupData: SetupDataKho): SetupDataKho {
  if (setupData.khoData !== undefined || setupData.len === KHO_DATA_RFC2024_SIZE) return setupData;
  const bytes = readBytes(memory, setupData.element + BigInt(SETUP_DATA_SIZE), KHO_DATA_SIZE);
  return bytes === undefined ? setupData : { ...setupData, khoData: readKhoData(dataView(bytes), 0) };
}

function readScratch(
  handover: Handover,
  memory: PhysicalMemory,
  found: SetupDataKho,
  reporter: Reporter,
): void {
  const setupData = withPayload(memory, found);
  handover.setupData = setupData;
  if (setupData.khoData === undefined) return;
  const { scratchAddr, scratchSize } = setupData.khoData;
  const limited = scratchSize < BigInt(MAX_SCRATCH) ? Number(scratchSize) : MAX_SCRATCH;
  const bytes = readBytes(memory, scratchAddr, limited - (limited % KHO_SCRATCH_SIZE));
  if (bytes === undefined) {
    reporter.of('scratch').absent('scratch array', scratchAddr);
    return;
  }
  const at = Number(scratchAddr);
  const around = restOfPage({ memory, pageSize: handover.pageSize }, at + bytes.length);
  clearUnlike(reporter, khoScratch, { bytes, at }, 0, bytes.length, 'scratch array', around);
  handover.scratch = [...recordView(khoScratch, bytes)].map(({ addr, size }) => ({
    start: addr,
    end: addr + size,
  }));
}

function decodeMap(
  handover: Handover,
  generation: UpstreamGeneration,
  memory: PhysicalMemory,
  options: UpstreamOptions,
  reporter: Reporter,
): void {
  const { preservedMemoryMap: head, pageSize, subtrees = [] } = handover;
  const { address, form, release } = options;
  if (head === undefined) {
    reporter.add('map-missing', 'the root has no preserved-memory-map', {
      fdtPath: '/',
      property: 'preserved-memory-map',
    });
    return;
  }
  if (FACTS[generation].map === 'chunks') {
    const known = [
      ...(address === undefined ? [] : [{ address, what: 'the root tree' }]),
      ...subtrees.flatMap(({ name, address: at }) =>
        at === undefined ? [] : [{ address: at, what: `the blob of ${name}` }],
      ),
    ];
    const luo = subtrees.some(({ name }) => name === 'LUO');
    const evidence = {
      luo,
      known,
      ...(form === undefined ? {} : { form }),
      ...(release === undefined ? {} : { release }),
      ...writerEvidence(handover, generation, memory),
    };
    setMap(handover, decodeChunks(memory, head, pageSize, evidence, reporter.of('map')));
    return;
  }
  if (head === 0n) {
    reporter.add('map-missing', 'preserved-memory-map is 0: nothing is preserved', {
      fdtPath: '/',
      property: 'preserved-memory-map',
    });
    return;
  }
  const evidence = {
    generation,
    memory,
    map: head,
    subtrees,
    ...(address === undefined ? {} : { fdtAddress: address }),
  };
  const short = form === undefined && isShortRadix(evidence, pageSize);
  const shape = radixShape(generation, pageSize, short ? 'radix-4-levels' : form);
  setMap(handover, decodeRadix(memory, head, shape, reporter.of('map')));
}

/** What the tree and the one rider whose form changed with the bitmaps tell of the map's form. */
function writerEvidence(
  { tree, subtrees = [] }: Handover,
  kho: UpstreamGeneration,
  memory: PhysicalMemory,
): Pick<ChunkEvidence, 'writer'> {
  const test = subtrees.find(({ name }) => name === 'kho_test')?.address;
  const blob = test === undefined ? undefined : readTree(memory, test);
  const khoTest = blob === undefined ? undefined : khoTestForm(parseFdt(blob));
  const editedTree = subtrees.length > 0 && tree?.header?.offMemRsvmap === FDT_HEADER_SIZE;
  const facts = {
    kho,
    files: [],
    ...(khoTest === undefined ? {} : { khoTest }),
    ...(editedTree ? { editedTree } : {}),
  };
  const { map } = inferWriter(facts);
  if (map === undefined || map === 'radix') return {};
  const reason = [
    ...(khoTest === undefined
      ? []
      : [`kho_test lists its folios ${khoTest === 'inline' ? 'in its tree' : 'in a vmalloc area'}`]),
    ...(editedTree ? ['the root tree was edited in place'] : []),
  ].join(', ');
  return {
    writer: {
      form: map,
      reason: `${reason}, as Linux does ${map === 'bitmap-512' ? 'up to 6.17' : 'from 6.18 on'}`,
    },
  };
}

/** A map that is not whole and shows no block, as where it is absent, leaves open what is preserved. */
function setMap(
  handover: Handover,
  { map, pages }: { readonly map: PreservedMap; readonly pages: PreservedPages },
): void {
  handover.preservedMap = map;
  if (!map.complete && pages.countBlocks() === 0) return;
  handover.preserved = { ranges: { [Symbol.iterator]: () => pages.ranges()[Symbol.iterator]() }, pages };
}

/** What a synthesised dump of the 2024 series has in it, in the form of `dump --format json`. */
import type { RecordView } from '../abi/record-view.js';
import { KHO_MEM_NOINIT } from '../decode/mem-properties.js';
import type { KhoMem } from '../records/kho.js';
import {
  blocksOf,
  fileInode,
  mappingPage,
  type RfcFile,
  type RfcFiles,
  rootInode,
  superblockOf,
} from './rfc-files.js';
import type { RfcLayout } from './rfc-layout.js';
import type { RfcModel } from './rfc-model.js';
import type { RfcPlan } from './rfc-plan.js';

type Json = { readonly [key: string]: unknown };

const BLOCK = 0x200000n;

/** What is known once the tree is made. */
export interface Loaded {
  readonly setupData: Json;
  /** Bytes of the tree. */
  readonly size: number;
  readonly cache: RecordView<KhoMem>;
}

export function rfcAccount(
  plan: RfcPlan,
  layout: RfcLayout,
  files: RfcFiles,
  { domains, iommufds, guestmemfs, ftrace }: RfcModel,
  { setupData, size, cache }: Loaded,
): Json {
  return {
    schemaVersion: 1,
    kind: 'handover',
    generation: plan.abi,
    pageSize: 4096,
    diagnostics: [],
    fdt: { address: BigInt(layout.tree), size },
    setupData,
    preserved: { ranges: [...rangesOf(cache)] },
    scratch: [{ start: BigInt(layout.scratch), end: BigInt(layout.scratch + layout.scratchSize) }],
    memCache: cache,
    iommufds,
    domains: domains?.map(({ persistentId, pgd, agaw, mem, devices }) => ({
      persistentId,
      pgd,
      agaw,
      mem,
      devices: devices?.map(({ bus, devfn }) => ({ bus, devfn })),
    })),
    guestmemfs: {
      ...guestmemfs,
      superblockRecord: superblockOf(files, layout),
      index: files.list.map(({ ino }) => ino),
      files: files.list.map((file, i) => fileJson(files, file, i, layout)),
      inodes: [rootJson(files)],
    },
    ftrace,
  };
}

/** What the entries of a correct cache keep, flags aside: merged, as they are sorted. */
function* rangesOf(cache: RecordView<KhoMem>): Generator<{ start: bigint; end: bigint }> {
  let last: { start: bigint; end: bigint } | undefined;
  for (const { addr, len } of cache) {
    const start = addr & ~KHO_MEM_NOINIT;
    if (last !== undefined && last.end === start) last.end = start + len;
    else {
      if (last !== undefined) yield last;
      last = { start, end: start + len };
    }
  }
  if (last !== undefined) yield last;
}

function fileJson(files: RfcFiles, file: RfcFile, position: number, layout: RfcLayout): Json {
  const { flags, siblingIno, childIno, mappings } = fileInode(files, position, layout);
  const runs: { block: bigint; count: number }[] = [];
  for (const block of blocksOf(files, file)) {
    const last = runs.at(-1);
    if (last !== undefined && last.block + BigInt(last.count) === block) last.count++;
    else runs.push({ block, count: 1 });
  }
  const base = BigInt(layout.region);
  return {
    name: file.name,
    ino: file.ino,
    flags,
    siblingIno,
    childIno,
    mappings,
    numMappings: file.blocks,
    longTermPins: file.pins,
    mappingPage: BigInt(mappingPage(layout, position)),
    blocks: runs.map(({ block, count }) => (count === 1 ? { block } : { block, count })),
    extents: runs.map(({ block, count }) => ({
      start: base + block * BLOCK,
      end: base + (block + BigInt(count)) * BLOCK,
    })),
  };
}

function rootJson(files: RfcFiles): Json {
  const { flags, siblingIno, childIno, mappings, numMappings, longTermPins } = rootInode(files);
  return { ino: 1, filename: '.', flags, siblingIno, childIno, mappings, numMappings, longTermPins };
}

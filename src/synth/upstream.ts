/** An upstream handover from its plan: where everything is, the bytes, and the account of it. */

import { encodeBlob } from '../encode/blob.js';
import { riderRecord, writeRider } from '../encode/structures/rider.js';
import { writeBoot } from '../encode/upstream/boot.js';
import { hex } from '../schema/units.js';
import { formById } from '../structures/index.js';
import { kexecMetadata } from '../structures/kexec-metadata/binding.js';
import { luo as luoRider } from '../structures/luo/binding.js';
import { bitmapSizeOf } from '../structures/map/bitmaps.js';
import { layChunks, layRadix } from '../structures/map/layout.js';
import { radixShape } from '../structures/map/shape.js';
import { memblockV1, RESERVE_MEM } from '../structures/memblock/binding.js';
import { moreChildProperties } from '../structures/root/tree.js';
import { FACTS } from '../versions/generations.js';
import type { Json } from './document.js';
import { createGuest, type Guest } from './guest.js';
import { layIommu } from './iommu/iommu.js';
import { type KeptBlocks, keptBlocks } from './kept.js';
import { layKhoTest } from './kho-test.js';
import { layLuo } from './luo.js';
import { type LaidMore, layMore, layMoreChildren } from './more.js';
import { createRandom, hash, type Random } from './random.js';
import { bytesRegion, pagesRegion } from './regions.js';
import { createSpace, placeOf, type Space, splitRange } from './space.js';
import type { Parts } from './synthesis.js';
import { treeAccount } from './tree-account.js';
import type { UpstreamPlan } from './upstream-plan.js';

const GIB = 2 ** 30;
/** In GiB, the end of what has the interrupt range. */
const ABOVE_MSI = 4;
/** MAX_PAGE_ORDER by page size: scratch regions are made of such blocks. */
const MAX_PAGE_ORDER: Readonly<Record<number, number>> = { 4096: 10, 16384: 11, 65536: 13 };
/** Alignment of what the loader places in scratch. */
const LOAD_ALIGN = 0x10000;
const KHO_DATA_SIZE = 32;

/** A child of the root, with its blob in its place. */
interface Child {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  /** Its key in the document and its value; without a key that is of the child. */
  readonly key: string | undefined;
  readonly account: Json;
}

/** Lays out what a plan says. */
export function layUpstream(plan: UpstreamPlan): Parts {
  const { pageSize, key, abi } = plan;
  const random = createRandom(BigInt(key), 0x5ace);
  const scratch = scratchOf(plan, random);
  const afterScratch = Math.ceil((scratch.at(-1)?.end ?? 0) / GIB) + random.between(0, 15);
  // Devices do not reach what is around 0xfee00000, so that their guests have other memory.
  const guestBase = (plan.iommu === undefined ? afterScratch : Math.max(afterScratch, ABOVE_MSI)) * GIB;
  const guest = guestOf(plan, guestBase, random);
  const space = createSpace(
    pageSize,
    guestBase + guest.units * guest.unitPages * pageSize + random.below(64) * pageSize,
    random,
  );
  const fdtAddress = space.keep(0);
  const { children, parts } = layChildren(plan, space, guest);
  const kept = keptBlocks(pageSize, space.kept, [guest]);
  const take = (pages: number): number => space.take(pages);
  const shape = radixShape(abi, pageSize);
  const bitmapSize = plan.map === 'radix' ? undefined : bitmapSizeOf(plan.map, pageSize);
  const map = bitmapSize === undefined ? layRadix(kept, shape, take) : layChunks(kept, bitmapSize, take);
  const { sized, writtenOnce } = FACTS[abi];
  const subtrees = children.map(({ name, address, size, key: part, account }) => ({
    name,
    address: hex(address),
    ...(sized ? { size: hex(size) } : {}),
    ...Object.fromEntries(moreChildProperties(abi).map(({ key }) => [key, hex(0n)])),
    ...(part === undefined ? account : {}),
  }));
  const { bytes: blob } = encodeBlob({
    kind: 'handover',
    generation: abi,
    subtrees,
    preservedMemoryMap: hex(map.address),
    // Where the reserve map is tells a tree that was edited in place.
    ...(plan.editedTree && writtenOnce !== undefined ? { fdt: { header: { offMemRsvmap: 40 } } } : {}),
  });
  for (const { what, address, count, write } of map.parts)
    space.regions.push(pagesRegion(what, address, pageSize, count, write));
  space.regions.push(bytesRegion('the tree', fdtAddress, blob));
  const scratchJson = scratch.map(({ start, end }) => ({ start: hex(start), end: hex(end) }));
  const setupData = pageSize === 4096 ? layBoot(space, scratchJson, scratch, fdtAddress, random) : undefined;
  return {
    generation: abi,
    pageSize,
    machine: pageSize === 4096 ? 'x86-64' : 'arm64',
    release: plan.release,
    regions: space.regions,
    fdtAddress: BigInt(fdtAddress),
    blob,
    makeAccount: () => ({
      schemaVersion: 1,
      kind: 'handover',
      generation: abi,
      pageSize,
      diagnostics: [],
      fdt: treeAccount(BigInt(fdtAddress), blob),
      ...(setupData === undefined ? {} : { setupData }),
      preserved: preservedJson(kept),
      ...(setupData === undefined ? {} : { scratch: scratchJson }),
      preservedMemoryMap: hex(map.address),
      preservedMap: {
        ...(bitmapSize === undefined
          ? { form: 'radix', depth: shape.depth }
          : { form: 'chunks', bitmapSize }),
        complete: true,
      },
      subtrees,
      ...Object.fromEntries(
        children.flatMap(({ key: part, account }) => (part === undefined ? [] : [[part, account]])),
      ),
      ...parts,
    }),
    messages: [],
  };
}

/** Scratch regions: low, global, and one per node. */
function scratchOf(
  { pageSize, scratchNodes }: UpstreamPlan,
  random: Random,
): { start: number; end: number }[] {
  const unit = pageSize * 2 ** (MAX_PAGE_ORDER[pageSize] ?? 10);
  let next = GIB;
  return Array.from({ length: 2 + scratchNodes }, () => {
    const start = next + random.between(1, 8) * unit;
    next = start + random.between(1, 8) * unit;
    return { start, end: next };
  });
}

function guestOf({ pageSize, key, fragmentation, luo }: UpstreamPlan, base: number, random: Random): Guest {
  const files = (luo?.sessions ?? []).flatMap((session) =>
    session.files.map(({ size, holes }) => ({
      pages: Number((size + BigInt(pageSize - 1)) / BigInt(pageSize)),
      holes,
    })),
  );
  return createGuest({
    pageSize,
    base,
    key: hash(key, 0x9e57),
    fragmentation,
    files,
    spareUnits: random.below(4),
  });
}

/** The blobs, with what stands at the top of a document beside them, in the order of the tree's nodes: newest first where the tree is edited in place. */
function layChildren(
  plan: UpstreamPlan,
  space: Space,
  guest: Guest,
): { readonly children: Child[]; readonly parts: Json } {
  const { key, reserveMem, kexecCount, khoTest, luo, release } = plan;
  const children: Child[] = [];
  const parts: { [key: string]: unknown } = {};
  const forms = (plan.more ?? []).flatMap((id) => formById(id) ?? []);
  const add = (name: string, part: string | undefined, bytes: Uint8Array, account: Json, order = 0): void => {
    const address = space.keep(order);
    space.regions.push(bytesRegion(`blob of ${name}`, address, bytes));
    children.push({
      name,
      address,
      size: bytes.length,
      key: part,
      account: part === undefined ? account : { ...account, address: hex(address) },
    });
  };
  if (kexecCount !== undefined) {
    const metadata = { version: 1, previousRelease: release, kexecCount };
    const bytes = riderRecord({ kexecMetadata: metadata }, kexecMetadata.name);
    if (bytes !== undefined) add('kexec-metadata', 'kexecMetadata', bytes, metadata);
  }
  if (luo !== undefined) {
    const laidMore: LaidMore[] = [
      ...(plan.iommu === undefined
        ? []
        : [
            layIommu(space, { ...plan.iommu, abi: plan.abi }, luo, guest, createRandom(BigInt(key), 0x10440)),
          ]),
      ...(forms.length === 0 ? [] : [layMore(space, forms, createRandom(BigInt(key), 0x5717))]),
    ];
    const order = { key: hash(key, 0x1157), disorder: plan.fragmentation };
    const laid = layLuo(space, luo, guest, order, laidMore);
    for (const each of laidMore) Object.assign(parts, each.parts);
    const written = writeRider(placeOf(space), luoRider, laid.encoded, parts);
    const bytes =
      riderRecord({ luo: written }, luoRider.name) ?? encodeBlob({ kind: 'rider', luo: written }).bytes;
    add('LUO', 'luo', bytes, laid.account);
  }
  if (khoTest !== undefined) {
    const { encoded, account } = layKhoTest(space, khoTest, hash(key, 0x7e57));
    const { bytes } = encodeBlob({ kind: 'rider', khoTest: encoded });
    // The test allocates room for the list itself and a page more.
    const pages = Math.ceil((8 * khoTest.orders.length + plan.pageSize) / plan.pageSize);
    add('kho_test', 'khoTest', bytes, account, Math.ceil(Math.log2(pages)));
  }
  if (reserveMem.length > 0) {
    const regions = reserveMem.map(({ name, pages, align }) => {
      const start = space.take(pages, 2 ** align);
      space.kept.push(...splitRange(start / plan.pageSize, pages));
      return { name, start: hex(start), size: hex(pages * plan.pageSize), compatible: RESERVE_MEM };
    });
    const memblock = { compatible: memblockV1.compatible, regions };
    add('memblock', 'memblock', encodeBlob({ kind: 'rider', memblock }).bytes, memblock);
  }
  for (const { name, blob, account } of layMoreChildren(space, forms, createRandom(BigInt(key), 0xc41d)))
    add(name, undefined, blob, account);
  return { children: plan.editedTree ? children.reverse() : children, parts };
}

/** boot_params, the setup_data element and the scratch array, as an x86 loader places them in scratch. */
function layBoot(
  space: Space,
  scratchJson: readonly Json[],
  scratch: readonly { readonly start: number; readonly end: number }[],
  fdtAddress: number,
  random: Random,
): Json {
  const start = scratch[0]?.start ?? 0;
  const bootParams = start + random.between(1, 100) * space.pageSize;
  const setupData = {
    bootParams: hex(bootParams),
    address: hex(bootParams + 2 * space.pageSize + random.below(64) * 16),
    scratchAddr: hex(start + random.between(8, 40) * LOAD_ALIGN),
    fdtSize: hex(space.pageSize),
    scratchSize: hex(16 * scratch.length),
  };
  writeBoot(placeOf(space), setupData, { scratch: scratchJson }, BigInt(fdtAddress));
  const { bootParams: page, address, ...rest } = setupData;
  return { bootParams: page, address, len: KHO_DATA_SIZE, fdtAddr: hex(fdtAddress), ...rest };
}

function preservedJson(kept: KeptBlocks): Json {
  return {
    ranges: { [Symbol.iterator]: () => rangesOf(kept) },
    pages: {
      *[Symbol.iterator]() {
        for (const { address, order, count } of kept.blocks()) {
          yield count === 1 ? { address, order } : { address, order, count };
        }
      },
    },
  };
}

function* rangesOf(kept: KeptBlocks): Generator<{ start: bigint; end: bigint }> {
  const page = BigInt(kept.pageSize);
  let start = -1n;
  let end = -1n;
  for (const { address, order, count } of kept.blocks()) {
    if (address !== end) {
      if (end >= 0n) yield { start, end };
      start = address;
    }
    end = address + BigInt(count) * (page << BigInt(order));
  }
  if (end >= 0n) yield { start, end };
}

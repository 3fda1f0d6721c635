/** Linked pages that decoding has followed: vmalloc list pages and kho_block pages. */
import type { Location } from '../abi/model.js';
import { perHandover } from '../abi/per-handover.js';
import type { Subject } from '../abi/subject.js';
import type { BlockInfo, VmallocArea } from '../abi/upstream/model.js';
import { dataView } from '../decode/bytes.js';
import { readKnown } from '../decode/upstream/pages.js';
import { vmallocCapacity } from '../decode/upstream/vmalloc.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { physicalAddress, readBytes } from '../memory/read.js';
import { KHO_VMALLOC_HDR, KHO_VMALLOC_HDR_SIZE } from '../records/vmalloc.js';
import { listCapacity } from '../structures/structure.js';
import type { Claim } from './claim.js';
import { claimsOf } from './claims.js';
import { draftClaims, riderClaims } from './held.js';
import type { Place } from './place.js';

/** Why a chain does not end in 0. */
export interface BrokenChain {
  /**
   * - `loop`: it leads back to a page of its own;
   * - `shared`: it continues in a page of another chain;
   * - `pointer`: it continues at no physical address;
   * - `absent`: the next page is not in the dump;
   * - `unread`: decoding has stopped, as it had found more than there should be.
   */
  readonly kind: 'loop' | 'shared' | 'pointer' | 'absent' | 'unread';
  readonly next: bigint;
}

/** A list page of a vmalloc area. */
export interface ListPage {
  readonly address: number;
  /** Runs before the first 0. */
  readonly used: number;
  /** Whether there are non-zero entries after the first 0. */
  readonly stray: boolean;
}

/** A vmalloc area, and whose it is. */
export interface PlacedArea {
  readonly owner: string;
  readonly place: Place;
  readonly subject: Subject;
  readonly area: VmallocArea;
  /** Whose descriptor it is. */
  readonly location: Location;
  /** Where its fields are. */
  readonly descriptor: Location;
  readonly pages: readonly ListPage[];
  readonly broken: BrokenChain | undefined;
}

/** A block list, and whose it is. */
export interface PlacedList {
  /** `sessions`, or `files of session "vm0"`. */
  readonly what: string;
  readonly place: Place;
  readonly subject: Subject;
  readonly head: bigint;
  /** Where the head is. */
  readonly location: Location;
  readonly blocks: readonly BlockInfo[];
  /** Records that fit a block. */
  readonly capacity: number;
  readonly broken: BrokenChain | undefined;
}

const ADDRESS = BigUint64Array.BYTES_PER_ELEMENT;

/** Every vmalloc area: the folio lists of files, and kho_test's. */
export const findAreas = perHandover((handover): readonly PlacedArea[] => {
  const { memory, pageSize } = handover;
  if (memory === undefined) return [];
  const claims = claimsOf(handover).flatMap((claim) =>
    claim.area === undefined ? [] : [{ ...claim, area: claim.area }],
  );
  const isFile = (claim: Claim): boolean => claim.place.token !== undefined;
  // Those of files first.
  const found = [...claims.filter(isFile), ...claims.filter((claim) => !isFile(claim))].map(
    ({ name: owner, place, subject, area, by: location = {}, descriptor = location }) => ({
      ...{ owner, place, subject, area, location, descriptor },
    }),
  );
  const frames = new Set(
    found.flatMap(({ area }) => Array.from(area.chunks, (at) => Math.floor(at / pageSize))),
  );
  return found.map((each) => {
    const { area } = each;
    const { next, pages, absentAt } = readListPages(memory, pageSize, area);
    const own = new Set(Array.from(area.chunks, (at) => Math.floor(at / pageSize)));
    const broken: BrokenChain | undefined =
      absentAt === undefined
        ? brokenAt(memory, pageSize, next, own, frames)
        : { kind: 'absent', next: BigInt(absentAt) };
    return { ...each, pages, broken };
  });
});

/** The list pages of an area; of a page that the dump holds in part no more is known than where it ends. */
function readListPages(
  memory: PhysicalMemory,
  pageSize: number,
  { chunks, descriptor }: VmallocArea,
): { next: bigint; pages: ListPage[]; absentAt?: number } {
  const pages: ListPage[] = [];
  let next = descriptor.first;
  for (const address of chunks) {
    const page = readKnown(memory, address, pageSize);
    if (page === undefined || page.absentAt !== undefined)
      return { next, pages, absentAt: page?.absentAt ?? address };
    const view = dataView(page.bytes);
    next = view.getBigUint64(KHO_VMALLOC_HDR.next, true);
    let used = 0;
    let stray = false;
    let ended = false;
    for (let i = 0; i < vmallocCapacity(pageSize); i++) {
      const at = KHO_VMALLOC_HDR_SIZE + i * ADDRESS;
      const zero = view.getUint32(at) === 0 && view.getUint32(at + 4) === 0;
      if (zero) ended = true;
      else if (ended) stray = true;
      else used++;
    }
    pages.push({ address, used, stray });
  }
  return { next, pages };
}

/** Every block list: LUO's own of luo-v4 on, and those of what hangs on its FLBs and files. */
export const findLists = perHandover((handover): readonly PlacedList[] => {
  const { memory, pageSize } = handover;
  if (memory === undefined) return [];
  const found = [...riderClaims(handover), ...draftClaims(handover)].flatMap(
    ({ linked, place, subject, by: location = {} }) => {
      if (linked?.field.chain.page !== 'block') return [];
      const { field, list: what, head, pages: blocks } = linked;
      return [{ what, place, subject, head, location, blocks, capacity: listCapacity(field, pageSize) }];
    },
  );
  const frames = new Set(found.flatMap(({ blocks }) => blocks.map((block) => frameOf(block, pageSize))));
  return found.map((list) => {
    const own = new Set(list.blocks.map((block) => frameOf(block, pageSize)));
    const next = list.blocks.at(-1)?.next ?? list.head;
    return { ...list, broken: brokenAt(memory, pageSize, next, own, frames) };
  });
});

function frameOf({ address }: BlockInfo, pageSize: number): number {
  return Math.floor(Number(address) / pageSize);
}

function brokenAt(
  memory: PhysicalMemory,
  pageSize: number,
  next: bigint,
  own: ReadonlySet<number>,
  all: ReadonlySet<number>,
): BrokenChain | undefined {
  if (next === 0n) return undefined;
  const at = physicalAddress(next);
  if (at === undefined) return { kind: 'pointer', next };
  const frame = Math.floor(at / pageSize);
  if (own.has(frame)) return { kind: 'loop', next };
  if (all.has(frame)) return { kind: 'shared', next };
  return { kind: readBytes(memory, at, 1) === undefined ? 'absent' : 'unread', next };
}

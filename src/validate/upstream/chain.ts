/** Linked pages that decoding has followed: vmalloc list pages and kho_block pages. */
import type { Handover, Location } from '../../abi/model.js';
import type { BlockInfo, LuoSession, VmallocArea } from '../../abi/upstream/model.js';
import { chainCapacity } from '../../decode/upstream/chain.js';
import { vmallocCapacity } from '../../decode/upstream/vmalloc.js';
import { findProperty, rootNode, valueOffset } from '../../fdt/tree.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { physicalAddress, readBytes } from '../../memory/read.js';
import { LUO_FILE_SER_SIZE, LUO_SESSION_SER_SIZE } from '../../records/luo.js';
import { KHO_VMALLOC_HDR, KHO_VMALLOC_HDR_SIZE } from '../../records/vmalloc.js';
import { blockCapacity } from '../../structures/blocks.js';
import { DRAFTS, folioListsOf, formById } from '../../structures/index.js';
import type { StructureModel } from '../../structures/model.js';
import { perHandover } from '../per-handover.js';
import type { Subject } from '../rule.js';
import { linksOf } from '../structures/generic.js';
import { heldOf } from '../structures/held.js';
import { fileSubject, sessionSubject } from '../subject.js';
import { hex } from '../text.js';
import { quoted } from './blobs.js';

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
  readonly subject: Subject;
  readonly area: VmallocArea;
  /** Whose descriptor it is. */
  readonly location: Location;
  /** Where its fields are. */
  readonly descriptor: Location;
  readonly pages: readonly ListPage[];
  readonly broken: BrokenChain | undefined;
}

/** A block list of LUO, and whose it is. */
export interface PlacedList {
  /** `sessions`, or `files of session "vm0"`. */
  readonly what: string;
  readonly subject: Subject;
  readonly of: 'sessions' | 'files' | 'structure';
  readonly head: bigint;
  /** Where the head is. */
  readonly location: Location;
  readonly blocks: readonly BlockInfo[];
  /** Records that fit a block. */
  readonly capacity: number;
  readonly broken: BrokenChain | undefined;
}

const ADDRESS = BigUint64Array.BYTES_PER_ELEMENT;

/** The field of a file's record that has the descriptor of its list, and where it begins in the record. */
function descriptorField({ form }: StructureModel): { name: string; offset: bigint } | undefined {
  const root = formById(form)?.root;
  const [id] = Object.entries(root?.fields ?? {}).find(([, { kind }]) => kind === 'folios') ?? [];
  const info = root?.record.fields.find((each) => each.id === id);
  if (info === undefined) return undefined;
  return { name: `${root?.record.name}.${id}`, offset: BigInt((info.bitOffset ?? 0) / 8) };
}

/** Where the value of kho_test's property is. */
function testDescriptor({ subtrees, khoTest }: Handover): Location {
  const origin = khoTest?.origin?.address;
  const tree = subtrees?.find(({ address }) => address !== undefined && address === origin)?.tree;
  if (tree === undefined || origin === undefined) return {};
  const offset = valueOffset(tree, findProperty(tree, rootNode(tree), 'folios_info'));
  return offset === undefined ? {} : { address: origin + BigInt(offset) };
}

/** Every vmalloc area: the folio lists of files, and kho_test's. */
export const findAreas = perHandover((handover): readonly PlacedArea[] => {
  const { luo, khoTest, memory, pageSize } = handover;
  if (memory === undefined) return [];
  const found: Omit<PlacedArea, 'broken' | 'pages'>[] = [];
  for (const { name, files = [] } of luo?.sessions ?? []) {
    for (const file of files) {
      for (const { subject, list } of folioListsOf(file)) {
        const model = list as typeof list & StructureModel;
        const field = descriptorField(model);
        found.push({
          owner: `the ${subject.what} of token ${hex(file.token)}, session ${quoted(name)}`,
          subject: fileSubject({ name }, file),
          area: list.area,
          location: { ...place(model.address), ...(field === undefined ? {} : { field: field.name }) },
          descriptor:
            model.address === undefined || field === undefined
              ? {}
              : { address: model.address + field.offset },
        });
      }
    }
  }
  if (khoTest?.area !== undefined) {
    const location = { ...place(khoTest.origin?.address), property: 'folios_info' };
    const descriptor = { ...testDescriptor(handover), property: 'folios_info' };
    found.push({
      owner: 'kho_test',
      subject: { node: 'kho_test' },
      area: khoTest.area,
      location,
      descriptor,
    });
  }
  const frames = new Set(
    found.flatMap(({ area }) => Array.from(area.chunks, (at) => Math.floor(at / pageSize))),
  );
  return found.map((each) => {
    const { area } = each;
    const { next, pages } = readListPages(memory, pageSize, area);
    const own = new Set(Array.from(area.chunks, (at) => Math.floor(at / pageSize)));
    return { ...each, pages, broken: brokenAt(memory, pageSize, next, own, frames) };
  });
});

function place(address: bigint | undefined): Location {
  return address === undefined ? {} : { address };
}

function readListPages(
  memory: PhysicalMemory,
  pageSize: number,
  { chunks, descriptor }: VmallocArea,
): { next: bigint; pages: ListPage[] } {
  const bytes = new Uint8Array(pageSize);
  const view = new DataView(bytes.buffer);
  const pages: ListPage[] = [];
  let next = descriptor.first;
  for (const address of chunks) {
    bytes.fill(0);
    memory.read(address, pageSize, bytes);
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

/** Every block list: the sessions of luo-v4 on, and each session's files of luo-v5. */
export const findLists = perHandover((handover): readonly PlacedList[] => {
  const { luo, memory, pageSize } = handover;
  if (luo === undefined || memory === undefined) return [];
  const found: Omit<PlacedList, 'broken'>[] = [];
  if (luo.sessionBlocks !== undefined && luo.sessionsAddress !== undefined) {
    found.push({
      what: 'sessions',
      subject: {},
      of: 'sessions',
      head: luo.sessionsAddress,
      location: { ...place(luo.origin?.address), field: 'luo_ser.sessions_pa' },
      blocks: luo.sessionBlocks,
      capacity: blockCapacity(pageSize, LUO_SESSION_SER_SIZE),
    });
  }
  for (const session of luo.sessions ?? []) {
    if (session.fileBlocks === undefined) continue;
    found.push({ ...filesOf(session, pageSize), blocks: session.fileBlocks });
  }
  found.push(...structureLists(handover));
  const frames = new Set(found.flatMap(({ blocks }) => blocks.map((block) => frameOf(block, pageSize))));
  return found.map((list) => {
    const own = new Set(list.blocks.map((block) => frameOf(block, pageSize)));
    const next = list.blocks.at(-1)?.next ?? list.head;
    return { ...list, broken: brokenAt(memory, pageSize, next, own, frames) };
  });
});

/** Block lists of what hangs on LUO's FLBs and files. */
function* structureLists(handover: Handover): Generator<Omit<PlacedList, 'broken'>> {
  for (const { key } of DRAFTS) {
    for (const held of heldOf(handover, key)) {
      for (const { field, head, list, link } of linksOf(held)) {
        const { chain, list: binding } = field;
        if (chain.page !== 'block' || list.pages === undefined) continue;
        yield {
          what: binding.what,
          subject: held.subject,
          of: 'structure',
          head,
          location: link,
          blocks: list.pages,
          capacity: chainCapacity(chain, handover.pageSize, binding.element.record.size ?? 1),
        };
      }
    }
  }
}

function filesOf({ name, filesAddress, origin }: LuoSession, pageSize: number) {
  return {
    what: `files of session ${quoted(name)}`,
    subject: sessionSubject({ name }),
    of: 'files' as const,
    head: filesAddress,
    location: { ...place(origin.address), field: 'luo_file_set_ser.files' },
    capacity: blockCapacity(pageSize, LUO_FILE_SER_SIZE),
  };
}

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

import type { PhysicalMemory } from '../../memory/physical.js';
import { SS_PDE_LEAF_BITS, SS_PTE_BITS } from '../../records/vtd.js';
import type { DevicePath } from '../context/path.js';
import { type DeviceId, deviceText } from '../device-id.js';
import { chunked } from './table.js';

/** Tables that the kernel's listing shows of one device. */
export interface DomainListing {
  readonly memory: PhysicalMemory;
  /** Physical byte address of the top table. */
  readonly root: number;
  /** Address width code + 2, also for a first stage (vtd.md 4.1). */
  readonly levels: number;
}

/** Table pages that one listing reads before it stops: 32 Mi rows if they are full. */
const LISTING_TABLE_BUDGET = 65536;

const ENTRIES = 512;
const PRESENT = SS_PTE_BITS.r.lo | SS_PTE_BITS.w.lo;
const LARGE = SS_PDE_LEAF_BITS.ps.lo;

function word(value: bigint): string {
  return `0x${value.toString(16).padStart(16, '0')}`;
}

function row(iova: number, path: readonly bigint[]): string {
  const [, pte = 0n, pde = 0n, pdpe = 0n, pml4e = 0n, pml5e = 0n] = path;
  let text = `0x${iova.toString(16).padStart(13, '0')} |\t${word(pml5e)}\t${word(pml4e)}\t${word(pdpe)}`;
  if (pde !== 0n) text += `\t${word(pde)}`;
  if (pde !== 0n && pte !== 0n) text += `\t${word(pte)}`;
  return `${text}\n`;
}

/** A table being listed. */
interface Frame {
  readonly view: DataView;
  readonly level: number;
  /** First IOVA, as a page frame number. */
  readonly base: number;
  next: number;
}

function openTable(memory: PhysicalMemory, address: number, level: number, base: number): Frame | undefined {
  const bytes = new Uint8Array(ENTRIES * 8);
  if (!(address < 2 ** 52) || memory.read(address, bytes.length, bytes) < bytes.length) return undefined;
  return { view: new DataView(bytes.buffer), level, base, next: 0 };
}

/**
 * Rows as the kernel makes them: present is R or W, a leaf is bit 7 at any level, addresses are bits 63:12, no
 * reserved bit matters. Tables that the dump does not hold have no rows.
 */
function* rows({ memory, root, levels }: DomainListing): Generator<string, void> {
  let budget = LISTING_TABLE_BUDGET;
  const path: bigint[] = [0n, 0n, 0n, 0n, 0n, 0n];
  const top = levels >= 1 && levels <= 5 ? openTable(memory, root, levels, 0) : undefined;
  const stack = top === undefined ? [] : [top];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { view, level, base } = frame;
    if (frame.next === ENTRIES) {
      stack.pop();
      path[level + 1] = 0n;
      continue;
    }
    const index = frame.next++;
    const low = view.getUint32(index * 8, true);
    if ((low & PRESENT) === 0) continue;
    const iova = base + index * 2 ** (9 * (level - 1));
    const entry = view.getBigUint64(index * 8, true);
    path[level] = entry;
    if (level === 1 || (low & LARGE) !== 0) {
      yield row(iova, path);
      path[level] = 0n;
      continue;
    }
    const child = budget-- > 0 ? openTable(memory, Number(entry >> 12n) * 4096, level - 1, iova) : undefined;
    if (child === undefined) path[level] = 0n;
    else stack.push(child);
  }
}

function heading(): string {
  const columns = ['PML5E', 'PML4E', 'PDPE', 'PDE'].map((name) => name.padEnd(18));
  return `${['IOVA_PFN'.padEnd(17), ...columns, 'PTE'].join('\t')}\n`;
}

/** The table that the kernel lists of a device, or undefined when it prints nothing. */
function domainListing(memory: PhysicalMemory, path: DevicePath): DomainListing | undefined {
  const { translation } = path;
  if (translation === undefined) return undefined;
  if (translation.kind === 'second-stage' || translation.kind === 'nested') {
    return { memory, root: translation.second.address, levels: translation.second.levels };
  }
  if (translation.kind !== 'first-stage') return undefined;
  return { memory, root: translation.first.address, levels: translation.aw + 2 };
}

function* lines(device: DeviceId, path: DevicePath, listing: DomainListing): Generator<string, void> {
  const pasid = path.pasid === undefined ? '' : ` with pasid ${path.pasid.toString(16)}`;
  yield `Device ${deviceText(device)}${pasid} @0x${listing.root.toString(16)}\n`;
  yield heading();
  yield* rows(listing);
}

/**
 * The kernel's `domain_translation_struct` of a device and PASID: the `Device` line, the heading, a row for each
 * leaf in IOVA order with the entries on the way to it (vtd.md 4.1). Nothing when the kernel prints nothing: a
 * structure on the way is absent, or translates without tables.
 *
 * @returns the text in chunks of about 64 Ki characters
 */
export function domainTranslationText(
  memory: PhysicalMemory,
  device: DeviceId,
  path: DevicePath,
): Generator<string, void> {
  const listing = domainListing(memory, path);
  return chunked(listing === undefined ? [] : lines(device, path, listing));
}

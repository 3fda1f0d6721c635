/**
 * Finding the root tree in a memory dump: by /chosen of the device tree that the next kernel is booted
 * with, by the x86 boot protocol, else by a search of page starts. The order and the rules are those of the
 * kernel's own hand-off: what setup_data or /chosen names is the handover.
 */
import type { AddressRange, BrokenEntry, SetupDataKho } from '../abi/model.js';
import { type FdtTree, parseFdt } from '../fdt/parse.js';
import type { PhysicalMemory } from '../memory/physical.js';
import type { Vmcoreinfo } from '../memory/vmcoreinfo.js';
import { flaggedFirst } from './boot-params.js';
import { equalBytes } from './bytes.js';
import { classify } from './classify.js';
import { type ChosenHandover, chosenScratch, readScratch } from './find-chosen.js';
import { type Direction, directions, kexecCount } from './find-direction.js';
import { entryState, readEntry } from './find-entry.js';
import { sameTree } from './find-same.js';
import { type MemorySearch, searchHandovers, type TreeInMemory } from './find-search.js';
import { type LeftBlocks, type TakenOverTree, withTakenOver } from './find-taken-over.js';
import { parseOnce } from './parsed.js';

export { readTree } from './find-search.js';

/** A root tree in memory. */
export interface FoundTree {
  /** Physical addresses at which it is, the first found first; the blobs may differ where they say the same. */
  readonly addresses: readonly bigint[];
  /** The blob at the first address. */
  readonly bytes: Uint8Array;
  readonly how: 'setup_data' | '/chosen' | 'search' | '--fdt-addr';
  readonly setupData?: SetupDataKho;
  /** Further elements that lead to it, of other copies of boot_params. */
  readonly moreSetupData?: readonly SetupDataKho[];
  readonly chosen?: ChosenHandover;
  /** Scratch regions, where what names the tree names them too and they are in memory. */
  readonly scratch?: readonly AddressRange[];
  /** Bytes of the tree's page, where what names the tree says it (Linux 6.16 on: always one page). */
  readonly pageSize?: number;
  /** Handed to the running kernel, or prepared by it; absent where the dump does not tell. */
  readonly direction?: Direction;
  /** Set where what names the tree names no root tree; `bytes` are then those that are there. */
  readonly broken?: BrokenEntry;
  /** What shows that the kernel of the dump has taken it over, so that what it consumes is gone. */
  readonly takenOver?: TakenOverTree;
  /** Of a tree that the kernel of the dump prepares: what that kernel has not restored of what it was handed. */
  readonly writerLeft?: LeftBlocks;
}

/** A tree that begins like a handover but breaks off: page-cache copies of debugfs files are in real cores. */
export interface TruncatedTree {
  readonly address: bigint;
  /** Bytes that its header claims. */
  readonly totalsize: number;
}

/** What the kernel's own notes in memory say. */
export interface FoundVmcoreinfo {
  readonly address: bigint;
  readonly info: Vmcoreinfo;
}

/** What a search for handover trees has found. */
export interface Findings {
  /** The handover; several when nothing decides between them. */
  readonly trees: readonly FoundTree[];
  /** Complete trees that were passed over, as the dump names another one. */
  readonly others: readonly FoundTree[];
  readonly truncated: readonly TruncatedTree[];
  readonly vmcoreinfo: readonly FoundVmcoreinfo[];
  /** What names a tree that is not in the dump, where nothing names one that is. */
  readonly absentEntry?: BrokenEntry;
}

/** Findings of which nothing is known. */
export const NO_FINDINGS: Findings = { trees: [], others: [], truncated: [], vmcoreinfo: [] };

interface Candidate extends FoundTree {
  readonly tree: FdtTree;
}

/** Bytes that are allocated for a root tree: at most the 2024 series' dt_max, 10 MiB by default. */
const MAX_ROOT = 10 << 20;

/** Page sizes that the kernels with a handover have. */
const PAGE_SIZES = [4096, 16384, 65536];

/**
 * Finds the handover trees in memory, which is read once. What setup_data names is taken, else the
 * page-aligned trees that are complete.
 *
 * @param chosen what the device tree that the next kernel is booted with says; goes before everything else
 * @param note VMCOREINFO of the file's own headers
 * @returns trees that say the same as one, with all their addresses
 *
 * @example
 * ```ts
 * import { findTrees, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * for (const { how, addresses } of findTrees(memory).trees) console.log(how, addresses.length);
 * //=> setup_data 1
 * ```
 */
export function findTrees(memory: PhysicalMemory, chosen?: ChosenHandover, note?: Vmcoreinfo): Findings {
  const search = searchHandovers(memory);
  const named = chosen === undefined ? bySetupData(memory, search) : byChosen(memory, chosen);
  // Of a real kernel's several lists some may be left from before: those whose tree is gone.
  const whole = named.filter(({ tree }) => tree.complete && classify(tree).kind === 'handover');
  const { broken, absentEntry } =
    whole.length > 0
      ? { broken: [] }
      : named.length > 0 || chosen !== undefined
        ? brokenEntries(named, search.trees)
        : { broken: [], ...brokenList(search) };
  const trees = merge([...(whole.length > 0 ? whole : broken), ...search.trees.map(bySearch)]);
  const directed = withDirections(trees, memory);
  const isNamed = ({ how }: FoundTree) => how !== 'search';
  const some = directed.some(isNamed);
  const findings: Findings = {
    trees: some ? directed.filter(isNamed) : directed,
    others: some ? directed.filter((tree) => !isNamed(tree)) : [],
    truncated: search.truncated.map(({ address, tree }) => ({
      address,
      totalsize: tree.header?.totalsize ?? 0,
    })),
    vmcoreinfo: search.vmcoreinfo,
    ...(absentEntry === undefined ? {} : { absentEntry }),
  };
  return withTakenOver<FoundTree, Findings>(findings, memory, note);
}

/**
 * The tree at an address that the user names. Nothing is looked for elsewhere: `findings` tells what else is known.
 *
 * @returns undefined when the dump does not hold that memory
 */
export function treeAt(memory: PhysicalMemory, address: bigint, findings: Findings): FoundTree | undefined {
  const bytes = readEntry(memory, address);
  if (bytes.length === 0) return undefined;
  const all = [...findings.trees, ...findings.others];
  const known = all.find(({ addresses }) => addresses.includes(address));
  const addresses = [...new Set([address, ...(known?.addresses ?? [])])];
  const others = all.filter(({ broken }) => broken === undefined).flatMap((tree) => tree.addresses);
  const isRoot = classify(parseFdt(bytes)).kind === 'handover';
  const broken: BrokenEntry = { how: '--fdt-addr', address, state: 'unreadable', others };
  return { ...known, addresses, bytes, how: '--fdt-addr', ...(isRoot ? {} : { broken }) };
}

/**
 * What names no whole root tree. Of several places those with a header count before others, as lists of earlier boots
 * lead to memory that is used for something else by now.
 */
function brokenEntries(
  named: readonly Candidate[],
  found: readonly TreeInMemory[],
): { broken: Candidate[]; absentEntry?: BrokenEntry } {
  const others = found.map(({ address }) => address);
  const entries = named
    .filter(({ setupData }) => !leadsPast(setupData, others))
    .map((candidate): Candidate => {
      const { how, addresses, bytes, tree } = candidate;
      const [address = 0n] = addresses;
      if (how === 'search') return candidate;
      if (breaksOff(candidate)) return { ...candidate, broken: { how, address, state: 'absent', others } };
      if (classify(tree).kind === 'handover') return candidate;
      return { ...candidate, broken: { how, address, state: entryState(address, bytes), others } };
    });
  const known = entries.filter(({ broken, bytes }) => broken?.state !== 'absent' || bytes.length > 0);
  const withHeader = known.filter(({ tree }) => tree.header !== undefined && tree.structEnd > 0);
  if (known.length > 0) return { broken: withHeader.length > 0 ? withHeader : known };
  const absentEntry = entries[0]?.broken;
  return { broken: [], ...(absentEntry === undefined ? {} : { absentEntry }) };
}

/**
 * Whether the dump lacks the end of a tree: it claims no more than what was allocated for it, so that the fault is the
 * dump's and not the tree's.
 */
function breaksOff({ tree: { header, bytes }, setupData, chosen }: Candidate): boolean {
  if (header === undefined || bytes.length >= header.totalsize) return false;
  const allocated = setupData?.rfc2024?.dtSize ?? setupData?.khoData?.fdtSize ?? chosen?.tree.size;
  return allocated !== undefined && allocated <= BigInt(MAX_ROOT) && BigInt(header.totalsize) <= allocated;
}

/**
 * Where no list leads to a handover, the one that does not tell, as it breaks off: lists that were read to their ends
 * say that there is none.
 */
function brokenList({ broken, trees }: MemorySearch): Pick<Findings, 'absentEntry'> {
  const list = broken.find(({ ends }) => ends !== 'absent') ?? broken[0];
  if (list === undefined) return {};
  const state = list.ends === 'absent' ? 'absent' : 'impossible';
  const others = trees.map(({ address }) => address);
  return { absentEntry: { how: 'setup_data', address: list.element, state, others, list } };
}

/** A list of the 2024 series whose scratch holds a tree at another place than it names: KHO-017 judges that tree. */
function leadsPast(setupData: SetupDataKho | undefined, found: readonly bigint[]): boolean {
  const data = setupData?.rfc2024;
  if (data === undefined) return false;
  const { scratchAddr, scratchSize } = data;
  return found.some((address) => address >= scratchAddr && address < scratchAddr + scratchSize);
}

/**
 * Picks the tree that goes one way.
 *
 * @returns the findings with only that tree in them; undefined when the dump does not tell
 */
export function pickDirection(findings: Findings, direction: Direction): Findings | undefined {
  const all = [...findings.trees, ...findings.others];
  const trees = all.filter((tree) => tree.direction === direction);
  if (trees.length === 0) return undefined;
  return { ...findings, trees, others: all.filter((tree) => !trees.includes(tree)) };
}

function bySetupData(memory: PhysicalMemory, { lists, trees }: MemorySearch): Candidate[] {
  return flaggedFirst(lists).flatMap((setupData) => {
    const { fdtAddress, khoData } = setupData;
    const read = readEntry(memory, fdtAddress, khoData?.fdtSize);
    // Mostly the search has come upon it as well.
    const known = trees.find(({ address }) => address === fdtAddress)?.bytes;
    const bytes = known !== undefined && equalBytes(known, read) ? known : read;
    const scratch =
      khoData === undefined ? undefined : readScratch(memory, khoData.scratchAddr, khoData.scratchSize);
    return {
      addresses: [fdtAddress],
      bytes,
      tree: parseOnce(bytes),
      how: 'setup_data' as const,
      setupData,
      ...(scratch === undefined ? {} : { scratch }),
      ...pageSizeOf(khoData?.fdtSize),
    };
  });
}

function byChosen(memory: PhysicalMemory, chosen: ChosenHandover): Candidate[] {
  const { address, size } = chosen.tree;
  const bytes = readEntry(memory, address, size);
  const scratch = chosenScratch(chosen, memory);
  return [
    {
      addresses: [address],
      bytes,
      tree: parseOnce(bytes),
      how: '/chosen',
      chosen,
      ...(scratch === undefined ? {} : { scratch }),
      ...(chosen.memCache === undefined ? pageSizeOf(size) : {}),
    },
  ];
}

function bySearch({ address, bytes, tree }: TreeInMemory): Candidate {
  return { addresses: [address], bytes, tree, how: 'search' };
}

function pageSizeOf(size: bigint | undefined): { pageSize?: number } {
  const pageSize = PAGE_SIZES.find((known) => BigInt(known) === size);
  return pageSize === undefined ? {} : { pageSize };
}

function merge(candidates: readonly Candidate[]): Candidate[] {
  const merged: Candidate[] = [];
  for (const candidate of candidates) {
    // Places without a tree say nothing alike.
    const same = merged.findIndex((other) =>
      other.broken === undefined && candidate.broken === undefined
        ? sameTree(other.tree, candidate.tree)
        : other.addresses[0] === candidate.addresses[0],
    );
    const other = merged[same];
    if (other === undefined) merged.push(candidate);
    else {
      const more = [
        ...(other.moreSetupData ?? []),
        ...(candidate.setupData === undefined ? [] : [candidate.setupData]),
      ];
      merged[same] = {
        ...other,
        addresses: [...new Set([...other.addresses, ...candidate.addresses])],
        ...(more.length === 0 ? {} : { moreSetupData: more }),
      };
    }
  }
  return merged;
}

function withDirections(candidates: readonly Candidate[], memory: PhysicalMemory): FoundTree[] {
  // What is named and no tree says nothing of the others, and they nothing of it.
  const whole = candidates.filter(({ broken }) => broken === undefined);
  const told = directions(
    whole.map(({ tree }) => kexecCount(tree, memory)),
    whole.map(({ how }) => how !== 'search'),
  );
  return candidates.map((candidate) => {
    const { tree: _, ...found } = candidate;
    const direction = told[whole.indexOf(candidate)];
    return direction === undefined ? found : { ...found, direction };
  });
}

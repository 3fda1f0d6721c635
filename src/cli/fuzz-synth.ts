/** Synthesised dumps as what is mutated: `--abi NAME`, and one of each kind for `--self`. */
import { GENERATIONS } from '../abi/model.js';
import { findTrees } from '../decode/find.js';
import { decodeHandover } from '../decode/handover.js';
import { blobTarget, type FuzzTarget, memoryTarget } from '../fuzz/target.js';
import { MORE_NAMES } from '../synth/more.js';
import type { SynthOptions } from '../synth/options.js';
import { planFromSeed, synthesise } from '../synth/synth.js';
import { isRfc, RFC } from '../versions/generations.js';
import { DEVELOPED, NEWEST, RELEASED, type WrittenForms } from '../versions/written.js';
import { settingsOf } from '../vtd/registers.js';
import { NOTHING_GIVEN, type VtdUnit } from '../vtd/rules/unit.js';
import { UsageError } from './numbers.js';

const MIB = 1n << 20n;
/** Enough for several folios or leaves in each list, and small enough that a case takes milliseconds. */
const UPSTREAM_RAM = 4n * MIB;
const RFC_RAM = 16n * MIB;

/** Where a page size other than 4 KiB makes the map another one. */
const PAGE_SIZES = [16384, 65536];

/** Parameters that have every form of what kernels write, each dump with one that none before it has. */
function* everyParameters(): Generator<Omit<SynthOptions, 'seed'>> {
  const seen = new Set<unknown>();
  /** Whether some of it is new; versions of LUO, map forms and the others differ as strings. */
  const isNew = ({ abi, map, editedTree, luo, khoTest }: WrittenForms): boolean => {
    const facts = [abi, map, editedTree, luo?.version, luo?.handler, luo?.flbPage === false, khoTest];
    const before = seen.size;
    for (const fact of facts) if (fact !== undefined) seen.add(fact);
    return seen.size > before;
  };
  yield { abi: RFC };
  for (const forms of RELEASED) {
    const { abi, release, luo } = forms;
    if (isNew(forms)) yield { abi, release, ...(luo?.flbPage === true ? { flbs: 2 } : {}) };
  }
  for (const forms of DEVELOPED) {
    const { abi, luo } = forms;
    if (isNew(forms)) yield { abi, luo: luo?.version as NonNullable<SynthOptions['luo']> };
  }
  for (const pageSize of PAGE_SIZES) yield { abi: NEWEST, pageSize };
  yield { abi: NEWEST, flbs: 1, with: MORE_NAMES };
}

/**
 * A dump of one ABI from a seed.
 *
 * @param blobs the root tree and its children's blobs, each on its own
 * @throws UsageError for an ABI that there is not
 */
export function abiTargets(abi: string, seed: bigint, blobs: boolean): FuzzTarget[] {
  const generation = GENERATIONS.find((name) => name === abi);
  if (generation === undefined)
    throw new UsageError(`--abi: "${abi}" is not one of ${GENERATIONS.join(', ')}`);
  const { core, lone } = synthTargets({ abi: generation, seed });
  return blobs ? lone : [core];
}

/** Dumps of every generation and form, and their blobs. */
export function everyForm(seed: bigint): FuzzTarget[] {
  return [...everyParameters()].flatMap((form) => {
    const { core, lone } = synthTargets({ ...form, seed });
    return [core, ...lone];
  });
}

/** As `kho validate --root` has it: the first unit, of which no capability is known. */
function unitsOf(rtaddr: bigint | undefined): VtdUnit[] {
  if (rtaddr === undefined) return [];
  return [{ name: 'dmar0', rtaddr, settings: settingsOf({ rtaddr }), given: NOTHING_GIVEN }];
}

/** One synthesised dump, and its blobs each on its own. */
export function synthTargets(options: SynthOptions): { core: FuzzTarget; lone: FuzzTarget[] } {
  const withoutLuo = RELEASED.some(
    ({ abi, release, luo }) => abi === options.abi && release === options.release && luo === undefined,
  );
  const guestRam = isRfc(options.abi) ? RFC_RAM : UPSTREAM_RAM;
  const { memory, machine, vmcoreinfo, rtaddr } = synthesise(
    planFromSeed(withoutLuo ? options : { guestRam, ...options }),
  );
  const [found] = findTrees(memory).trees;
  if (found === undefined) throw new Error(`a synthesised ${options.abi} dump has no tree`);
  const { bytes, addresses, setupData, scratch } = found;
  const decode = {
    ...(setupData === undefined ? {} : { setupData }),
    ...(scratch === undefined ? {} : { scratch }),
    ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
  };
  const [address] = addresses;
  const handover = decodeHandover(bytes, {
    ...decode,
    memory,
    ...(address === undefined ? {} : { address }),
  });
  const core = memoryTarget(handover, memory, { machine, note: vmcoreinfo }, decode, unitsOf(rtaddr));
  if (core === undefined)
    throw new Error(`the tree of a synthesised ${options.abi} dump is not in its memory`);
  const { generation, subtrees = [] } = handover;
  return {
    core,
    lone: [
      blobTarget(bytes, generation === undefined ? {} : { assume: generation }),
      ...subtrees.flatMap(({ blob }) => (blob === undefined ? [] : [blobTarget(blob)])),
    ],
  };
}

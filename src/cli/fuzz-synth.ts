/** Synthesised dumps as what is mutated: `--abi NAME`, and one of each kind for `--self`. */
import { GENERATIONS } from '../abi/model.js';
import { findTrees } from '../decode/find.js';
import { decodeHandover } from '../decode/handover.js';
import { blobTarget, type FuzzTarget, memoryTarget } from '../fuzz/target.js';
import type { SynthOptions } from '../synth/options.js';
import { planFromSeed, synthesise } from '../synth/synth.js';
import { NOTHING_GIVEN, type VtdUnit } from '../validate/vtd/unit.js';
import { isRfc } from '../versions/generations.js';
import { settingsOf } from '../vtd/registers.js';
import { UsageError } from './numbers.js';

const MIB = 1n << 20n;
/** Enough for several folios or leaves in each list, and small enough that a case takes milliseconds. */
const UPSTREAM_RAM = 4n * MIB;
const RFC_RAM = 16n * MIB;

/** What has a form of its own, beyond one dump a generation. */
const FORMS: readonly Omit<SynthOptions, 'seed'>[] = [
  { abi: 'rfc-2024' },
  { abi: 'kho-v1', release: '6.16' },
  { abi: 'kho-v1', release: '6.18' },
  { abi: 'kho-v1', release: '7.0' },
  { abi: 'kho-v2' },
  { abi: 'kho-v3' },
  { abi: 'kho-v3', pageSize: 65536 },
  { abi: 'kho-v4', flbs: 2 },
  { abi: 'kho-v4', pageSize: 16384 },
  { abi: 'kho-v4', luo: 'luo-v3' },
  { abi: 'kho-v4', luo: 'luo-v4' },
];

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
  return FORMS.flatMap((form) => {
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
  const hasGuests = options.release !== '6.16' && options.release !== '6.18';
  const guestRam = isRfc(options.abi) ? RFC_RAM : UPSTREAM_RAM;
  const { memory, machine, vmcoreinfo, rtaddr } = synthesise(
    planFromSeed(hasGuests ? { guestRam, ...options } : options),
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

/** Dumps that hand drafts over: captures of the IOMMU series, and ones that the encoder made of a document. */
import { join } from 'node:path';
import type { Handover } from '../../../src/abi/model.js';
import { findTrees } from '../../../src/decode/find.js';
import type { PhysicalMemory } from '../../../src/memory/physical.js';
import { coreMemory, decodeAt } from '../../decode/linux-dumps.js';
import { fixtures } from '../../fixtures.js';
import { fileBytes, gunzip } from '../../memory/bytes.js';
import type { Base } from '../upstream-damage.js';
import { patched } from '../upstream-damage.js';
import type { Patches } from '../upstream-patches.js';
import { MADE, type MadeName } from './made.js';
import { isSynthesised, type SynthesisedName, synthesisedBase } from './synthesised.js';

export type DraftName =
  | 'linux-7.3-iommu-legacy'
  | 'linux-7.3-iommu-first-stage'
  | 'linux-7.3-iommu-v1-forms'
  | MadeName
  | SynthesisedName;

export const CAPTURES = [
  'linux-7.3-iommu-legacy',
  'linux-7.3-iommu-first-stage',
  'linux-7.3-iommu-v1-forms',
] as const;

const bases = new Map<string, Base>();

/** A valid dump, read once. */
export function draftBase(name: DraftName): Base {
  const known = bases.get(name);
  if (known !== undefined) return known;
  const made = MADE[name as MadeName];
  const synthesised = isSynthesised(name) ? name : undefined;
  const base: Base =
    synthesised !== undefined
      ? synthesisedBase(synthesised)
      : made === undefined
        ? capture(name)
        : { name, ...made() };
  bases.set(name, base);
  return base;
}

function capture(name: string): Base {
  const memory = coreMemory(gunzip(fileBytes(join(fixtures, name, 'handover1.elf.gz'))));
  const [address] = findTrees(memory).trees[0]?.addresses ?? [];
  if (address === undefined) throw new Error(`no tree in ${name}`);
  return { name, memory, address: BigInt(address), handover: decodeAt(memory, address) };
}

/** One fault, and the rule that it is made for. */
export interface DraftCase {
  readonly rule: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly dump: DraftName;
  readonly what: string;
  readonly patches: (handover: Handover, memory: PhysicalMemory) => Patches;
}

/** The dump of a case with its damage. */
export function damagedDraft({ dump, patches }: DraftCase, base: DraftName = dump): Handover {
  const { memory, handover, address } = draftBase(base);
  return decodeAt(patched(memory, patches(handover, memory)), address);
}

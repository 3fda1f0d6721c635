/** Targets with the tables of a remapping unit: a made one, and two of real kernels. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { synthTargets } from '../../src/cli/fuzz-synth.js';
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { type FuzzTarget, memoryTarget } from '../../src/fuzz/target.js';
import { parseRegset, settingsOfUnit } from '../../src/vtd/registers.js';
import type { VtdUnit } from '../../src/vtd/rules/unit.js';
import { coreMemory } from '../decode/linux-dumps.js';
import { fixtures } from '../fixtures.js';
import { gunzip } from '../memory/bytes.js';

/** The first unit that a regset shows. */
function unitOf(folder: string): VtdUnit {
  const [unit] = parseRegset(readFileSync(join(folder, 'iommu_regset'), 'utf8'));
  const rtaddr = unit?.values.get('RTADDR');
  if (unit === undefined || rtaddr === undefined) throw new Error(`${folder} shows no unit`);
  const given = { cap: true, ecap: true, haw: false };
  return { name: unit.name, rtaddr, settings: settingsOfUnit(unit), given };
}

/** A dump of a live system, with the unit that its regset shows. */
export function liveTarget(name: string): FuzzTarget {
  const folder = join(fixtures, name, 'vtd');
  const memory = coreMemory(gunzip(new Uint8Array(readFileSync(join(folder, 'before-kexec.elf.gz')))));
  const [found] = findTrees(memory).trees;
  const [address] = found?.addresses ?? [];
  if (found === undefined || address === undefined) throw new Error(`${name} has no tree`);
  const handover = decodeHandover(found.bytes, { memory, address });
  const target = memoryTarget(handover, memory, { machine: 'x86-64' }, {}, [unitOf(folder)]);
  if (target === undefined) throw new Error('the tree is not in its memory');
  return target;
}

export const UNIT_TARGETS: readonly (readonly [
  name: string,
  target: FuzzTarget,
  records: readonly string[],
])[] = [
  [
    'a made dump of the 2024 series',
    synthTargets({ abi: 'rfc-2024', seed: 7n }).core,
    ['root_entry', 'context_entry'],
  ],
  ['Linux 7.3 in legacy mode', liveTarget('linux-7.3-live-update'), ['root_entry', 'context_entry']],
  [
    'Linux 7.3 in scalable mode',
    liveTarget('linux-7.3-scalable-mode'),
    ['scalable_root_entry', 'scalable_context_entry', 'pasid_dir_entry', 'pasid_entry'],
  ],
];

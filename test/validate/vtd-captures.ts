/** The real captures of VT-d tables, and where their entries are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Handover } from '../../src/abi/model.js';
import { openMemory } from '../../src/memory/node/open-memory.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import type { Finding } from '../../src/validate/rule.js';
import { type ValidateOptions, validate } from '../../src/validate/run.js';
import { parseRegset, settingsOfUnit } from '../../src/vtd/registers.js';
import { vtdRules } from '../../src/vtd/rules/index.js';
import type { VtdUnit } from '../../src/vtd/rules/unit.js';
import { fixtures } from '../fixtures.js';

export interface Capture {
  readonly memory: PhysicalMemory;
  readonly unit: VtdUnit;
  /** Physical byte address of the root table. */
  readonly root: number;
  readonly scalable: boolean;
  /** Of the context entry of a function of bus 0. */
  context(devfn: number): number;
  /** Of a PASID entry of such a function; scalable mode. */
  pasid(devfn: number, pasid: number): number;
}

export function wordAt(memory: PhysicalMemory, address: number): bigint {
  const bytes = new Uint8Array(8);
  memory.read(address, 8, bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

export function pageOf(word: bigint): number {
  return Number(word & 0xf_ffff_ffff_f000n);
}

/** @param name a fixture with a folder vtd */
export async function capture(name: string): Promise<Capture> {
  const folder = join(fixtures, name, 'vtd');
  const [unit] = parseRegset(readFileSync(join(folder, 'iommu_regset'), 'utf8'));
  const rtaddr = unit?.values.get('RTADDR');
  if (unit === undefined || rtaddr === undefined) throw new Error(`${name} has no unit`);
  const { memory } = await openMemory(join(folder, 'before-kexec.elf.gz'));
  const root = pageOf(rtaddr);
  const scalable = (rtaddr & 0x400n) !== 0n;
  const context = (devfn: number) => {
    const upper = scalable && devfn >= 0x80;
    const table = pageOf(wordAt(memory, root + (upper ? 8 : 0)));
    return table + (scalable ? (devfn & 0x7f) * 32 : devfn * 16);
  };
  return {
    memory,
    unit: {
      name: unit.name,
      rtaddr,
      settings: settingsOfUnit(unit),
      given: { cap: true, ecap: true, haw: false },
    },
    root,
    scalable,
    context,
    pasid(devfn, pasid) {
      const directory = pageOf(wordAt(memory, context(devfn)));
      const table = pageOf(wordAt(memory, directory + Math.floor(pasid / 64) * 8));
      return table + (pasid % 64) * 64;
    },
  };
}

/** What a validation of a capture says, with words of memory changed. */
export function findingsWith(
  from: Pick<Capture, 'memory' | 'unit'>,
  words: readonly (readonly [address: number, word: bigint])[],
): readonly Finding[] {
  const patches = words.map(([address, word]) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, word, true);
    return { address, bytes };
  });
  const memory = overlay(segmentsMemory(patches, 'patches'), from.memory);
  const handover: Handover = { kind: 'unknown', pageSize: 4096, diagnostics: [], memory };
  return validate(handover, vtdRules, captureOptions(from)).findings;
}

export function captureOptions({ unit }: Pick<Capture, 'unit'>): ValidateOptions {
  return { settings: unit.settings, vtd: { units: [unit], given: unit.given } };
}

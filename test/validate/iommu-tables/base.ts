/** The captures of the IOMMU series, and where their tables lie. */
import { join } from 'node:path';
import type { Handover } from '../../../src/abi/model.js';
import { type HandedDomain, handedIommu } from '../../../src/decode/iommu/domains.js';
import { domainRequest } from '../../../src/decode/iommu/walks.js';
import type { PhysicalMemory } from '../../../src/memory/physical.js';
import { walkTable } from '../../../src/vtd/walk/walk.js';
import { coreMemory, decodeAt } from '../../decode/linux-dumps.js';
import { fixtures } from '../../fixtures.js';
import { fileBytes, gunzip } from '../../memory/bytes.js';
import { isSynthesised, type SynthesisedName, synthesisedBase } from '../draft-cases/synthesised.js';
import { sure } from '../upstream-patches.js';

export const CAPTURES = [
  'linux-7.3-iommu-legacy',
  'linux-7.3-iommu-first-stage',
  'linux-7.3-iommu-v1-forms',
] as const;
export type Capture = (typeof CAPTURES)[number] | SynthesisedName;

export interface CaptureBase {
  readonly name: Capture;
  readonly memory: PhysicalMemory;
  readonly handover: Handover;
  readonly address: bigint;
}

const known = new Map<Capture, CaptureBase>();

/** A capture, decoded once. */
export function capture(name: Capture): CaptureBase {
  const found = known.get(name) ?? read(name);
  known.set(name, found);
  return found;
}

function read(name: Capture): CaptureBase {
  if (isSynthesised(name)) return { ...synthesisedBase(name), name };
  const text = new TextDecoder().decode(gunzip(fileBytes(join(fixtures, name, 'handover1.truth.json.gz'))));
  const address = BigInt(sure((JSON.parse(text) as { pa: number }[])[0], 'tree').pa);
  const memory = coreMemory(gunzip(fileBytes(join(fixtures, name, 'handover1.elf.gz'))));
  return { name, memory, address, handover: decodeAt(memory, address) };
}

/** A domain in use by its position. */
export function domainOf(handover: Handover, index = 0): HandedDomain {
  return sure(handedIommu(handover)?.domains[index], `domain ${index}`);
}

/** Physical address of the entry of that kind on the way of a domain's first device. */
export function entryOf(
  handover: Handover,
  kind: 'root-entry' | 'context-entry' | 'pasid-directory-entry' | 'pasid-entry',
  index = 0,
): number {
  const path = domainOf(handover, index).attachments[0]?.path;
  return sure(
    path?.steps.find((step) => step.kind === kind),
    kind,
  ).address;
}

/** Page-table pages of a domain, the top one first, and the entries that lead to them. */
export function tablesOf(
  handover: Handover,
  index = 0,
): { readonly address: number; readonly level: number; readonly entryAddress: number }[] {
  const request = domainRequest(domainOf(handover, index), sure(handover.memory, 'memory'));
  if (typeof request === 'string') throw new Error(request);
  const tables: { address: number; level: number; entryAddress: number }[] = [];
  const walk = walkTable({ ...request, onTable: (table) => tables.push({ ...table }) });
  for (const batch of walk.batches) if (batch.length === 0) break;
  return tables;
}

/** Physical address of the first present entry of a table, and its value. */
export function firstEntry(
  { memory }: Handover,
  table: number,
): { readonly address: number; readonly value: bigint } {
  const bytes = new Uint8Array(4096);
  sure(memory, 'memory').read(table, 4096, bytes);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < 4096; at += 8) {
    const value = view.getBigUint64(at, true);
    if ((value & 1n) === 1n) return { address: table + at, value };
  }
  throw new Error(`no entry in ${table}`);
}

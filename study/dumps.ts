/** The real dumps of the study, and how one is judged with bytes of it changed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Handover } from '../src/abi/model.js';
import { findTrees, readTree } from '../src/decode/find.js';
import { decodeHandover } from '../src/decode/handover.js';
import { elfMemory, parseElfCore } from '../src/memory/elf/core.js';
import { overlay } from '../src/memory/overlay.js';
import type { PhysicalMemory } from '../src/memory/physical.js';
import { bytesAccess } from '../src/memory/random-access.js';
import { segmentsMemory } from '../src/memory/segments.js';
import { catalogue } from '../src/validate/catalogue.js';
import type { Finding } from '../src/validate/rule.js';
import { validate } from '../src/validate/run.js';

/** Some bytes at a physical address. */
export interface Patch {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface StudyDump {
  readonly name: string;
  readonly handover: Handover;
  readonly memory: PhysicalMemory;
  /** What is seen of the dump with these bytes changed that was not seen before; undefined for nothing. */
  judge(patch: Patch): string | undefined;
}

/** Every dump below the fixtures that has its memory. */
export function studyDumps(fixtures: string): StudyDump[] {
  const upstream = readdirSync(fixtures)
    .filter(
      (name) => name.startsWith('linux-') && readdirSync(join(fixtures, name)).includes('handover.elf.gz'),
    )
    .map((name) => studyDump(name, join(fixtures, name, 'handover.elf.gz')));
  const rfc = readdirSync(join(fixtures, 'rfc-2024')).map((name) =>
    studyDump(`rfc-2024/${name}`, join(fixtures, 'rfc-2024', name, 'memory.elf.gz')),
  );
  return [...rfc.sort(byName), ...upstream.sort(byName)];
}

function byName(a: StudyDump, b: StudyDump): number {
  return a.name < b.name ? -1 : 1;
}

function studyDump(name: string, path: string): StudyDump {
  const file = bytesAccess(gunzipSync(readFileSync(path)));
  const { core } = parseElfCore(file);
  if (core === undefined) throw new Error(`${path} is no core`);
  const memory = elfMemory(file, core);
  // 6.18 has the tree of the loaded image too: the original is the one that its map preserves.
  const { trees } = findTrees(memory);
  const found = trees
    .flatMap(({ addresses, setupData }) => addresses.map((address) => ({ address, setupData })))
    .map(({ address, setupData }) => ({ address, setupData, handover: decoded(memory, address, setupData) }))
    .find(
      ({ address, handover }) =>
        handover?.generation === 'rfc-2024' || handover?.preserved?.pages?.covers(address, address + 1n),
    );
  if (found?.handover === undefined) throw new Error(`no tree in ${path}`);
  const { address, handover, setupData } = found;
  const boot = setupData !== undefined;
  const before = new Set(serious(handover).map(keyOf));
  return {
    name,
    handover,
    memory,
    judge(patch) {
      const over = overlay(segmentsMemory([patch], 'patch'), memory);
      const again = boot ? throughBoot(over) : decoded(over, address, undefined);
      if (again === undefined) return 'no tree';
      if (again.kind !== 'handover' || again.generation === undefined) return 'no handover';
      const fresh = serious(again).find((finding) => !before.has(keyOf(finding)));
      return fresh?.rule;
    },
  };
}

/** As the command line goes: from boot_params; a dump with other than one tree is refused. */
function throughBoot(memory: PhysicalMemory): Handover | undefined {
  const { trees } = findTrees(memory);
  const [tree] = trees;
  const address = tree?.addresses[0];
  if (tree === undefined || trees.length !== 1 || address === undefined) return undefined;
  return decoded(memory, address, tree.setupData);
}

type Boot = NonNullable<Parameters<typeof decodeHandover>[1]>['setupData'];

function decoded(memory: PhysicalMemory, address: bigint, setupData: Boot): Handover | undefined {
  const bytes = readTree(memory, address);
  if (bytes === undefined) return undefined;
  return decodeHandover(bytes, { memory, address, ...(setupData === undefined ? {} : { setupData }) });
}

function serious(handover: Handover): Finding[] {
  return validate(handover, catalogue).findings.filter(({ severity }) => severity !== 'note');
}

function keyOf({ rule, message }: Finding): string {
  return `${rule} ${message}`;
}

/** The real dumps of the study, and how one is judged with bytes of it changed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Handover } from '../src/abi/model.js';
import { findTrees, readTree } from '../src/decode/find.js';
import { decodeHandover } from '../src/decode/handover.js';
import { elfMemory, parseElfCore } from '../src/memory/elf/core.js';
import { overlay } from '../src/memory/overlay.js';
import type { PhysicalMemory } from '../src/memory/physical.js';
import { bytesAccess } from '../src/memory/random-access.js';
import { readBytes } from '../src/memory/read.js';
import { segmentsMemory } from '../src/memory/segments.js';
import { RTADDR_REG_SIZE } from '../src/records/vtd.js';
import type { UnitInstance } from '../src/references/vtd.js';
import { catalogue } from '../src/validate/catalogue.js';
import type { Finding } from '../src/validate/rule.js';
import { validate } from '../src/validate/run.js';
import { parseRegset, settingsOfUnit } from '../src/vtd/registers.js';

/** Some bytes at a physical address. */
export interface Patch {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface StudyDump {
  readonly name: string;
  readonly handover: Handover;
  readonly memory: PhysicalMemory;
  /** Remapping units whose structures are corrupted, and nothing else. */
  readonly units?: readonly StudyUnit[];
  /** What is seen of the dump with these bytes changed that was not seen before; undefined for nothing. */
  judge(patch: Patch): string | undefined;
}

/** Every dump below the fixtures that has its memory. */
export function studyDumps(fixtures: string): StudyDump[] {
  const upstream = readdirSync(fixtures)
    .filter((name) => name.startsWith('linux-'))
    .flatMap((name) => {
      // The second round of captures has scenarios of one kernel; those of the IOMMU series have records of their own.
      const file = name.includes('-iommu-') ? 'handover1.elf.gz' : 'handover.elf.gz';
      return readdirSync(join(fixtures, name)).includes(file)
        ? [studyDump(name, join(fixtures, name, file))]
        : [];
    });
  const rfc = readdirSync(join(fixtures, 'rfc-2024')).map((name) =>
    studyDump(`rfc-2024/${name}`, join(fixtures, 'rfc-2024', name, 'memory.elf.gz')),
  );
  return [...rfc.sort(byName), ...upstream.sort(byName)];
}

/** A unit, with its RTADDR at a place of the memory. */
export interface StudyUnit extends UnitInstance {
  readonly register: number;
}

/**
 * Memory of live systems with the registers of a remapping unit beside it, judged as `kho validate --regset` judges
 * memory without a tree: by the tables alone.
 */
export function unitDumps(fixtures: string): StudyDump[] {
  return (
    readdirSync(fixtures)
      // A capture of a handover has the registers too, but not the tables of the kernel that wrote it.
      .filter((name) => existsSync(join(fixtures, name, 'vtd', 'before-kexec.elf.gz')))
      .map((name) => unitDump(`${name}/vtd`, join(fixtures, name, 'vtd')))
      .sort(byName)
  );
}

function unitDump(name: string, folder: string): StudyDump {
  const [unit] = parseRegset(readFileSync(join(folder, 'iommu_regset'), 'utf8'));
  const rtaddr = unit?.values.get('RTADDR');
  if (unit?.baseAddress === undefined || rtaddr === undefined) throw new Error(`${folder} shows no unit`);
  // The register's own address does not matter, only that it is not memory.
  const register = Number(unit.baseAddress);
  const bytes = new Uint8Array(RTADDR_REG_SIZE);
  new DataView(bytes.buffer).setBigUint64(0, rtaddr, true);
  const core = coreAt(join(folder, 'before-kexec.elf.gz'));
  const memory = overlay(segmentsMemory([{ address: register, bytes }], 'register'), core);
  const found = (over: PhysicalMemory): Finding[] => {
    const now = readBytes(over, BigInt(register), RTADDR_REG_SIZE);
    if (now === undefined) throw new Error('the register is there');
    const value = new DataView(now.buffer, now.byteOffset).getBigUint64(0, true);
    const settings = settingsOfUnit(unit, { rtaddr: value });
    const given = { cap: true, ecap: true, haw: false };
    const units = [{ name: unit.name, rtaddr: value, settings, given }];
    return validate(treeless(over), catalogue, { settings, vtd: { units, given } }).findings.filter(
      ({ severity }) => severity !== 'note',
    );
  };
  const before = new Set(found(memory).map(keyOf));
  return {
    name,
    handover: treeless(memory),
    memory,
    units: [{ name: unit.name, rtaddr, settings: settingsOfUnit(unit), register }],
    judge: (patch) =>
      found(overlay(segmentsMemory([patch], 'patch'), memory)).find((finding) => !before.has(keyOf(finding)))
        ?.rule,
  };
}

function treeless(memory: PhysicalMemory): Handover {
  return { kind: 'unknown', pageSize: 4096, diagnostics: [], memory };
}

function coreAt(path: string): PhysicalMemory {
  const file = bytesAccess(gunzipSync(readFileSync(path)));
  const { core } = parseElfCore(file);
  if (core === undefined) throw new Error(`${path} is no core`);
  return elfMemory(file, core);
}

function byName(a: StudyDump, b: StudyDump): number {
  return a.name < b.name ? -1 : 1;
}

function studyDump(name: string, path: string): StudyDump {
  const memory = coreAt(path);
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

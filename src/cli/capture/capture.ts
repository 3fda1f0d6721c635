/** A host's handover: files, and the pages of its records. */
import { equalBytes } from '../../decode/bytes.js';
import type { Kcore } from '../../memory/elf/kcore.js';
import { InputError } from '../../memory/node/errors.js';
import { type Trimmed, type TrimSource, trimTogether } from '../../trim/trim.js';
import { parseRegset } from '../../vtd/registers.js';
import { translationEnabled } from '../../vtd/rules/unit.js';
import { watchOther } from '../budgets.js';
import { fromTree, type LoadedDump } from '../load.js';
import type { LoadOptions } from '../load-options.js';
import { trimOptions } from '../trim.js';
import { unitsOf } from '../vtd-settings.js';
import type { HostFiles, Refusal } from './host-files.js';
import { openHostMemory } from './host-memory.js';
import { ownFiles } from './own-files.js';
import { type CapturedFile, type KernelFacts, kernelFacts, readSources, textOf } from './sources.js';
import { hostTrees, namedTree } from './trees.js';

export interface Captured {
  readonly files: readonly CapturedFile[];
  /** As the host shows them. */
  readonly shown: readonly CapturedFile[];
  readonly refused: readonly Refusal[];
  readonly facts: KernelFacts;
  readonly trees: readonly CapturedTreeAt[];
  readonly scratch: readonly { readonly start: bigint; readonly end: bigint }[];
  /** Makes the core, whose note has this text; undefined where the host does not show its memory. */
  core?(note: string): Trimmed;
}

export interface CapturedTreeAt {
  readonly direction: 'incoming' | 'outgoing';
  /** Absent where only debugfs shows it. */
  readonly address?: bigint;
  readonly from: string;
}

/**
 * Reads a host, and hands over what it shows. The memory is read while `use` runs.
 *
 * @throws InputError when the host shows no handover at all
 */
export async function withCapture<T>(
  host: HostFiles,
  options: LoadOptions,
  use: (captured: Captured) => Promise<T>,
): Promise<T> {
  const facts = kernelFacts(host);
  const { files, refused } = readSources(host);
  const opened = openHostMemory(host, { lockdown: facts.lockdown, factor: options.budget });
  if (!('kcore' in opened)) {
    refused.push(...opened);
    const own = ownFiles(files, refused);
    refuseNothing(own, refused);
    return use({
      files: own,
      shown: files,
      refused,
      facts,
      trees: copiedTrees(own),
      scratch: [],
    });
  }
  try {
    const { kcore } = opened;
    if (kcore.memory.budget !== undefined) watchOther('/proc/kcore', kcore.memory.budget);
    const { findings, opened: memory, note } = hostTrees(kcore, namedTree(files), files);
    const dumps = [...findings.trees, ...findings.others].map((tree) =>
      fromTree('/proc/kcore', tree, memory, findings, options),
    );
    const all = ownFiles(withTreesFromMemory(files, dumps), refused);
    if (dumps.length === 0) refused.push(withoutTree(kcore));
    refuseNothing(all, refused);
    const sources = trimSources(dumps, all);
    const inMemory = dumps.map((dump): CapturedTreeAt => {
      const [address] = dump.found?.addresses ?? [];
      return {
        direction: dump.direction ?? 'outgoing',
        ...(address === undefined ? {} : { address }),
        from: '/proc/kcore',
      };
    });
    return await use({
      files: all,
      shown: files,
      refused,
      facts,
      trees: [
        ...inMemory,
        ...copiedTrees(all).filter(({ direction }) => !inMemory.some((tree) => tree.direction === direction)),
      ],
      scratch: note.scratch ?? [],
      ...(sources.length === 0
        ? {}
        : {
            core: (text: string) =>
              trimTogether(sources, memory.memory, kcore.machine, {
                capture: text,
                ...noteOf(facts.release, dumps),
              }),
          }),
    });
  } finally {
    opened.close();
  }
}

/** Why the memory is not captured where it can be read. */
function withoutTree({ image }: Kcore): Refusal {
  const why =
    image === undefined
      ? 'has no tree that a file names, and does not show the kernel image, which points to the others'
      : 'has no tree that the kernel image, setup_data or /chosen points to';
  return { path: '/proc/kcore', code: 'no-tree', why };
}

/**
 * The files, with the trees that debugfs lacks, as of a kernel that was itself booted by KHO, or shows in part: from 6.19
 * on out/fdt states the size that the tree had when the file was made (kexec_handover_debugfs.c), before most of its nodes
 * were. So both are in the folder, and whole.
 */
function withTreesFromMemory(
  files: readonly CapturedFile[],
  dumps: readonly LoadedDump[],
): readonly CapturedFile[] {
  const added = (['in', 'out'] as const).flatMap((side): CapturedFile[] => {
    const direction = side === 'in' ? 'incoming' : 'outgoing';
    const copy = files.find(({ path }) => path === `${side}/fdt`)?.bytes ?? new Uint8Array(0);
    const [dump, ...more] = dumps.filter((each) => each.direction === direction);
    if (
      dump?.found === undefined ||
      more.length > 0 ||
      copy.length >= dump.found.bytes.length ||
      !equalBytes(copy, dump.found.bytes.subarray(0, copy.length)) ||
      files.some(({ path }) => path === `${side}/dt`)
    )
      return [];
    const [address = 0n] = dump.found.addresses;
    return [
      { path: `${side}/fdt`, bytes: dump.found.bytes, from: `/proc/kcore at 0x${address.toString(16)}` },
    ];
  });
  return [...files.filter(({ path }) => !added.some((tree) => tree.path === path)), ...added];
}

function copiedTrees(files: readonly CapturedFile[]): CapturedTreeAt[] {
  return files
    .filter(({ path, bytes }) => /^(?:in|out)\/(?:fdt|dt)$/.test(path) && bytes.length > 0)
    .map(({ path, from }) => ({ direction: path.startsWith('in/') ? 'incoming' : 'outgoing', from }));
}

/** Registers that are off lead nowhere: what they point to is not in use. */
function trimSources(dumps: readonly LoadedDump[], files: readonly CapturedFile[]): TrimSource[] {
  const regset = files.find(({ path }) => path === 'vtd/iommu_regset');
  const text = regset === undefined ? '' : textOf(regset.bytes);
  const units =
    regset !== undefined && parseRegset(text).length > 0
      ? unitsOf(regset.from, text, {}).filter((unit) => translationEnabled(unit) !== false)
      : [];
  return dumps.map((dump, i) => ({
    handover: dump.handover,
    // One of them keeps the tables.
    options: { ...trimOptions(dump, false), vmcoreinfo: false, ...(i === 0 ? { units } : {}) },
  }));
}

/** The kernel's release and page size, as its own core would say them. */
function noteOf(release: string | undefined, dumps: readonly LoadedDump[]): { vmcoreinfo?: string } {
  const pageSize = dumps[0]?.evidence?.pageSize?.value;
  const known = release ?? dumps[0]?.evidence?.release?.value;
  const lines = [
    ...(known === undefined ? [] : [`OSRELEASE=${known}\n`]),
    ...(pageSize === undefined ? [] : [`PAGESIZE=${pageSize}\n`]),
  ];
  return lines.length === 0 ? {} : { vmcoreinfo: lines.join('') };
}

/** @throws InputError where there is no tree, neither in a file nor in memory */
function refuseNothing(files: readonly CapturedFile[], refused: readonly Refusal[]): void {
  if (copiedTrees(files).length > 0) return;
  const debugfs = refused.find(({ path }) => path.includes('/kho'));
  if (debugfs !== undefined && debugfs.code !== 'ENOENT')
    throw new InputError(debugfs.path, debugfs.code, debugfs.why);
  // A tree that debugfs does not show can still be in memory that is closed.
  const kcore = refused.find(
    ({ path, code }) => path === '/proc/kcore' && code !== 'ENOENT' && code !== 'no-tree',
  );
  if (kcore !== undefined)
    throw new InputError(
      '/sys/kernel/debug/kho',
      'no-handover',
      `not there, and /proc/kcore cannot be read: ${kcore.why}; mount debugfs (mount -t debugfs none /sys/kernel/debug)`,
    );
  throw new InputError(
    '/sys/kernel/debug/kho',
    'no-handover',
    'not there, and the memory shows no tree: boot with kho=on a kernel that has CONFIG_KEXEC_HANDOVER and CONFIG_KEXEC_HANDOVER_DEBUGFS, and mount debugfs (mount -t debugfs none /sys/kernel/debug)',
  );
}

/** Whether two captures of a file differ, as what a kernel prepares may change while it is read. */
export function changedSince(host: HostFiles, { shown }: Pick<Captured, 'shown'>): readonly string[] {
  return shown
    .filter(({ path }) => path === 'out/fdt')
    .flatMap(({ from, bytes }) => {
      const now = host.read(from);
      return now instanceof Uint8Array && !equalBytes(now, bytes) ? [from] : [];
    });
}

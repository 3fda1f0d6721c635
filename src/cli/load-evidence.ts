/** The kernel's release and page size, with what told them. */
import type { Findings, FoundTree } from '../decode/find.js';
import type { OpenedMemory } from '../memory/node/open-memory.js';
import type { Vmcoreinfo } from '../memory/vmcoreinfo.js';
import { hex } from '../schema/units.js';

/** A value, and where it comes from, for people: `VMCOREINFO in memory at 0x43f498`. */
export interface Decided<T> {
  readonly value: T;
  readonly from: string;
  /** Whether it is in the memory itself, and not in the file's headers. */
  readonly inMemory: boolean;
}

interface Told {
  readonly info: Partial<Pick<Vmcoreinfo, 'release' | 'pageSize'>>;
  readonly from: string;
  readonly inMemory: boolean;
}

/** What a dump says about the kernel whose memory it holds. */
export interface Evidence {
  readonly release?: Decided<string>;
  /** Bytes. */
  readonly pageSize?: Decided<number>;
  /** Releases that VMCOREINFO texts in memory name when they disagree, as of two kernels in one dump. */
  readonly releases: readonly string[];
}

/** In this order: the core's own VMCOREINFO, that in memory, the core's header, what names the tree. */
export function evidenceOf(opened: OpenedMemory, { vmcoreinfo }: Findings, found?: FoundTree): Evidence {
  const told: Told[] = [];
  const tell = (info: Told['info'], from: string, inMemory = false) => told.push({ info, from, inMemory });
  if (opened.vmcoreinfo !== undefined) {
    tell(
      opened.vmcoreinfo,
      opened.elf === undefined ? 'VMCOREINFO in the kdump header' : 'the VMCOREINFO note',
    );
  }
  const releases = unique(vmcoreinfo.map(({ info }) => info.release));
  const pageSizes = unique(vmcoreinfo.map(({ info }) => info.pageSize));
  const [first] = vmcoreinfo;
  if (first !== undefined) {
    const info = {
      ...(releases.length === 1 && releases[0] !== undefined ? { release: releases[0] } : {}),
      ...(pageSizes.length === 1 && pageSizes[0] !== undefined ? { pageSize: pageSizes[0] } : {}),
    };
    tell(info, `VMCOREINFO in memory at ${hex(first.address)}`, true);
  }
  const kdump = opened.kdump;
  if (kdump?.release !== undefined) {
    // A writer that knows the kernel knows its page size; QEMU, which does not, writes its own.
    tell({ release: kdump.release, pageSize: kdump.pageSize }, 'the kdump header');
  }
  if (found?.pageSize !== undefined) {
    tell({ pageSize: found.pageSize }, `the size that ${found.how} gives the tree's page`);
  }
  if (opened.machine === 'x86-64') tell({ pageSize: 4096 }, 'x86-64, which has no other');
  const release = decide(told, ({ release }) => release);
  const pageSize = decide(told, ({ pageSize }) => pageSize);
  return {
    ...(release === undefined ? {} : { release }),
    ...(pageSize === undefined ? {} : { pageSize }),
    releases: releases.length > 1 ? releases : [],
  };
}

function decide<T>(
  told: readonly Told[],
  pick: (info: Told['info']) => T | undefined,
): Decided<T> | undefined {
  for (const { info, from, inMemory } of told) {
    const value = pick(info);
    if (value !== undefined) return { value, from, inMemory };
  }
  return undefined;
}

function unique<T>(values: readonly (T | undefined)[]): T[] {
  return [...new Set(values)].filter((value) => value !== undefined);
}

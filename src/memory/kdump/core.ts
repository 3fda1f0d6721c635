import { createDiagnostics, type DiagnosticSink, type MemoryDiagnostic } from '../diagnostics.js';
import { isElf, type Machine } from '../elf/header.js';
import { type MemoryRun, PHYSICAL_LIMIT, type PhysicalMemory } from '../physical.js';
import type { RandomAccess } from '../random-access.js';
import { parseVmcoreinfo, type Vmcoreinfo } from '../vmcoreinfo.js';
import { flattenedAccess, isFlattened } from './flattened.js';
import { descriptorRoom, type KdumpLayout, readKdumpLayout } from './header.js';
import { machineOf } from './machine.js';
import { type PageBitmap, pageBitmap } from './page-bitmap.js';
import { type PageCodecs, pageReader } from './pages.js';

/** A kdump-compressed core and what it says about itself. */
export interface KdumpCore {
  /** Undefined where neither the header nor anything else in the file tells. */
  readonly machine?: Machine;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** utsname.release, where the writer knew it. */
  readonly release?: string;
  readonly vmcoreinfo?: Vmcoreinfo;
  /** The memory that the file holds; pages that were left out are absent. */
  readonly memory: PhysicalMemory;
  /** What is wrong with the file so far; reading pages may add to it. */
  diagnostics(): MemoryDiagnostic[];
}

/** Result of `openKdump`. */
export interface KdumpResult {
  /** Absent when the file cannot be used as a core at all; the last diagnostic then says why. */
  readonly core?: KdumpCore;
  readonly diagnostics: readonly MemoryDiagnostic[];
}

/** The kernel gives VMCOREINFO one page (VMCOREINFO_BYTES), of at most 64 KiB. */
const MAX_VMCOREINFO = 1 << 20;

/**
 * Opens a kdump-compressed core, flattened or not. Never throws on bad data. What it keeps in memory is
 * an index of the pieces (flattened: 24 bytes each) and of the bitmap (8 bytes for each 32768 pages).
 *
 * @param source the unpacked file
 * @param codecs unpack pages; LZO and snappy need none
 */
export function openKdump(source: RandomAccess, codecs: PageCodecs): KdumpResult {
  const diagnostics = createDiagnostics();
  const flattened = isFlattened(headOf(source));
  const file = flattened ? flattenedAccess(source, diagnostics) : source;
  return openUnflattened(file, codecs, flattened, diagnostics);
}

/**
 * Opens makedumpfile's flattened stream of a core: kdump-compressed, or ELF after `makedumpfile -E`.
 *
 * @returns the seekable file and what is wrong with the stream when it holds an ELF core, else as `openKdump`
 */
export function openFlattened(
  source: RandomAccess,
  codecs: PageCodecs,
): KdumpResult | { readonly elf: RandomAccess; readonly diagnostics: readonly MemoryDiagnostic[] } {
  const diagnostics = createDiagnostics();
  const file = flattenedAccess(source, diagnostics);
  if (isElf(headOf(file))) return { elf: file, diagnostics: diagnostics.list() };
  return openUnflattened(file, codecs, true, diagnostics);
}

function headOf(file: RandomAccess): Uint8Array {
  const head = new Uint8Array(16);
  return head.subarray(0, file.readAt(0, head.length, head));
}

function openUnflattened(
  file: RandomAccess,
  codecs: PageCodecs,
  flattened: boolean,
  diagnostics: DiagnosticSink,
): KdumpResult {
  const layout = readKdumpLayout(file, diagnostics);
  if (layout === undefined) return { diagnostics: diagnostics.list() };
  const bitmap = pageBitmap(file, layout.bitmap, layout.firstPfn, layout.endPfn);
  const room = descriptorRoom(file, layout);
  if (room < bitmap.count) {
    diagnostics.add(
      'kdump-descriptors-truncated',
      `the file ends after ${room} of ${bitmap.count} page descriptors: the other pages cannot be read`,
      file.size,
    );
  }
  const vmcoreinfo = readVmcoreinfo(file, layout, diagnostics);
  const machine = machineOf(file, layout, vmcoreinfo, diagnostics);
  if (machine === undefined) {
    diagnostics.add(
      'kdump-machine',
      'neither the kdump header nor its notes name the machine of the core; it is read as x86_64 or aarch64',
    );
  }
  const description = `kdump-compressed core${flattened ? ' (flattened)' : ''}, ${machine ?? 'unknown machine'}, ${bitmap.count} pages`;
  const core = {
    ...(machine === undefined ? {} : { machine }),
    pageSize: layout.pageSize,
    ...(layout.release === '' ? {} : { release: layout.release }),
    ...(vmcoreinfo === undefined ? {} : { vmcoreinfo }),
    memory: pagedMemory(file, layout, bitmap, codecs, diagnostics, description),
    diagnostics: () => diagnostics.list(),
  };
  return { core, diagnostics: diagnostics.list() };
}

function readVmcoreinfo(
  file: RandomAccess,
  { vmcoreinfo: { offset, size } }: KdumpLayout,
  diagnostics: DiagnosticSink,
): Vmcoreinfo | undefined {
  if (offset === 0 || size === 0) return undefined;
  if (size > MAX_VMCOREINFO || offset + size > file.size) {
    diagnostics.add(
      'kdump-vmcoreinfo',
      `VMCOREINFO of ${size} bytes is not inside the file, or too large`,
      offset,
    );
    return undefined;
  }
  const bytes = new Uint8Array(size);
  return file.readAt(offset, size, bytes) === size ? parseVmcoreinfo(bytes) : undefined;
}

function pagedMemory(
  file: RandomAccess,
  layout: KdumpLayout,
  bitmap: PageBitmap,
  codecs: PageCodecs,
  diagnostics: DiagnosticSink,
  description: string,
): PhysicalMemory {
  const { pageSize, endPfn } = layout;
  const { page, readable } = pageReader(file, layout, bitmap.count, codecs, diagnostics);
  // Reads come page after page: the descriptor of the next one is known without counting bits.
  let lastPfn = -2;
  let lastIndex = -1;

  function indexOf(pfn: number): number {
    if (pfn === lastPfn) return lastIndex;
    if (!bitmap.has(pfn)) return -1;
    lastIndex = pfn === lastPfn + 1 ? lastIndex + 1 : bitmap.rank(pfn);
    lastPfn = pfn;
    return lastIndex;
  }

  function read(address: number, length: number, into: Uint8Array): number {
    if (!(address >= 0)) return 0;
    let done = 0;
    while (done < length) {
      const at = address + done;
      const pfn = Math.floor(at / pageSize);
      const index = indexOf(pfn);
      const bytes = index < 0 ? undefined : page(index);
      if (bytes === undefined) break;
      const from = at - pfn * pageSize;
      const count = Math.min(length - done, pageSize - from);
      into.set(count === pageSize ? bytes : bytes.subarray(from, from + count), done);
      done += count;
    }
    return done;
  }

  function* runs(start: number, end: number): Generator<MemoryRun> {
    let run: MemoryRun | undefined;
    for (const part of parts(start, end)) {
      if (run !== undefined && run.state === part.state) run = { ...run, end: part.end };
      else {
        if (run !== undefined) yield run;
        run = part;
      }
    }
    if (run !== undefined) yield run;
  }

  /** What the bitmap lists and the file does not hold is as absent as what is not listed: read() has none of it. */
  function* parts(start: number, end: number): Generator<MemoryRun> {
    for (let at = start; at < end; ) {
      const pfn = Math.floor(at / pageSize);
      const listed = bitmap.has(pfn);
      const behind = bitmap.next(pfn, !listed);
      if (!listed) {
        // After the bitmap nothing is listed any more.
        const stop = behind >= endPfn ? end : Math.min(behind * pageSize, end);
        yield { start: at, end: stop, state: 'absent' };
        at = stop;
        continue;
      }
      const limit = Math.min(behind, Math.ceil(end / pageSize));
      for (let first = pfn, index = bitmap.rank(pfn); first < limit; ) {
        const state = readable(index) ? 'present' : 'absent';
        let next = first + 1;
        for (index++; next < limit && readable(index) === (state === 'present'); index++) next++;
        const stop = Math.min(next * pageSize, end);
        yield { start: at, end: stop, state };
        at = stop;
        first = next;
      }
    }
  }

  function* known(): Generator<MemoryRun> {
    for (const run of runs(0, PHYSICAL_LIMIT)) if (run.state !== 'absent') yield run;
  }

  /** Pages of zeros share their data in every core; those of a hostile one may all. */
  function* distinct(): Generator<MemoryRun> {
    const { repeats } = pageReader(file, layout, bitmap.count, codecs, createDiagnostics());
    for (const { start, end, state } of known()) {
      const first = start / pageSize;
      let index = bitmap.rank(first);
      let from = -1;
      for (let pfn = first; pfn * pageSize < end; pfn++, index++) {
        const fresh = !repeats(index);
        if (fresh && from < 0) from = pfn;
        if (!fresh && from >= 0) {
          yield { start: from * pageSize, end: pfn * pageSize, state };
          from = -1;
        }
      }
      if (from >= 0) yield { start: from * pageSize, end, state };
    }
  }

  return { read, runs, known, distinct, description };
}

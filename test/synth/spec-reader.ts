/**
 * A reader of its own, written from the specification alone (upstream 2.1 to 3.6, rfc-2024 1.3 to 2.3) and from
 * nothing of src: what it finds in a core is held against the account of the one who made it. It takes sound cores
 * of x86-64 only as far as finding the tree goes; for others the address is given.
 */

/** A core in one piece. */
export interface Core {
  readonly note: string;
  u64(address: bigint): bigint;
  u32(address: bigint): number;
  u16(address: bigint): number;
  u8(address: bigint): number;
  text(address: bigint, size: number): string;
}

/** ELF64: program headers at e_phoff, PT_LOAD by p_paddr, one PT_NOTE. */
export function openCore(bytes: Uint8Array): Core {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = (at: number): number => Number(view.getBigUint64(at, true));
  const loads: { start: number; stored: number; end: number; offset: number }[] = [];
  let note = '';
  const count = view.getUint16(56, true);
  for (let i = 0; i < count; i++) {
    const at = wide(32) + i * 56;
    const offset = wide(at + 8);
    const stored = wide(at + 32);
    if (view.getUint32(at, true) === 4) {
      const name = Math.ceil(view.getUint32(offset, true) / 4) * 4;
      note = new TextDecoder().decode(
        bytes.subarray(offset + 12 + name, offset + 12 + name + view.getUint32(offset + 4, true)),
      );
    } else {
      const start = wide(at + 24);
      loads.push({ start, stored: start + stored, end: start + wide(at + 40), offset });
    }
  }
  let last = loads[0];
  /** Offset in the file; undefined where memory is zero and not stored. */
  const place = (address: bigint): number | undefined => {
    const at = Number(address);
    if (last === undefined || at < last.start || at >= last.end) {
      last = loads.find(({ start, end }) => at >= start && at < end);
    }
    if (last === undefined) throw new Error(`0x${address.toString(16)} is not in the core`);
    return at < last.stored ? last.offset + at - last.start : undefined;
  };
  // Values do not cross the end of what is stored: segments are whole records at least.
  const read = <T>(address: bigint, zero: T, get: (offset: number) => T): T => {
    const at = place(address);
    return at === undefined ? zero : get(at);
  };
  const u8 = (address: bigint): number => read(address, 0, (at) => view.getUint8(at));
  return {
    note,
    u64: (address) => read(address, 0n, (at) => view.getBigUint64(at, true)),
    u32: (address) => read(address, 0, (at) => view.getUint32(at, true)),
    u16: (address) => read(address, 0, (at) => view.getUint16(at, true)),
    u8,
    text(address, size) {
      const list: number[] = [];
      for (let i = 0; i < size; i++) {
        const byte = u8(address + BigInt(i));
        if (byte === 0) break;
        list.push(byte);
      }
      return new TextDecoder().decode(Uint8Array.from(list));
    },
  };
}

export interface Node {
  readonly name: string;
  /** Physical address and length of each value. */
  readonly props: Map<string, { at: bigint; size: number }>;
  readonly children: Node[];
}

/** A devicetree blob in memory: header and tokens big-endian. */
export function readTree(core: Core, address: bigint): Node {
  const be = (at: bigint): number =>
    ((core.u8(at) << 24) | (core.u8(at + 1n) << 16) | (core.u8(at + 2n) << 8) | core.u8(at + 3n)) >>> 0;
  if (be(address) !== 0xd00dfeed) throw new Error('no tree');
  const strings = address + BigInt(be(address + 12n));
  let at = address + BigInt(be(address + 8n));
  const root: Node = { name: '', props: new Map(), children: [] };
  const stack: Node[] = [];
  for (;;) {
    const token = be(at);
    at += 4n;
    if (token === 9) return root;
    if (token === 1) {
      const name = core.text(at, 4096);
      const size = new TextEncoder().encode(name).length + 1;
      at += BigInt(Math.ceil(size / 4) * 4);
      const parent = stack.at(-1);
      const node: Node = parent === undefined ? root : { name, props: new Map(), children: [] };
      parent?.children.push(node);
      stack.push(node);
    } else if (token === 2) stack.pop();
    else if (token === 3) {
      const size = be(at);
      const name = core.text(strings + BigInt(be(at + 4n)), 64);
      stack.at(-1)?.props.set(name, { at: at + 8n, size });
      at += 8n + BigInt(Math.ceil(size / 4) * 4);
    } else throw new Error(`token ${token}`);
  }
}

export function child(node: Node, ...path: string[]): Node {
  let at = node;
  for (const name of path) {
    const next = at.children.find((each) => each.name === name);
    if (next === undefined) throw new Error(`no node ${name}`);
    at = next;
  }
  return at;
}

export function valueAt(node: Node, name: string): bigint {
  const found = node.props.get(name);
  if (found === undefined) throw new Error(`no property ${name}`);
  return found.at;
}

/** The payload of the setup_data element of type 10 of the boot_params at an address. */
export function setupData(core: Core, bootParams: bigint): bigint {
  if (core.u16(bootParams + 0x1fen) !== 0xaa55 || core.u32(bootParams + 0x202n) !== 0x53726448) {
    throw new Error('no boot_params');
  }
  let at = core.u64(bootParams + 0x250n);
  while (core.u32(at + 8n) !== 10) at = core.u64(at);
  return at + 16n;
}

/** Blocks of a radix map (2.4), as `address:order`, ascending. */
export function radixBlocks(core: Core, root: bigint, pageSize: number): string[] {
  const shift = Math.log2(pageSize);
  const bits = shift - 3;
  const leafBits = shift + 3;
  const depth = Math.ceil((64 - shift + 1 - leafBits) / bits) + 1;
  const found: [bigint, number][] = [];
  const visit = (page: bigint, level: number, prefix: bigint): void => {
    if (level > 0) {
      for (let i = 0; i < pageSize / 8; i++) {
        const next = core.u64(page + BigInt(i * 8));
        if (next !== 0n) visit(next, level - 1, (prefix << BigInt(bits)) | BigInt(i));
      }
      return;
    }
    for (let byte = 0; byte < pageSize; byte++) {
      const value = core.u8(page + BigInt(byte));
      for (let bit = 0; value >> bit > 0; bit++) {
        if (((value >> bit) & 1) === 0) continue;
        const key = (prefix << BigInt(leafBits)) | BigInt(byte * 8 + bit);
        const high = key.toString(2).length - 1;
        const order = 64 - shift - high;
        found.push([BigInt.asUintN(64, key << BigInt(shift + order)), order]);
      }
    }
  };
  visit(root, depth - 1, 0n);
  return sorted(found);
}

/** Blocks of a map of chunks (2.3). */
export function chunkBlocks(core: Core, head: bigint, pageSize: number, bitmapSize: number): string[] {
  const found: [bigint, number][] = [];
  for (let chunk = head; chunk !== 0n; chunk = core.u64(chunk)) {
    const order = core.u32(chunk + 8n);
    for (let i = 0; i < core.u32(chunk + 12n); i++) {
      const start = core.u64(chunk + 16n + BigInt(16 * i));
      const bitmap = core.u64(chunk + 24n + BigInt(16 * i));
      for (let bit = 0; bit < bitmapSize * 8; bit++) {
        if (((core.u8(bitmap + BigInt(bit >> 3)) >> (bit & 7)) & 1) === 0) continue;
        found.push([start + BigInt(bit) * (BigInt(pageSize) << BigInt(order)), order]);
      }
    }
  }
  return sorted(found);
}

function sorted(blocks: [bigint, number][]): string[] {
  return blocks
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x - y))
    .map(([address, order]) => `0x${address.toString(16)}:${order}`);
}

/** Entries of a kho_block list (3.2), their addresses. */
export function blockEntries(core: Core, head: bigint, size: number): bigint[] {
  const list: bigint[] = [];
  for (let block = head; block !== 0n; block = core.u64(block)) {
    for (let i = 0n; i < core.u64(block + 8n); i++) list.push(block + 16n + i * BigInt(size));
  }
  return list;
}

export interface SpecFile {
  readonly compatible: string;
  readonly token: bigint;
  readonly pos: bigint;
  readonly size: bigint;
  /** `pfn:flags:index` */
  readonly folios: readonly string[];
}

/** A file of LUO with its memfd (3.5.1, 3.6). */
export function readFile(core: Core, at: bigint, pageSize: number): SpecFile {
  const compatible = core.text(at, 48);
  const data = core.u64(at + 48n);
  const shift = compatible === 'memfd-v2' ? 8n : 0n;
  const runs: bigint[] = [];
  for (let chunk = core.u64(data + 24n + shift); chunk !== 0n; chunk = core.u64(chunk)) {
    for (let i = 8; i < pageSize; i += 8) {
      const run = core.u64(chunk + BigInt(i));
      if (run === 0n) break;
      runs.push(run);
    }
  }
  const folios: string[] = [];
  for (let i = 0; i < Number(core.u64(data + 16n + shift)); i++) {
    const offset = i * 16;
    const entry = (runs[Math.floor(offset / pageSize)] ?? 0n) + BigInt(offset % pageSize);
    const word = core.u64(entry);
    folios.push(`${word & ((1n << 52n) - 1n)}:${word >> 52n}:${core.u64(entry + 8n)}`);
  }
  return { compatible, token: core.u64(at + 56n), pos: core.u64(data), size: core.u64(data + 8n), folios };
}

/** Leaves of second-stage tables (rfc-2024 2.2), in IOVA order: `iova:target:pages:write`. */
export function leaves(core: Core, pgd: bigint, levels: number): string[] {
  const list: string[] = [];
  const visit = (table: bigint, level: number, iova: bigint): void => {
    const span = 1n << BigInt(9 * (level - 1));
    for (let i = 0n; i < 512n; i++) {
      const entry = core.u64(table + i * 8n);
      if ((entry & 3n) === 0n) continue;
      const address = entry & 0x000f_ffff_ffff_f000n;
      const here = iova + i * span;
      if (level === 1 || (entry & 0x80n) !== 0n)
        list.push(`${here}:${address >> 12n}:${span}:${(entry >> 1n) & 1n}`);
      else visit(address, level - 1, here);
    }
  };
  visit(pgd, levels, 0n);
  return list;
}

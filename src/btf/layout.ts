/** Layouts of structs as a kernel's types tell them. */
import {
  BTF_MEMBER_SIZE,
  BTF_TYPE_SIZE,
  BtfKind,
  readBtfArray,
  readBtfMember,
  readBtfMemberBits,
} from '../records/btf.js';
import { type Btf, btfName, btfTypeAt } from './parse.js';

export interface StructMember {
  /** Path of names, e.g. `hdr.setup_data`; members of anonymous structs and unions stand without a prefix. */
  readonly name: string;
  readonly bitOffset: number;
  /** Undefined where the type's size is not known, and of flexible arrays. */
  readonly bitWidth?: number;
}

export interface StructLayout {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Members, and those of nested structs, by path. The first of a name wins. */
  readonly members: ReadonlyMap<string, StructMember>;
}

/** Chains of typedefs and arrays followed; the kernel's are shorter than ten. */
const MAX_CHAIN = 64;
/** Nesting of structs followed by path; the deepest field that a schema names has two. */
const MAX_DEPTH = 4;
/** Members listed of one struct. */
const MAX_MEMBERS = 1 << 16;
const MODIFIERS: ReadonlySet<number> = new Set([
  BtfKind.typedef,
  BtfKind.volatile,
  BtfKind.const,
  BtfKind.restrict,
  BtfKind.typeTag,
]);

/**
 * The layouts of structs by name. A name that several types have (of different compilation units) gives
 * several layouts, equal ones once.
 */
export function structLayouts(btf: Btf, names: ReadonlySet<string>): ReadonlyMap<string, StructLayout[]> {
  const found = new Map<string, StructLayout[]>();
  for (let id = 1; id <= btf.count; id++) {
    const type = btfTypeAt(btf, id);
    if (type?.kind !== BtfKind.struct) continue;
    const name = btfName(btf, type.nameOff);
    if (!names.has(name)) continue;
    const layout = structLayout(btf, id, name, type.sizeOrType);
    const known = found.get(name) ?? [];
    if (!known.some((other) => sameLayout(other, layout))) found.set(name, [...known, layout]);
  }
  return found;
}

function sameLayout(a: StructLayout, b: StructLayout): boolean {
  if (a.size !== b.size || a.members.size !== b.members.size) return false;
  return [...a.members.values()].every(({ name, bitOffset, bitWidth }) => {
    const other = b.members.get(name);
    return other?.bitOffset === bitOffset && other.bitWidth === bitWidth;
  });
}

interface Visit {
  readonly id: number;
  readonly prefix: string;
  readonly bitOffset: number;
  readonly depth: number;
}

function structLayout(btf: Btf, id: number, name: string, size: number): StructLayout {
  const members = new Map<string, StructMember>();
  const stack: Visit[] = [{ id, prefix: '', bitOffset: 0, depth: 0 }];
  for (let visit = stack.pop(); visit !== undefined && members.size < MAX_MEMBERS; visit = stack.pop()) {
    const { prefix, bitOffset, depth } = visit;
    for (const member of membersOf(btf, visit.id)) {
      const path = member.name === '' ? '' : prefix + member.name;
      const at = bitOffset + member.bitOffset;
      const width = member.bitfield > 0 ? member.bitfield : bitWidthOf(btf, member.type);
      if (path !== '' && !members.has(path)) {
        members.set(path, { name: path, bitOffset: at, ...(width === undefined ? {} : { bitWidth: width }) });
      }
      const inner = aggregate(btf, member.type);
      if (inner === undefined || depth >= MAX_DEPTH) continue;
      stack.push({ id: inner, prefix: path === '' ? prefix : `${path}.`, bitOffset: at, depth: depth + 1 });
    }
  }
  return { name, size, members };
}

function* membersOf(
  btf: Btf,
  id: number,
): Generator<{ name: string; type: number; bitOffset: number; bitfield: number }> {
  const type = btfTypeAt(btf, id);
  if (type?.kind !== BtfKind.struct && type?.kind !== BtfKind.union) return;
  for (let i = 0; i < type.vlen; i++) {
    const at = (btf.offsets[id] ?? 0) + BTF_TYPE_SIZE + i * BTF_MEMBER_SIZE;
    if (type.kindFlag === 1) {
      const { nameOff, type: of, bitOffset, bitfieldSize } = readBtfMemberBits(btf.view, at);
      yield { name: btfName(btf, nameOff), type: of, bitOffset, bitfield: bitfieldSize };
    } else {
      const { nameOff, type: of, offset } = readBtfMember(btf.view, at);
      yield { name: btfName(btf, nameOff), type: of, bitOffset: offset, bitfield: 0 };
    }
  }
}

/** The id behind typedefs and qualifiers. */
function resolved(btf: Btf, id: number): number {
  let at = id;
  for (let steps = 0; steps < MAX_CHAIN; steps++) {
    const type = btfTypeAt(btf, at);
    if (type === undefined || !MODIFIERS.has(type.kind)) return at;
    at = type.sizeOrType;
  }
  return 0;
}

function aggregate(btf: Btf, id: number): number | undefined {
  const at = resolved(btf, id);
  const kind = btfTypeAt(btf, at)?.kind;
  return kind === BtfKind.struct || kind === BtfKind.union ? at : undefined;
}

/** Bits of a pointer of the 64-bit kernels that have a handover. */
const POINTER_BITS = 64;

function bitWidthOf(btf: Btf, id: number): number | undefined {
  let elements = 1;
  let at = resolved(btf, id);
  for (let steps = 0; steps < MAX_CHAIN; steps++) {
    const type = btfTypeAt(btf, at);
    switch (type?.kind) {
      case BtfKind.ptr:
        return elements * POINTER_BITS;
      case BtfKind.int:
      case BtfKind.enum:
      case BtfKind.enum64:
      case BtfKind.float:
      case BtfKind.struct:
      case BtfKind.union:
        return elements === 0 ? undefined : elements * type.sizeOrType * 8;
      case BtfKind.array: {
        const { type: element, nelems } = readBtfArray(btf.view, (btf.offsets[at] ?? 0) + BTF_TYPE_SIZE);
        elements *= nelems;
        at = resolved(btf, element);
        break;
      }
      default:
        return undefined;
    }
  }
  return undefined;
}

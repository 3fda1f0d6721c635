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
  /** Path of names, e.g. `hdr.setup_data`; members of anonymous structs and unions are without a prefix. */
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
/** Members looked at in all, those of nested structs as often as they are nested; a kernel's handover has some 2,000. */
const MAX_MEMBERS = 1 << 15;
/** Layouts of one name; kernels have one, or a few of different compilation units. */
const MAX_LAYOUTS = 64;

/** What bounds the work on types that refer to themselves. */
export interface StructLimit {
  /** Whether more was left than is looked at. */
  reached: boolean;
}

const MODIFIERS: ReadonlySet<number> = new Set([
  BtfKind.typedef,
  BtfKind.volatile,
  BtfKind.const,
  BtfKind.restrict,
  BtfKind.typeTag,
]);

/**
 * The layouts of structs by name. A name that several types have (of different compilation units) gives
 * several layouts, equal ones once. Work is bounded whatever the types say, those that hold themselves included.
 *
 * @param limit is told when the bound was reached: what is returned is not all then
 */
export function structLayouts(
  btf: Btf,
  names: ReadonlySet<string>,
  limit: StructLimit = { reached: false },
): ReadonlyMap<string, StructLayout[]> {
  const found = new Map<string, StructLayout[]>();
  const longest = Math.max(0, ...Array.from(names, ({ length }) => length));
  const work: Work = { btf, left: MAX_MEMBERS, targets: new Map(), widths: new Map(), limit };
  for (let id = 1; id <= btf.count && !limit.reached; id++) {
    const type = btfTypeAt(btf, id);
    if (type?.kind !== BtfKind.struct) continue;
    const name = btfName(btf, type.nameOff, longest + 1);
    if (!names.has(name)) continue;
    const layout = structLayout(work, id, name, type.sizeOrType);
    const known = found.get(name) ?? [];
    if (known.some((other) => sameLayout(other, layout))) continue;
    if (known.length === MAX_LAYOUTS) limit.reached = true;
    else found.set(name, [...known, layout]);
  }
  return found;
}

/** What is known of types so far, each worked out once, and how much may still be done. */
interface Work {
  readonly btf: Btf;
  left: number;
  /** The ids after following typedefs and qualifiers. */
  readonly targets: Map<number, number>;
  /** Bits, or undefined where a type has no known size. */
  readonly widths: Map<number, number | undefined>;
  readonly limit: StructLimit;
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

function structLayout(work: Work, id: number, name: string, size: number): StructLayout {
  const members = new Map<string, StructMember>();
  const stack: Visit[] = [{ id, prefix: '', bitOffset: 0, depth: 0 }];
  for (let visit = stack.pop(); visit !== undefined && !work.limit.reached; visit = stack.pop()) {
    const { prefix, bitOffset, depth } = visit;
    for (const member of membersOf(work.btf, visit.id)) {
      if (work.left-- === 0) {
        work.limit.reached = true;
        break;
      }
      const path = member.name === '' ? '' : prefix + member.name;
      const at = bitOffset + member.bitOffset;
      const width = member.bitfield > 0 ? member.bitfield : bitWidthOf(work, member.type);
      if (path !== '' && !members.has(path)) {
        members.set(path, { name: path, bitOffset: at, ...(width === undefined ? {} : { bitWidth: width }) });
      }
      const inner = aggregate(work, member.type);
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

/** The id after following typedefs and qualifiers. */
function resolved(work: Work, id: number): number {
  const known = work.targets.get(id);
  if (known !== undefined) return known;
  const target = follow(work.btf, id);
  work.targets.set(id, target);
  return target;
}

function follow(btf: Btf, id: number): number {
  let at = id;
  for (let steps = 0; steps < MAX_CHAIN; steps++) {
    const type = btfTypeAt(btf, at);
    if (type === undefined || !MODIFIERS.has(type.kind)) return at;
    at = type.sizeOrType;
  }
  return 0;
}

function aggregate(work: Work, id: number): number | undefined {
  const at = resolved(work, id);
  const kind = btfTypeAt(work.btf, at)?.kind;
  return kind === BtfKind.struct || kind === BtfKind.union ? at : undefined;
}

/** Bits of a pointer of the 64-bit kernels that have a handover. */
const POINTER_BITS = 64;

function bitWidthOf(work: Work, id: number): number | undefined {
  if (!work.widths.has(id)) work.widths.set(id, measure(work, id));
  return work.widths.get(id);
}

function measure(work: Work, id: number): number | undefined {
  const { btf } = work;
  let elements = 1;
  let at = resolved(work, id);
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
        at = resolved(work, element);
        break;
      }
      default:
        return undefined;
    }
  }
  return undefined;
}

/** Where a difference is: names that outlive a kexec and a move of the memory, never an address. */
import { bytesToHex } from '../schema/text.js';

/** The parts of a handover, in the order in which they are compared. */
const PARTS = [
  'tree',
  'scratch',
  'preserved',
  'mem-cache',
  'subtree',
  'memblock',
  'luo',
  'kexec-metadata',
  'kho-test',
  'ftrace',
  'domain',
  'guestmemfs',
  'iommufd',
  'structure',
] as const;
/** The part of a handover that a difference is in. */
export type Part = (typeof PARTS)[number];

/** A place by logical identity; what does not apply is left out. Names are as stored, before their NUL. */
export interface Place {
  readonly part: Part;
  /** Child of an upstream root: a subsystem's blob. */
  readonly subtree?: string;
  /** A state that is on its own, e.g. `IOMMU state`. */
  readonly structure?: string;
  /** An element of a structure's list, by what names it there, e.g. `IOMMU device 0000:00:03.0`. */
  readonly element?: string;
  /** LUO session. */
  readonly session?: Uint8Array;
  /** LUO file in that session. */
  readonly token?: bigint;
  /** File-lifecycle-bound object of LUO. */
  readonly flb?: Uint8Array;
  /** reserve_mem region. */
  readonly region?: string;
  /** persistent_id of an iommufd, its IOAS, and an area by the start of its IOVAs. */
  readonly iommufd?: bigint;
  readonly ioas?: number;
  readonly area?: bigint;
  /** persistent_id of a domain, and a device of it. */
  readonly domain?: bigint;
  readonly bus?: number;
  readonly devfn?: number;
  /** Name of a node whose number cannot be read. */
  readonly nodeName?: string;
  /** Bytes of I/O virtual addresses, half-open. */
  readonly iova?: bigint;
  readonly iovaEnd?: bigint;
  /** guestmemfs file. */
  readonly file?: Uint8Array;
  /** Bytes of a file, half-open. */
  readonly offset?: bigint;
  readonly offsetEnd?: bigint;
  /** CPU of a trace buffer. */
  readonly cpu?: number;
  /** Order of preserved blocks. */
  readonly order?: number;
  /** Position in a list whose elements have no names. */
  readonly index?: number;
  /** Physical bytes, half-open; `--strict` and coverage only. */
  readonly address?: bigint;
  readonly addressEnd?: bigint;
  /** Node and property of a devicetree blob that have no typed form. */
  readonly fdtPath?: string;
  readonly property?: string;
  /** The n-th of several with the same identity, from 2 on. */
  readonly copy?: number;
}

/** A place as the key of the same in another handover; no key begins another. */
export function keyOf(place: Place): string {
  return Object.entries(place)
    .map(([name, value]) => `${name}=${value instanceof Uint8Array ? bytesToHex(value) : value};`)
    .join('');
}

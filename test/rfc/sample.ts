/** A consistent dump of the 2024 series, and where its parts are; ways to damage single fields of it. */
import { GUESTMEMFS_SB } from '../../src/records/guestmemfs.js';
import { KHO_DATA_RFC2024 } from '../../src/records/kho.js';
import { buildDump, LAYOUT } from './build-dump.js';
import { type Damage, le, nodeAt, poke, setProperty } from './corrupt.js';
import { SAMPLE_PLAN } from './plan.js';

export const DUMP = buildDump(SAMPLE_PLAN);
/** What even a consistent dump shows (rfc-2024 K11). */
export const UNAVOIDABLE = new Set(['KHO-011']);
const [DOMAIN] = DUMP.domains;
if (DOMAIN === undefined) throw new Error('the sample has domains');
const { tables } = DOMAIN;
/** Top table, level 2 with a 2 MiB leaf first, and level 1 of the first area of 4 KiB leaves. */
export const [PML4, L2, L1] = [tables.address(4, 0), tables.address(2, 0), tables.address(1, 0)];
/** The first area of 4 KiB leaves: 528 pages into the IOVAs. */
export const PTE = L1 + 16 * 8;
export const MAPPING_PAGE = DUMP.files[0]?.mappingPage ?? 0;
export const DOMAIN_PATH = '/intel-iommu/domains/1';
export const IOAS_PATH = '/iommufd/iommufds/1/ioases/1';
export const AREA = 'iommufds.0.ioases.0.areas';
export const FILE_INO = DUMP.files[0]?.ino ?? 0;

export const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
export const sb = (field: keyof typeof GUESTMEMFS_SB, value: bigint | number, size: number): Damage =>
  poke(LAYOUT.superblock + GUESTMEMFS_SB[field], le(value, size));
export const payload = (field: keyof typeof KHO_DATA_RFC2024, value: bigint | number): Damage =>
  poke(LAYOUT.setupData + 16 + KHO_DATA_RFC2024[field], le(value, 8));
export const word = (address: number, value: bigint): Damage => poke(address, le(value, 8));
export const wordAt = (address: number): bigint => {
  const bytes = new Uint8Array(8);
  DUMP.memory.read(address, 8, bytes);
  return new DataView(bytes.buffer).getBigUint64(0, true);
};
export const rename = (path: string, name: string): Damage => ({
  tree: (root) => {
    nodeAt(root, path).name = name;
  },
});
export const resize = (path: string, property: string, size: number): Damage =>
  setProperty(path, property, new Uint8Array(size));
/** Files of the sample: 2 (blocks 0-2), 3 (block 3), 4 (blocks 4-5); inode 5 is the first free one. */
export const [FILE2, FILE3] = DUMP.files;

export function entry(page: number | undefined, i: number, block: bigint): Damage {
  return poke((page ?? 0) + i * 8, le(block, 8));
}

export function index(j: number, ino: number): Damage {
  return poke(LAYOUT.index + j * 4, le(ino, 4));
}

/** One bit of the bitmap, the rest of its byte as it was: blocks 0 to 5 are in use. */
export function bit(number: number, value: 0 | 1): Damage {
  const before = number < 8 ? 0b111111 : 0;
  const mask = 1 << (number & 7);
  return poke(LAYOUT.bitmap + (number >> 3), [value === 1 ? before | mask : before & ~mask]);
}

/** Field, what is done to it, and the rules of which one at least says so above a note. */
export type FieldCase = readonly [field: string, damage: Damage, rules: readonly string[]];
/** Damage for what single fields do not reach. */
export type RuleCase = readonly [rule: string, what: string, damage: Damage];

/** Why a field may hold anything. */
export const UNCONSTRAINED: Readonly<Record<string, string>> = {
  '/ftrace/global-trace trace-flags': 'a bit map of options, any of them allowed',
  'setup_data.next': "what follows in the list is not the handover's",
  'setup_data.type': 'another type is another element: the tree is then found by search',
  'setup_data.len': 'another length is the payload of another generation',
  'kho_data_rfc2024.dt_size': "the reader goes by the tree's own totalsize",
  'guestmemfs_sb.(padding)': 'not read',
  'guestmemfs_inode.(padding)': 'not read',
};

/** Rules on which mapping page belongs to which inode (rfc-2024 G7, G9). */

import { MAPPING_INODE_SIZE, mappingInode } from '../../records/guestmemfs.js';
import { grouped } from '../../schema/grouped.js';
import { fieldPlace, rulesOf } from '../../validate/shapes.js';
import { counted, hex, listed } from '../../validate/text.js';
import { INODE_FILE, LAST_INO, ROOT_INO } from './memory.js';
import {
  guestmemfsOf,
  INDEX_PATH,
  inodePlace,
  inodesOf,
  shared,
  superblockOf,
  superblockPlace,
} from './rules-view.js';

const rule = rulesOf(shared);

/** The last inode that the writer looks at: it stops one short of the table's end. */
const LAST_LISTED = LAST_INO - 1;
const U64 = 64;

export const indexElements = rule({
  id: 'GMFS-007',
  title: 'the index page names every file once, in ascending order, and nothing else',
  source: 'rfc-2024 G7, 3.3 no. 16',
  evidence: 'fs/guestmemfs/serialise.c serialise_mappings_blocks, deserialise_mappings_blocks',
  consequence: 'a mapping pointer is written into the wrong slot, or a file loses its list of blocks',
  requires: ['GMFS-005', 'GMFS-010'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    const table = inodesOf(context, report);
    const record = guestmemfs?.mappingsToInode;
    if (guestmemfs === undefined || table === undefined || record === undefined) return;
    const index = guestmemfs.state?.index;
    if (index === undefined) {
      report.absent('the mappings_to_inode page', record.addr);
      return;
    }
    const place = (j: number) => ({
      fdtPath: INDEX_PATH,
      ...fieldPlace(mappingInode, record.addr + BigInt(j * MAPPING_INODE_SIZE), 'ino'),
      field: `mappings_to_inode[${j}]`,
    });
    const count = Math.min(guestmemfs.mappingsBlocks?.length ?? 0, index.length);
    const listedAt = new Map<number, number>();
    let previous = 0;
    for (let j = 0; j < count; j++) {
      const { ino } = index.at(j);
      const first = listedAt.get(ino);
      const inRange = ino > ROOT_INO && ino <= LAST_LISTED;
      const wrong = !inRange
        ? `names inode ${ino}, outside 2 to ${LAST_LISTED}`
        : table.flags[ino - 1] !== INODE_FILE
          ? `names inode ${ino}, which is not a file`
          : first !== undefined
            ? `names inode ${ino} as element ${first} does`
            : undefined;
      if (wrong !== undefined) {
        report.finding({
          message: `element ${j} of the index ${wrong}`,
          location: place(j),
          found: `${ino}`,
        });
      } else if (ino < previous) {
        report.finding({
          subject: { inode: Number(ino) },
          message: `element ${j} of the index names inode ${ino} after inode ${previous}`,
          location: place(j),
          found: `${ino}`,
          // Every file still gets its own page; only this kernel's writer never writes them so.
          severity: 'warning',
        });
      }
      if (first === undefined) listedAt.set(ino, j);
      previous = Math.max(previous, ino);
    }
    for (let j = count; j < index.length; j++) {
      const { ino } = index.at(j);
      if (ino === 0) continue;
      report.finding({
        message: `element ${j} of the index, after the last one, is ${ino}`,
        location: place(j),
        found: `${ino}`,
        expected: '0',
        severity: 'warning',
      });
      break;
    }
    const missing: number[] = [];
    table.flags.forEach((flags, i) => {
      if (flags === INODE_FILE && !listedAt.has(i + 1)) missing.push(i + 1);
    });
    const [first] = missing;
    if (first === undefined) return;
    report.finding({
      message: `${counted(missing.length, 'file is', 'files are')} not in the index: inode ${listed(missing.map(String))}`,
      location: inodePlace(table, first, 'mappings'),
    });
  },
});

export const directMap = rule({
  id: 'GMFS-009',
  title: 'virtual and physical addresses of super block parts and mapping pages differ by one constant',
  severity: 'warning',
  source: 'rfc-2024 G9, 3.3 no. 15',
  evidence: 'fs/guestmemfs/serialise.c deserialise_mappings_blocks',
  consequence:
    'the restore writes mapping pointers one slot too far, so inodes keep the old ones: where they differ from the direct map, accesses to the file hit the wrong memory',
  requires: ['GMFS-007'],
  check(context, report) {
    const guestmemfs = guestmemfsOf(context, report);
    const table = inodesOf(context, report);
    const superblock = superblockOf(context, report);
    const index = guestmemfs?.state?.index;
    const records = guestmemfs?.mappingsBlocks;
    if (table === undefined || superblock === undefined || index === undefined || records === undefined)
      return;
    const pointers: Pointer[] = [];
    const [, inodeRecord, bitmapRecord] = guestmemfs?.superblock ?? [];
    for (const [field, record] of [
      ['inodes', inodeRecord],
      ['allocatorBitmap', bitmapRecord],
    ] as const) {
      if (record === undefined) continue;
      const location = superblockPlace(superblock.address, field);
      pointers.push({
        name: `guestmemfs_sb.${field}`,
        virtual: superblock.sb[field],
        physical: record.addr,
        location,
      });
    }
    for (let j = 0; j < Math.min(records.length, index.length); j++) {
      const { ino } = index.at(j);
      const virtual = table.mappings[ino - 1];
      if (virtual === undefined) continue;
      const location = inodePlace(table, ino, 'mappings');
      pointers.push({ name: `mappings of inode ${ino}`, virtual, physical: records.at(j).addr, location });
    }
    const groups = grouped(pointers, ({ virtual, physical }) => BigInt.asUintN(U64, virtual - physical));
    // Most pointers agree; the first group is that of the super block.
    const [usual, ...others] = [...groups].sort(([, a], [, b]) => b.length - a.length);
    for (const [base, [first, ...more]] of others) {
      if (usual === undefined || first === undefined) continue;
      const rest = more.length === 0 ? '' : ` and ${counted(more.length, 'more pointer')}`;
      report.finding({
        message: `${first.name}${rest}: the direct map would start at ${hex(base)}, according to the others at ${hex(usual[0])}`,
        location: first.location,
        found: hex(first.virtual),
        expected: hex(BigInt.asUintN(U64, first.physical + usual[0])),
      });
    }
  },
});

interface Pointer {
  readonly name: string;
  readonly virtual: bigint;
  readonly physical: bigint;
  readonly location: ReturnType<typeof superblockPlace>;
}

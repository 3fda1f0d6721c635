/** Rules on single inodes (rfc-2024 G10, G14, G15, G21, G24). */

import { INODE_DIR, INODE_FILE, MAPPING_ENTRIES } from '../../decode/guestmemfs.js';
import { bytesToText } from '../../schema/text.js';
import { GUESTMEMFS } from '../reads.js';
import { RFC_2024 } from '../rule.js';
import { rulesOf } from '../shapes.js';
import { hex } from '../text.js';
import { inodePlace, inodesOf, ROOT_INO } from './subject.js';

const rule = rulesOf({ generations: RFC_2024, needs: ['memory'], reads: GUESTMEMFS });

const SLASH = 0x2f;

export const inodeFlags = rule({
  id: 'GMFS-010',
  title: 'an inode is free, a file or the directory, and the directory is inode 1',
  source: 'rfc-2024 G10',
  evidence: 'fs/guestmemfs/inode.c guestmemfs_inode_get',
  consequence: 'the mode of the inode is derived from the flags: no operations, or those of the wrong kind',
  requires: ['GMFS-002'],
  check(context, report) {
    const table = inodesOf(context, report);
    if (table === undefined) return;
    for (let ino = 1; ino <= table.count; ino++) {
      const flags = table.flags[ino - 1] ?? 0;
      const right = ino === ROOT_INO ? flags === INODE_DIR : flags === 0 || flags === INODE_FILE;
      if (right) continue;
      report.finding({
        subject: { inode: Number(ino) },
        message: `inode ${ino} has flags ${flags}${flags === INODE_DIR ? ': a directory that is not the root' : ''}`,
        location: inodePlace(table, ino, 'flags'),
        found: `${flags}`,
        expected: ino === ROOT_INO ? `${INODE_DIR} (the directory)` : `0 (free) or ${INODE_FILE} (file)`,
      });
    }
  },
});

export const fileNames = rule({
  id: 'GMFS-014',
  title: 'file names are NUL-terminated within their 255 bytes, not empty, without a slash, and unique',
  source: 'rfc-2024 G14',
  evidence: 'fs/guestmemfs/dir.c guestmemfs_create, guestmemfs_lookup',
  consequence: 'lookups run into the next field, or find the wrong file',
  requires: ['GMFS-002'],
  check(context, report) {
    const table = inodesOf(context, report);
    if (table === undefined) return;
    const first = new Map<string, number>();
    for (let ino = 1; ino <= table.count; ino++) {
      if (table.flags[ino - 1] !== INODE_FILE) continue;
      const bytes = table.filename(ino);
      const end = bytes.indexOf(0);
      const name = end < 0 ? bytes : bytes.subarray(0, end);
      const { text } = bytesToText(name);
      const wrong =
        end < 0
          ? 'is not NUL-terminated'
          : name.length === 0
            ? 'is empty'
            : name.includes(SLASH)
              ? 'has a slash'
              : undefined;
      const location = inodePlace(table, ino, 'filename');
      if (wrong !== undefined) {
        report.finding({
          subject: { inode: Number(ino) },
          message: `the name of inode ${ino} ${wrong}`,
          location,
          found: JSON.stringify(text),
        });
      }
      if (name.length === 0) continue;
      // One character for each byte: names need not be UTF-8.
      const key = String.fromCharCode(...name);
      const other = first.get(key);
      if (other === undefined) {
        first.set(key, ino);
        continue;
      }
      report.finding({
        subject: { inode: Number(ino) },
        message: `inodes ${other} and ${ino} have the same name`,
        location,
        found: JSON.stringify(text),
      });
    }
  },
});

export const mappingCount = rule({
  id: 'GMFS-015',
  title: 'num_mappings of a file is between 0 and the 512 entries of its mapping page',
  source: 'rfc-2024 G15',
  evidence: 'fs/guestmemfs/file.c truncate',
  consequence:
    'the memory after the mapping page is taken for block numbers, and was overwritten when they were assigned',
  requires: ['GMFS-002'],
  check(context, report) {
    const table = inodesOf(context, report);
    if (table === undefined) return;
    for (let ino = 1; ino <= table.count; ino++) {
      const count = table.numMappings[ino - 1] ?? 0;
      if (table.flags[ino - 1] !== INODE_FILE || (count >= 0 && count <= MAPPING_ENTRIES)) continue;
      report.finding({
        subject: { inode: Number(ino) },
        message: `inode ${ino} has num_mappings ${count}`,
        location: inodePlace(table, ino, 'numMappings'),
        found: `${count}`,
        expected: `0 to ${MAPPING_ENTRIES}`,
      });
    }
  },
});

export const pinCounts = rule({
  id: 'GMFS-021',
  title: 'long_term_pins is not negative, and is 0 on anything but a file',
  source: 'rfc-2024 G21',
  evidence: 'fs/guestmemfs/inode.c guestmemfs_unpin_file',
  consequence: 'the next unpin underflows with a warning, and the file can be deleted under DMA',
  requires: ['GMFS-010'],
  check(context, report) {
    const table = inodesOf(context, report);
    if (table === undefined) return;
    const ioases = (context.handover.iommufds ?? []).flatMap((iommufd) => iommufd.ioases ?? []);
    if (ioases.length > 0 && ioases.every(({ pinnedFileHandle }) => pinnedFileHandle === undefined)) {
      report.skip('no IOAS has a pinned-file-handle: before patch 13 of the series the field is padding');
      return;
    }
    for (let ino = 1; ino <= table.count; ino++) {
      const pins = table.pins[ino - 1] ?? 0;
      const file = table.flags[ino - 1] === INODE_FILE;
      if (pins === 0 || (pins > 0 && file)) continue;
      report.finding({
        subject: { inode: Number(ino) },
        message:
          pins < 0 ? `inode ${ino} has ${pins} pins` : `inode ${ino} has ${pins} pins but is not a file`,
        location: inodePlace(table, ino, 'longTermPins'),
        found: `${pins}`,
        expected: file ? 'at least 0' : '0',
      });
    }
  },
});

export const noErrorNumbers = rule({
  id: 'GMFS-024',
  title: 'no inode number in the table is a negative error number',
  source: 'rfc-2024 G24, 3.3 no. 17',
  evidence: 'fs/guestmemfs/dir.c guestmemfs_create',
  consequence: 'a file was created while handover was active: memory before the inode table was overwritten',
  requires: ['GMFS-002'],
  check(context, report) {
    const table = inodesOf(context, report);
    if (table === undefined) return;
    for (const [field, column] of [
      ['childIno', table.child],
      ['siblingIno', table.sibling],
    ] as const) {
      for (let ino = 1; ino <= table.count; ino++) {
        const value = column[ino - 1] ?? 0n;
        if (value < 1n << 63n) continue;
        const location = inodePlace(table, ino, field);
        report.finding({
          subject: { inode: Number(ino) },
          message: `${location.field} of inode ${ino} is ${hex(value)}, the error number ${BigInt.asIntN(64, value)}`,
          location,
          found: hex(value),
        });
      }
    }
  },
});

/** Rules on single inodes (rfc-2024 G10, G14, G15, G21, G24). */

import { bytesToText } from '../../schema/text.js';
import { eachRule, rulesOf } from '../../validate/shapes.js';
import { hex } from '../../validate/text.js';
import { INODE_DIR, INODE_FILE, MAPPING_ENTRIES, ROOT_INO } from './memory.js';
import { INODES, inodePlace, inodesOf, shared } from './rules-view.js';

const rule = rulesOf(shared);

const SLASH = 0x2f;

export const inodeFlags = eachRule(INODES, {
  id: 'GMFS-010',
  title: 'an inode is free, a file or the directory, and the directory is inode 1',
  source: 'rfc-2024 G10',
  evidence: 'fs/guestmemfs/inode.c guestmemfs_inode_get',
  consequence: 'the mode of the inode is derived from the flags: no operations, or those of the wrong kind',
  requires: ['GMFS-002'],
  faults({ ino, table, flags }) {
    if (ino === ROOT_INO ? flags === INODE_DIR : flags === 0 || flags === INODE_FILE) return undefined;
    return {
      message: `inode ${ino} has flags ${flags}${flags === INODE_DIR ? ': a directory that is not the root' : ''}`,
      location: inodePlace(table, ino, 'flags'),
      found: `${flags}`,
      expected: ino === ROOT_INO ? `${INODE_DIR} (the directory)` : `0 (free) or ${INODE_FILE} (file)`,
    };
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
    const first = new Map<string, number>();
    for (const { ino, table, flags } of INODES.each(context, report)) {
      if (flags !== INODE_FILE) continue;
      const bytes = table.filename(ino);
      const end = bytes.indexOf(0);
      const name = end < 0 ? bytes : bytes.subarray(0, end);
      const tell = (message: string): void => {
        const found = JSON.stringify(bytesToText(name).text);
        report.finding({
          subject: { inode: ino },
          message,
          location: inodePlace(table, ino, 'filename'),
          found,
        });
      };
      if (end < 0) tell(`the name of inode ${ino} is not NUL-terminated`);
      else if (name.length === 0) tell(`the name of inode ${ino} is empty`);
      else if (name.includes(SLASH)) tell(`the name of inode ${ino} has a slash`);
      if (name.length === 0) continue;
      // One character for each byte: names need not be UTF-8.
      const key = String.fromCharCode(...name);
      const other = first.get(key);
      if (other === undefined) first.set(key, ino);
      else tell(`inodes ${other} and ${ino} have the same name`);
    }
  },
});

export const mappingCount = eachRule(INODES, {
  id: 'GMFS-015',
  title: 'num_mappings of a file is between 0 and the 512 entries of its mapping page',
  source: 'rfc-2024 G15',
  evidence: 'fs/guestmemfs/file.c truncate',
  consequence:
    'the memory after the mapping page is taken for block numbers, and was overwritten when they were assigned',
  requires: ['GMFS-002'],
  faults({ ino, table, flags }) {
    const count = table.numMappings[ino - 1] ?? 0;
    if (flags !== INODE_FILE || (count >= 0 && count <= MAPPING_ENTRIES)) return undefined;
    return {
      message: `inode ${ino} has num_mappings ${count}`,
      location: inodePlace(table, ino, 'numMappings'),
      found: `${count}`,
      expected: `0 to ${MAPPING_ENTRIES}`,
    };
  },
});

export const pinCounts = eachRule(
  {
    ...INODES,
    each(context, report) {
      const ioases = (context.handover.iommufds ?? []).flatMap((iommufd) => iommufd.ioases ?? []);
      const padding = ioases.every(({ pinnedFileHandle }) => pinnedFileHandle === undefined);
      if (ioases.length === 0 || !padding || inodesOf(context, report) === undefined)
        return INODES.each(context, report);
      report.skip('no IOAS has a pinned-file-handle: before patch 13 of the series the field is padding');
      return [];
    },
  },
  {
    id: 'GMFS-021',
    title: 'long_term_pins is not negative, and is 0 on anything but a file',
    source: 'rfc-2024 G21',
    evidence: 'fs/guestmemfs/inode.c guestmemfs_unpin_file',
    consequence: 'the next unpin underflows with a warning, and the file can be deleted under DMA',
    requires: ['GMFS-010'],
    faults({ ino, table, flags }) {
      const pins = table.pins[ino - 1] ?? 0;
      const file = flags === INODE_FILE;
      if (pins === 0 || (pins > 0 && file)) return undefined;
      return {
        message: `inode ${ino} has ${pins} pins${pins < 0 ? '' : ' but is not a file'}`,
        location: inodePlace(table, ino, 'longTermPins'),
        found: `${pins}`,
        expected: file ? 'at least 0' : '0',
      };
    },
  },
);

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
    ] as const)
      for (let ino = 1; ino <= table.count; ino++) {
        const value = column[ino - 1] ?? 0n;
        if (value < 1n << 63n) continue;
        const location = inodePlace(table, ino, field);
        report.finding({
          subject: { inode: ino },
          message: `${location.field} of inode ${ino} is ${hex(value)}, the error number ${BigInt.asIntN(64, value)}`,
          location,
          found: hex(value),
        });
      }
  },
});

/** A generated guest of the 2024 series: tables in a file, everything else encoded from a document. */
import { closeSync, openSync } from 'node:fs';
import { encodeElf } from '../../src/encode/elf.js';
import { backedMemory } from '../../src/memory/backed.js';
import { elfMemory, parseElfCore } from '../../src/memory/elf/core.js';
import { windowedFile } from '../../src/memory/node/windowed-file.js';
import { overlay } from '../../src/memory/overlay.js';
import type { PhysicalMemory } from '../../src/memory/physical.js';
import { bytesAccess } from '../../src/memory/random-access.js';
import { addPiece, buildRunTable, createPieces } from '../../src/memory/run-table.js';
import { TABLE_BASE, TARGETS, type TableFile } from '../vtd/table-file.js';

const PAGE = 4096;
const BLOCK = 0x200000;
const BLOCKS_PER_FILE = 512;
/** The region of guestmemfs: all that the table file maps. */
const REGION = TARGETS * PAGE;
const REGION_SIZE = TARGETS * PAGE;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** The document: one iommufd with one area, one domain whose mem lists every table page, files that fill the region. */
export function guestDocument({ leaves, root, bytes }: TableFile): unknown {
  const files = Array.from({ length: REGION_SIZE / BLOCK / BLOCKS_PER_FILE }, (_, i) => {
    const start = REGION + i * BLOCKS_PER_FILE * BLOCK;
    return {
      name: `ram-${i}`,
      ino: i + 2,
      longTermPins: 1,
      mappingPage: hex(0x22000000 + i * PAGE),
      extents: [{ start: hex(start), end: hex(start + BLOCKS_PER_FILE * BLOCK) }],
    };
  });
  const page = (address: number) => ({ addr: hex(address), len: hex(PAGE) });
  return {
    generation: 'rfc-2024',
    scratch: [{ start: '0x40000000', end: '0x50000000' }],
    domains: [
      {
        persistentId: '0x1',
        pgd: hex(root),
        agaw: 2,
        mem: Array.from({ length: bytes / PAGE }, (_, i) => page(TABLE_BASE + i * PAGE)),
        devices: [{ bus: 1, devfn: 0 }],
      },
    ],
    guestmemfs: {
      fsMem: { addr: hex(REGION + 1), len: hex(REGION_SIZE) },
      superblock: [
        { addr: '0x20000040', len: '0x28' },
        { addr: '0x21000000', len: '0x200000' },
        { addr: '0x21200000', len: '0x100000' },
      ],
      mappingsBlocks: files.map((_, i) => page(0x22000000 + i * PAGE)),
      mappingsToInode: page(0x23000000),
      numInodes: hex(files.length),
      files,
    },
    iommufds: [
      {
        persistentId: '0x1',
        ioases: [
          {
            id: 1,
            pinnedFileHandle: '0x2',
            areas: [{ index: 0, iovaStart: '0x0', iovaLen: hex(leaves * PAGE), iommuProt: 7 }],
          },
        ],
      },
    ],
  };
}

/** The guest's memory: the encoded core over the table file. `close` closes the file. */
export function openGuest(table: TableFile): { memory: PhysicalMemory; close(): void } {
  const fd = openSync(table.path, 'r');
  const pieces = createPieces(1);
  addPiece(pieces, TABLE_BASE, TABLE_BASE + table.bytes, 0);
  const tables = backedMemory(
    windowedFile(fd, table.bytes, table.path),
    buildRunTable(pieces).table,
    'tables',
  );
  const file = bytesAccess(joined(encodeElf(guestDocument(table)).chunks));
  const { core } = parseElfCore(file);
  if (core === undefined) throw new Error('the encoded core cannot be read');
  return { memory: overlay(elfMemory(file, core), tables), close: () => closeSync(fd) };
}

function joined(chunks: Iterable<Uint8Array>): Uint8Array {
  const parts = [...chunks];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

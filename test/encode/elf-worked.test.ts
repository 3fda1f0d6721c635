import { describe, expect, it } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeElf } from '../../src/encode/elf.js';
import { readBytes } from '../../src/memory/read.js';
import { guestmemfsRules } from '../../src/structures/guestmemfs/rules.js';
import { validate } from '../../src/validate/run.js';
import { workedBlob } from '../fdt/worked-blob.js';
import { decodeMemory, dumpedJson, type Json, memoryOfChunks } from '../rfc/json.js';

/** The worked example of the specification (rfc-2024 section 8): the blob, and what 8.1 says of the file. */
function workedMemory() {
  const document = dumpedJson(decodeHandover(workedBlob()));
  Object.assign(document, { scratch: [{ start: '0x40000000', end: '0x60000000' }] });
  Object.assign(document.guestmemfs as Json, {
    files: [
      { name: 'vm0', ino: 2, longTermPins: 1, extents: [{ start: '0x100000000', end: '0x100400000' }] },
    ],
  });
  return memoryOfChunks(encodeElf(document).chunks);
}

const zeros = (count: number): string => '00'.repeat(count);

describe('the memory of the worked example', () => {
  const memory = workedMemory();

  it.each<[what: string, address: number, bytes: string]>([
    [
      'setup_data (8.4), tree and mem cache placed top down',
      decodeAddress(),
      '0000000000000000 0a000000 30000000 0000fe5f00000000 1104000000000000 0000004000000000 0000002000000000 0000ff5f00000000 4000000000000000',
    ],
    [
      'the mem cache (8.4)',
      0x5fff0000,
      '0020341200000000 0020000000000000 0000351200000000 0030000000000000 0000401200000000 0000300000000000 0000000001000000 0010000100000000',
    ],
    [
      'the super block (8.5)',
      0x12350040,
      '0300000000000000 0100000000000000 000040128088ffff 000060128088ffff 00000000 01000000',
    ],
    [
      'inode 1',
      0x12400000,
      `0200000000000000 0200000000000000 0200000000000000 2e${zeros(7)} ${zeros(248)} ${zeros(16)}`,
    ],
    [
      'inode 2',
      0x12400128,
      `0100000000000000 0000000000000000 0000000000000000 766d3000${zeros(4)} ${zeros(248)} 001035128088ffff 0200000001000000`,
    ],
    ['inode 3', 0x12400250, `${zeros(8)} 0400000000000000 ${zeros(280)}`],
    ['the bitmap', 0x12600000, `03${zeros(4095)}`],
    ['the end of the bitmap', 0x126ffff0, zeros(16)],
    ['the mapping page', 0x12351000, `${zeros(8)} 0100000000000000 ${zeros(4080)}`],
    ['the index page', 0x12352000, `02000000${zeros(4092)}`],
  ])('has %s', (_, address, expected) => {
    const hex = expected.replaceAll(' ', '');
    const bytes = readBytes(memory, address, hex.length / 2);
    expect(Buffer.from(bytes ?? []).toString('hex')).toBe(hex);
  });

  it('has the blob of 8.3 in scratch, and nothing that the rules on guestmemfs find', () => {
    expect(readBytes(memory, 0x5ffe0000, 1041)).toEqual(workedBlob());
    const { findings, failed, skipped } = validate(decodeMemory(memory), guestmemfsRules);
    expect([findings, failed, skipped]).toEqual([[], [], []]);
  });

  /** Where boot_params lead: the specification leaves the place of the element open. */
  function decodeAddress(): number {
    return Number(decodeMemory(workedMemory()).setupData?.element);
  }
});

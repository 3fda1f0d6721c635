import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../src/memory/node/errors.js';
import { openInput } from '../../../src/memory/node/input.js';
import { sweep } from '../../sweep.js';
import { concat, same } from '../bytes.js';
import { zstdFrame } from '../kdump/builder.js';

const folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function unpacked(bytes: Uint8Array, maxUnpacked?: number): Promise<Uint8Array> {
  const path = join(folder, 'input');
  writeFileSync(path, bytes);
  const { file, close } = await openInput(path, maxUnpacked === undefined ? {} : { maxUnpacked });
  const into = new Uint8Array(file.size);
  file.readAt(0, file.size, into);
  close();
  return into;
}

async function failure(bytes: Uint8Array): Promise<string> {
  const error = await unpacked(bytes).catch((caught) => caught);
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).not.toMatch(/\n/);
  return error.message;
}

function skippable(length: number, kind = 0): Uint8Array {
  const bytes = new Uint8Array(8 + length).fill(0x28, 8);
  new DataView(bytes.buffer).setUint32(0, 0x184d2a50 + kind, true);
  new DataView(bytes.buffer).setUint32(4, length, true);
  return bytes;
}

/** A frame with a window descriptor, and one block that repeats a byte. */
function windowFrame(exponent: number, mantissa = 0): Uint8Array {
  return Uint8Array.of(
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0,
    (exponent << 3) | mantissa,
    3 | (100 << 3),
    (100 << 3) >> 8,
    0,
    7,
  );
}

/** What zstd 1.5.4 -19 made of {@link text}: Huffman-coded literals, sequences, a checksum. */
const PACKED =
  'KLUv/WQ8BrUVAEpfcAoXoKeSDgCFFna2clWdS8jee0vJfV2xZwisAJwAmwBbtrvN7W2H7RG2CLvCprAnbAm7YTPshR3CHmMxrjGNZyzjjjneOIyHWIhLTOIRi7hiiicO4lGLumqqp5a6NevVoR60oIsmemihS5MeHegxi7lmmmeWuTPnzWEespBLJnlkkStTnhzk0UWvTn269Hb29dAHF7w48eHCy8nHAx9b7Nq0Z8vu5t4Oeyyu6VnufKJopJwAwAgIBDAgOHAwwKDAgEBAgYGDggIFBwQC4yNwEXgFToFP4BJ4A2fgCzwEPsYWY9fYNPaMLWN3bI69scPYQ2whdolNYo/YInbFptgTO4g9aovaVZtqT22p3dqsvdqh9qAtaBdtoj20hXZpk/ZoB9pjtphds2n2zJbZnc3Zmx1mD9lCdskm2SNbZFc2ZU92kD26RXd1U/d0S3e72b3u0D24BXdxE/dwC3e5yT3uwD22xXZt0/YsE7qE3tAZ+kIPoY/BxeA1OA0+g8vgHZyDb/Aw+BBcCF6Ck+AjuAhewSn4BA+Cj+KieBWn4lNcirc4i694KD6IC+JFnIgPcSFe4iQ+4oH4GC6G13AaPsNleIdz+IaH4UO4EF7CSfgIF+EVTuETHoSPclFe5VQ+5VLecpavPJQPckFe5EQ+5EJecpKPPJCPcTFe4zQ+4zLecY5vPASHII/Rxeg1Oo0+o8voHZ2jb/Qw+hBdiF6ik+gjuohe0Sn6RA+ij+qielWn6lNdqrc6q696qD6oC+pFnagPdaFe6qQ+6oH6mC6m13SaPtNleqdz+qaH6UO6kF7SSfpIF+mVTumTHqSPdtFe7dQ+7dLedravPbQPdsFe7MQ+7MJedrKPPbCPdbFe67Q+67Leda5vPayP0EXoFTqFHgkgkGMPtWReTZYpNS+TNVNgvsvSbQyNU3vm';
const lines = [
  ...Array.from({ length: 8 }, (_, i) => `preserved memory map ${i + 1}, preserved memory map`),
  ...Array.from({ length: 400 }, (_, i) => String(i + 1)),
];
const text = new TextEncoder().encode(`${lines.join('\n')}\n`);
const packed = Uint8Array.from(atob(PACKED), (letter) => letter.charCodeAt(0));

test('what zstd itself wrote', async () => {
  expect(packed.length).toBeLessThan(text.length);
  expect(same(await unpacked(packed), text)).toBe(true);
});

test('frames one after the other, skippable ones of any kind and length between them', async () => {
  const random = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i + (i >> 7)) & 0xff);
  const parts = [
    skippable(0, 15),
    packed,
    zstdFrame(random),
    skippable(300_000, 7),
    zstdFrame(new Uint8Array(9)),
    packed,
    skippable(3),
  ];
  expect(same(await unpacked(concat(...parts)), concat(text, random, new Uint8Array(9), text))).toBe(true);
  expect((await unpacked(skippable(5))).length).toBe(0);
});

// Where zstd is installed: windows that slide many times, and matches from all over them.
test.skipIf(spawnSync('zstd', ['--version']).error !== undefined).each([
  ['-3', '--zstd=wlog=17'],
  ['-12', '--zstd=wlog=18'],
  ['-3', '--long=21'],
  ['-1', '--long=27'],
])('what zstd %s %s writes of much data', async (...options) => {
  const noise = Uint8Array.from({ length: 90_000 }, (_, i) => (i * i * 31 + (i >> 3) * 7) & 0xff);
  const parts = Array.from({ length: 60 }, (_, i) => {
    const from = (i * 7919) % 60_000;
    return i % 7 === 3 ? new Uint8Array(200_000) : noise.subarray(from, from + 20_000 + i * 100);
  });
  const bytes = concat(...parts, noise, ...parts.toReversed());
  const { stdout } = spawnSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 1 << 26 });
  expect(stdout.length).toBeGreaterThan(1000);
  expect(same(await unpacked(new Uint8Array(stdout)), bytes)).toBe(true);
});

test('blocks of much smaller data are unpacked one at a time, up to the size cap', async () => {
  // 16384 blocks of 128 KiB of one byte: 2 GiB in 64 KiB.
  const head = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3);
  const block = Uint8Array.of(2, 0, 0x10, 1);
  const bytes = concat(head, ...Array.from({ length: 16384 }, () => block));
  await expect(unpacked(bytes, 1 << 20)).rejects.toThrow(/unpacks to more than 1048576 bytes/);
});

describe('windows', () => {
  test.each([
    [0, 0],
    [10, 3],
    [17, 0],
  ])('of 2^(10+%i) and %i eighths are unpacked', async (exponent, mantissa) => {
    expect(await unpacked(windowFrame(exponent, mantissa))).toEqual(new Uint8Array(100).fill(7));
  });

  test.each([
    [17, 1, 144, 28],
    [18, 0, 256, 28],
    [21, 0, 2048, 31],
  ])('of 2^(10+%i) and %i eighths need a command', async (exponent, mantissa, mib, long) => {
    expect(await failure(windowFrame(exponent, mantissa))).toMatch(
      new RegExp(`a window of ${mib} MiB, more than .* zstd -d --long=${long} .*/input$`),
    );
  });
});

describe('damage is told in one line', () => {
  test('at every length that is cut short', async () => {
    for (let length = 4; length < packed.length; length += 23) {
      expect(await failure(packed.subarray(0, length))).toMatch(/the zstd data (ends early|is damaged)/);
    }
    expect(await failure(skippable(10).subarray(0, 12))).toMatch(/ends early/);
  });

  test('something else after a frame', async () => {
    expect(await failure(concat(packed, new Uint8Array(30)))).toMatch(
      /no frame begins where the last one ends/,
    );
  });

  test('another checksum', async () => {
    for (let at = packed.length - 4; at < packed.length; at++) {
      const bytes = Uint8Array.from(packed);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(await failure(bytes)).toMatch(/the zstd data is damaged \(its checksum does not match\)$/);
    }
  });

  test('a frame that is shorter than it says', async () => {
    const frame = zstdFrame(Uint8Array.of(1, 2, 3));
    frame[5] = 4;
    expect(await failure(frame)).toMatch(/unpacks to 3 bytes, not 4/);
  });

  test('a dictionary', async () => {
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 0, 99, 3 | (100 << 3), (100 << 3) >> 8, 0, 7);
    expect(await failure(frame)).toMatch(/needs a dictionary/);
  });

  test('in any byte after the header is seen: the checksum tells', async () => {
    for (let at = 7; at < packed.length; at += sweep(1, 7)) {
      const bytes = Uint8Array.from(packed);
      bytes[at] = (bytes[at] ?? 0) ^ 0x41;
      const result = await unpacked(bytes, 1 << 20).catch((error) => error);
      if (!(result instanceof InputError)) expect(same(result, text)).toBe(true);
    }
  });
});

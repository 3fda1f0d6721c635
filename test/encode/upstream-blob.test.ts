import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { fixtures } from '../fixtures.js';
import { fileBytes } from '../memory/bytes.js';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document, edited freely
type Document = any;

/** Every file of the debugfs copies that is a tree, or a record that upstream hands over on its own. */
const blobs = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((path) => /^linux-.*debugfs-(in|out)\/(fdt|sub_fdts\/.+)$/.test(path))
  .filter((path) => decodeHandover(fileBytes(join(fixtures, path))).kind !== 'unknown')
  .sort();

function documentOf(bytes: Uint8Array): Document {
  return JSON.parse([...jsonChunks(modelJson(decodeHandover(bytes)))].join(''));
}

test('the copies of debugfs hold trees and records', () => {
  expect(blobs.length).toBeGreaterThanOrEqual(24);
  const left = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^linux-.*debugfs-(in|out)\/(fdt|sub_fdts\/.+)$/.test(path))
    .filter((path) => !blobs.includes(path))
    .map((path) => relative('', path));
  // From 7.2 on the incoming LUO page is freed before debugfs shows it.
  expect(left.sort()).toEqual([
    'linux-7.3-arm64-16k/debugfs-in/sub_fdts/LUO',
    'linux-7.3-live-update/debugfs-in/sub_fdts/LUO',
  ]);
});

describe.each(blobs)('%s', (path) => {
  const bytes = fileBytes(join(fixtures, path));

  test('survives its JSON', () => {
    const { bytes: again, messages } = encodeBlob(documentOf(bytes));
    expect(messages).toEqual([]);
    expect(again).toEqual(bytes);
  });

  test("is what the kernel's writer gives for its typed parts", () => {
    const document = documentOf(bytes);
    if (document.fdt !== undefined) {
      delete document.fdt.tree;
      delete document.fdt.strings;
    }
    expect(encodeBlob(document).bytes).toEqual(bytes);
  });

  test('without its header too, when it is whole', () => {
    const document = documentOf(bytes);
    if (document.fdt?.complete === false) return;
    delete document.fdt;
    expect(encodeBlob(document).bytes).toEqual(bytes);
  });
});

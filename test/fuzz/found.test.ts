/** What fuzzing has found in decode and encode; what it found in rules is among the rules' cases. */
import { describe, expect, test } from 'vitest';
import { decodeHandover } from '../../src/decode/handover.js';
import { encodeBlob } from '../../src/encode/blob.js';
import { parseFdt } from '../../src/fdt/parse.js';
import type { TreeEdit } from '../../src/fuzz/mutation.js';
import { editTree } from '../../src/fuzz/tree-edit.js';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { modelJson } from '../../src/report/model-json.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { DUMP } from '../rfc/sample.js';
import { newestTargets } from './targets.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function edited(blob: Uint8Array, ...edits: readonly TreeEdit[]): Uint8Array {
  return edits.reduce((bytes, edit) => {
    const next = editTree(parseFdt(bytes), edit);
    if (next === undefined) throw new Error('the edit has a place');
    return next;
  }, blob);
}

function again(blob: Uint8Array): Uint8Array {
  const handover = decodeHandover(blob, { assume: 'rfc-2024' });
  return encodeBlob(JSON.parse([...jsonChunks(modelJson(handover))].join(''))).bytes;
}

describe('the same bytes come back', () => {
  test.each([
    ['a list of strings that has the wanted one', '/intel-iommu', 'other\0intel-iommu-v0\0'],
    ['the wanted string twice', '/', 'kho-v1\0kho-v1\0'],
    ['a NUL too many', '/guestmemfs', 'guestmemfs-v1\0\0'],
    ['another root string, read by assumption', '/', 'kho-v9\0'],
  ])('%s', (_, path, value) => {
    const blob = edited(DUMP.blob, { op: 'value', at: { path, property: 'compatible' }, value: text(value) });
    expect(again(blob)).toEqual(blob);
  });

  test('two regions of one name, the first of a foreign string', () => {
    const { core } = newestTargets();
    const rider = core.handover.subtrees?.find(({ name }) => name === 'memblock')?.blob ?? new Uint8Array(0);
    const blob = edited(
      rider,
      { op: 'duplicate', at: { path: '/pstore' } },
      { op: 'value', at: { path: '/pstore', property: 'compatible' }, value: new Uint8Array(0) },
    );
    expect(again(blob)).toEqual(blob);
  });
});

test('an empty list of super block parts is judged without an exception', () => {
  const blob = edited(DUMP.blob, {
    op: 'value',
    at: { path: '/guestmemfs/superblock', property: 'mem' },
    value: new Uint8Array(0),
  });
  const { failed } = validate(decodeHandover(blob, { assume: 'rfc-2024', memory: DUMP.memory }), catalogue);
  expect(failed).toContain('GMFS-002');
});

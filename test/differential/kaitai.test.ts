import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { recordTypes } from '../../src/records/index.js';
import type { FieldInfo, RecordType } from '../../src/schema/record.js';
import { arbitraryOf, pascal, readRecord, sizeOfRecord, writeRecord } from '../schema/generated.js';
import { sweep } from '../sweep.js';
import { compileWithKaitai, type KaitaiObject, type KaitaiTypes, readWithKaitai } from './kaitai-oracle.js';
import { offsetFinder, realBytes } from './real-bytes.js';

const formats = fileURLToPath(new URL('../../formats', import.meta.url));
const files = readdirSync(formats).filter((name) => name.endsWith('.ksy'));
const dumps = realBytes(fileURLToPath(new URL('../../fixtures', import.meta.url)));
const REAL_CASES_PER_DUMP = sweep(60, 20);
const offsetsOf = offsetFinder(REAL_CASES_PER_DUMP);

const compared = new Set<string>();
const fieldsCompared = new Set<string>();
let cases = 0;

/** Fails unless both readers give the same value for every field, and counts the fields. */
function compareFields(type: RecordType<unknown>, ours: object, theirs: KaitaiObject, path: string): void {
  for (const field of type.fields) {
    const value: unknown = (ours as Record<string, unknown>)[field.id];
    compareValue(field, value, theirs[field.id], `${path}.${field.id}`);
    fieldsCompared.add(`${type.name}.${field.id}`);
  }
  // Hundreds of thousands of times: expect() would take most of the time.
  const keys = Object.keys(ours);
  if (keys.length !== type.fields.length || type.fields.some(({ id }, index) => id !== keys[index])) {
    expect.fail(`${path}: has ${keys.join()}`);
  }
}

function compareValue(field: FieldInfo, ours: unknown, theirs: unknown, path: string): void {
  if (field.kind === 'array' && field.element !== undefined) {
    const [left, right] = [ours as unknown[], theirs as unknown[]];
    if (left.length !== right.length) expect.fail(`${path}: ${left.length} and ${right.length} elements`);
    for (const [index, value] of left.entries()) {
      compareValue(field.element, value, right[index], `${path}[${index}]`);
    }
  } else if (field.kind === 'record' && field.record !== undefined) {
    compareFields(field.record, ours as object, theirs as KaitaiObject, path);
  } else if (field.kind === 'bytes') {
    const [left, right] = [ours as Uint8Array, theirs as Uint8Array];
    if (left.length !== right.length || left.some((byte, index) => byte !== right[index])) {
      expect.fail(`${path}: ${left} and ${right}`);
    }
  } else {
    // Kaitai makes b1 a boolean, we a number like any other width.
    const expected = typeof theirs === 'boolean' ? Number(theirs) : theirs;
    if (ours !== expected) expect.fail(`${path}: ${String(ours)} here, ${String(expected)} from Kaitai`);
  }
}

function compare(
  type: RecordType<unknown>,
  kaitai: KaitaiTypes,
  bytes: Uint8Array,
  parameters: number[],
): void {
  const ours = readRecord(type, bytes, parameters);
  if (ours === undefined) expect.fail(`${type.name}: our reader finds too few bytes`);
  compareFields(type, ours, readWithKaitai(kaitai, pascal(type.name), bytes, parameters), type.name);
  compared.add(type.name);
  cases++;
}

describe.each(files)('%s', async (file) => {
  const kaitai = await compileWithKaitai(join(formats, file));
  const types = recordTypes.filter((type) => `${type.file}.ksy` === file);

  it.each(types)('$name: random values and bytes', (type) => {
    const runs = type.size === undefined ? sweep(10, 5) : sweep(60, 20);
    for (const pageSize of type.parameters.length === 0 ? [0] : [64, 4096]) {
      const parameters = type.parameters.map(() => pageSize);
      const arbitrary = arbitraryOf(type, parameters);
      fc.assert(
        fc.property(arbitrary, (value) => {
          compare(type, kaitai, writeRecord(type, value, parameters), parameters);
        }),
        { numRuns: runs },
      );
      const size = sizeOfRecord(type, parameters);
      if (size === undefined) continue;
      fc.assert(
        fc.property(fc.uint8Array({ minLength: size, maxLength: size }), (bytes) => {
          compare(type, kaitai, bytes, parameters);
        }),
        { numRuns: runs },
      );
    }
  });

  it.each(types.filter(({ size }) => size !== undefined))('$name: bytes of real dumps', (type) => {
    const size = type.size ?? 0;
    for (const { bytes } of dumps) {
      for (const at of offsetsOf(bytes, size)) {
        compare(type, kaitai, bytes.subarray(at, at + size), []);
      }
    }
  });
});

describe('coverage', () => {
  it('has compared every type of every file in formats/', () => {
    expect([...compared].sort()).toEqual(recordTypes.map(({ name }) => name).sort());
    expect(new Set(recordTypes.map(({ file }) => `${file}.ksy`))).toEqual(new Set(files));
    for (const type of recordTypes) {
      for (const { id } of type.fields) expect(fieldsCompared).toContain(`${type.name}.${id}`);
    }
  });

  afterAll(() => {
    console.log(`Kaitai: ${compared.size} types, ${fieldsCompared.size} fields, ${cases} cases`);
  });
});

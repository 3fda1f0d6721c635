/** `kho validate` with every output at once: the same findings in each, files whole or not at all. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rfcFiles, rfcNames } from '../fixtures.js';
import { parseKtap } from '../report/ktap-parser.js';
import { checkedRun } from '../report/sarif-check.js';
import { parseXml } from '../report/xml-parser.js';
import { kho } from './kho.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kho-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');

function allOutputs(...dumps: string[]) {
  const outputs = ['json', 'sarif', 'junit', 'ktap'].flatMap((format) => [
    '--output',
    `${format}=${at(`all.${format}`)}`,
  ]);
  const run = kho(['validate', ...dumps, ...outputs]);
  return {
    ...run,
    json: JSON.parse(read('all.json')),
    sarif: checkedRun(read('all.sarif')),
    junit: parseXml(read('all.junit')),
    ktap: parseKtap(read('all.ktap')),
  };
}

describe.each(rfcNames)('%s', (name) => {
  const { folder: dump } = rfcFiles(name);

  test('every output has the same findings and the same rules', () => {
    const { status, stdout, json, sarif, junit, ktap } = allOutputs(dump);
    expect(status).toBe(1);
    expect(stdout).toContain('invalid');
    const [{ findings, rules }] = json.dumps;
    const total = rules.run + rules.skipped.length;
    expect(sarif.results.map(({ ruleId }) => ruleId)).toEqual(
      findings.map(({ rule }: { rule: string }) => rule),
    );
    expect(sarif.results.map(({ level }) => level)).toEqual(
      findings.map(({ severity }: { severity: string }) => severity),
    );
    expect(sarif.tool.driver.rules).toHaveLength(total);
    // Warnings do not fail by default, in no format.
    const errors = findings.filter(({ severity }: { severity: string }) => severity === 'error');
    const failing = new Set(errors.map(({ rule }: { rule: string }) => rule)).size;
    expect(junit.attributes).toMatchObject({ tests: `${total}`, failures: `${failing}`, errors: '0' });
    expect(ktap).toHaveLength(total);
    expect(ktap.filter(({ ok }) => !ok)).toHaveLength(failing);
    const skipped = ktap
      .filter(({ skip }) => skip !== undefined)
      .map(({ name: test, skip }) => [test.split(' ')[0], skip]);
    expect(new Map(skipped as [string, string][])).toEqual(
      new Map(rules.skipped.map(({ rule, why }: { rule: string; why: string }) => [rule, why])),
    );
  });
});

describe('SARIF places', () => {
  const { blob, memory } = rfcFiles('two-vms');

  test('in a blob: byte offsets of its properties', () => {
    const bytes = readFileSync(blob);
    const { sarif } = allOutputs(blob, '--memory', memory);
    const places = sarif.results.flatMap(({ locations }) => locations);
    const pgd = places.find(({ logicalLocations }) =>
      logicalLocations?.some(({ fullyQualifiedName }) => fullyQualifiedName === '/intel-iommu/domains/1/pgd'),
    )?.physicalLocation;
    expect(pgd?.region?.byteLength).toBe(8);
    expect(bytes.readBigUInt64LE(pgd?.region?.byteOffset)).toBe(
      BigInt(pgd?.address?.fullyQualifiedName ?? 0),
    );
    const nodes = places.filter(({ logicalLocations }) => logicalLocations?.[0]?.kind === 'object');
    expect(nodes.length).toBeGreaterThan(0);
    for (const { physicalLocation, logicalLocations } of nodes) {
      const { byteOffset = -1, byteLength = 0 } = physicalLocation.region ?? {};
      const node = bytes.toString('latin1', byteOffset, byteOffset + byteLength);
      expect(logicalLocations?.[0]?.fullyQualifiedName).toMatch(new RegExp(`/${node}$`));
    }
  });

  test("in a core: the file's offset of the physical address", () => {
    const core = gunzipSync(readFileSync(memory));
    writeFileSync(at('core.elf'), core);
    const { sarif } = allOutputs(at('core.elf'));
    const cache = sarif.results.find(({ ruleId }) => ruleId === 'KHO-011')?.locations[0]?.physicalLocation;
    const absoluteAddress = Number(cache?.address?.fullyQualifiedName ?? -1);
    const headers = core.readUInt16LE(56);
    const offsets = Array.from({ length: headers }, (_, i) => 64 + 56 * i)
      .filter((header) => core.readUInt32LE(header) === 1)
      .map((header) => ({
        offset: Number(core.readBigUInt64LE(header + 8)),
        start: Number(core.readBigUInt64LE(header + 24)),
        size: Number(core.readBigUInt64LE(header + 32)),
      }))
      .filter(({ start, size }) => start <= absoluteAddress && absoluteAddress < start + size)
      .map(({ offset, start }) => offset + absoluteAddress - start);
    expect(offsets).toContain(cache?.region?.byteOffset);
    // The packed file has other offsets: none are given.
    expect(
      allOutputs(memory).sarif.results.some(({ locations }) => locations[0]?.physicalLocation.region),
    ).toBe(false);
  });
});

test('several dumps, one of them unreadable: each output tells them apart', () => {
  const { folder: dump } = rfcFiles('two-vms');
  writeFileSync(at('bad'), 'no dump');
  const { status, sarif, junit, ktap, json } = allOutputs(dump, at('bad'));
  expect(status).toBe(2);
  expect(json.dumps.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['invalid', 'unreadable']);
  expect(sarif.invocations[0]?.executionSuccessful).toBe(false);
  expect(junit.attributes.errors).toBe('1');
  expect(ktap.map(({ subtests }) => subtests === undefined)).toEqual([false, true]);
});

describe('baseline', () => {
  const { folder: dump } = rfcFiles('overflow');

  test('a second run against its own findings is clean, in every output', () => {
    const known = at('known.json');
    const first = kho(['validate', dump, '--write-baseline', known]);
    expect(first.status).toBe(1);
    const { status, stdout, json, sarif, ktap, junit } = allOutputs(dump, '--baseline', known);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^baseline: \d+ known findings left out, 0 of the baseline not found$/m);
    const [result] = json.dumps;
    expect(result).toMatchObject({ verdict: 'valid', findings: [], baseline: { gone: 0 } });
    expect(result.rules.failed).toBe(0);
    expect(sarif.results).toEqual([]);
    expect(ktap.every(({ ok }) => ok)).toBe(true);
    expect(junit.attributes.failures).toBe('0');
  });

  test('other findings are new', () => {
    const known = at('known-2.json');
    kho(['validate', rfcFiles('five-level').folder, '--write-baseline', known]);
    const { status, json, sarif } = allOutputs(dump, '--baseline', known);
    expect(status).toBe(1);
    expect(json.dumps[0].baseline.known).toBeGreaterThan(0);
    expect(json.dumps[0].findings.some(({ rule }: { rule: string }) => rule === 'DMAR-004')).toBe(true);
    expect(sarif.results.every(({ baselineState }) => baselineState === 'new')).toBe(true);
  });
});

describe('refused, and nothing written', () => {
  const { folder: dump } = rfcFiles('two-vms');
  test.each([
    ['unknown format', ['--output', 'xml=FILE']],
    ['no file', ['--output', 'json=']],
    ['standard output by name', ['--output', 'json=-']],
    ['one file for two outputs', ['--output', 'json=FILE', '--output', 'sarif=FILE']],
    ['one file for two outputs, one the plain one', ['--output', 'json=FILE', '-o', 'FILE']],
    ['two plain files', ['-o', 'FILE', '-o', 'FILE2']],
    ['no such baseline', ['-o', 'FILE', '--baseline', '/nonexistent']],
    ['no baseline', ['-o', 'FILE', '--baseline', rfcFiles('two-vms').blob]],
  ])('%s', (_what, args) => {
    const before = readdirSync(folder);
    const { status, stderr, stdout } = kho([
      'validate',
      dump,
      ...args.map((arg) => arg.replace('FILE', at('out'))),
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^kho: [^\n]+\n$/);
    expect(stdout).toBe('');
    expect(existsSync(at('out'))).toBe(false);
    expect(readdirSync(folder)).toEqual(before);
  });
});

/** `kho validate` on every real dump of the 2024 series: what is wrong with it, by rules that name the cause, and nothing else. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rfcFiles, rfcNames } from '../fixtures.js';
import { kho } from './kho.js';

interface JsonFinding {
  rule: string;
  severity: string;
  message: string;
  location: Record<string, string>;
}

interface JsonDump {
  verdict: string;
  findings: JsonFinding[];
  rules: { run: number; passed: number; failed: number; skipped: { rule: string; why: string }[] };
}

/** For each kind in the truth files: the rules that find it, and words of the message that name the cause. */
const KINDS: Readonly<Record<string, { rules: readonly string[]; words: RegExp }>> = {
  'area-overlap': { rules: ['IOMMUFD-011'], words: /areas \d+ and \d+ .* overlap/ },
  'domain-maps-outside-fs-mem': { rules: ['MAP-002'], words: /outside the guestmemfs region/ },
  'domain-maps-outside-any-file': { rules: ['MAP-008'], words: /outside any file/ },
  'page-table-pages-not-in-mem': {
    rules: ['DMAR-009', 'DMAR-010'],
    words: /save_pte_pages .* never lists them/,
  },
  'guest-data-pages-in-mem': { rules: ['DMAR-011'], words: /lists \d+ guest data pages?/ },
  'superpage-recorded-as-4k': { rules: ['DMAR-020'], words: /superpages? as 4 KiB/ },
  'write-only-area-is-readable': { rules: ['MAP-015'], words: /write-only, but .* readable/ },
  'only-the-last-pinned-file-is-handed-over': { rules: ['MAP-009'], words: /last pinned file only/ },
  'kho-mem-buffer-overflow': { rules: ['DMAR-004'], words: /\d+ records, but the buffer has room for 256/ },
  'noinit-flag-lost-in-mem-cache': { rules: ['KHO-016'], words: /NOINIT flag .* is lost in mem cache entry/ },
  'mem-cache-covers-a-page-too-many': { rules: ['KHO-011'], words: /covers one page too many/ },
  'mem-cache-entries-overlap': { rules: ['KHO-009'], words: /mem cache entries overlap/ },
};

/** Properties of the format, not findings (dumps' README). */
const FORMAT = new Set(['pci-segment-absent', 'property-values-native-endian']);

/** Errors that follow from a kind above: records in the NOINIT region are the guest data pages. */
const CONSEQUENCES = ['KHO-008'];

function validate(...args: string[]): JsonDump {
  const { stdout, stderr, status } = kho(['validate', '--format', 'json', ...args]);
  expect(stderr).toBe('');
  expect(status).toBe(1);
  return JSON.parse(stdout).dumps[0];
}

function keys(findings: readonly JsonFinding[]): string[] {
  return findings.map(({ rule, message }) => `${rule} ${message}`).sort();
}

describe.each(rfcNames)('%s', (name) => {
  const { blob, memory, truth, folder } = rfcFiles(name);
  const kinds = [...truth.violations, ...truth.defects]
    .map(({ kind }) => kind)
    .filter((kind) => !FORMAT.has(kind));

  test('each violation and defect is found by a rule that names it, and nothing else is an error', () => {
    const { findings, verdict } = validate(folder);
    expect(verdict).toBe('invalid');
    for (const kind of kinds) {
      const known = KINDS[kind];
      expect(known, kind).toBeDefined();
      const found = findings.filter(
        ({ rule, message }) => known?.rules.includes(rule) && known.words.test(message),
      );
      expect(found.length, kind).toBeGreaterThan(0);
      for (const { severity } of found) expect(['error', 'warning']).toContain(severity);
    }
    const explained = new Set([...CONSEQUENCES, ...kinds.flatMap((kind) => KINDS[kind]?.rules ?? [])]);
    const others = findings.filter(({ rule, severity }) => severity === 'error' && !explained.has(rule));
    expect(others).toEqual([]);
  });

  test('folder, blob with its core, and core alone have the same findings; the blob alone a part of them', () => {
    const whole = keys(validate(folder).findings);
    expect(keys(validate(blob, '--memory', memory).findings)).toEqual(whole);
    expect(keys(validate(memory).findings)).toEqual(whole);
    const alone = validate(blob);
    expect(whole).toEqual(expect.arrayContaining(keys(alone.findings)));
    const memoryRules = alone.rules.skipped.filter(({ why }) => /no memory is given for the blob/.test(why));
    expect(memoryRules.map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(['DMAR-010', 'MAP-002', 'MAP-008']),
    );
  });

  test('the numbers add up to the catalogue of the generation', () => {
    const { rules, findings } = validate(folder);
    const ids = kho(['explain'])
      .stdout.trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    const skipped = rules.skipped.map(({ rule }) => rule);
    expect(rules.run).toBe(rules.passed + rules.failed);
    expect(new Set(skipped).size).toBe(skipped.length);
    for (const { rule, why } of rules.skipped) {
      expect(ids).toContain(rule);
      expect(why).not.toBe('');
    }
    const failed = new Set(findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule));
    expect(rules.failed).toBe(failed.size);
  });
});

test('a damaged record at start_kernel is not excused by what a running kernel does with its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kho-validate-'));
  try {
    const dump = join(folder, 'dump.elf');
    expect(kho(['synth', '--abi', 'kho-v4', '--guest-ram', '64M', '-o', dump, '--quiet']).status).toBe(0);
    expect(kho(['validate', dump])).toMatchObject({ status: 0, stderr: '' });
    const bytes = readFileSync(dump);
    bytes.fill(0x5a, bytes.indexOf('luo-v5'), bytes.indexOf('luo-v5') + 64);
    writeFileSync(dump, bytes);
    const { status, stderr } = kho(['validate', dump]);
    expect(status).toBe(1);
    expect(stderr).toBe('');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

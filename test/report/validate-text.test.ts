/** The text for people: by place, most severe first, few of each rule, and the wrong bytes marked. */
import { describe, expect, test } from 'vitest';
import type { Handover, Location } from '../../src/abi/model.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { bytesText, findingBytes } from '../../src/report/finding-bytes.js';
import { placesOf } from '../../src/report/finding-groups.js';
import type { Paint } from '../../src/report/paint.js';
import { validateLines } from '../../src/report/validate-text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Finding, Severity } from '../../src/validate/rule.js';
import { validate } from '../../src/validate/run.js';
import { CASES } from '../rfc/cases.js';
import { damaged, setKey } from '../rfc/corrupt.js';
import { DUMP } from '../rfc/sample.js';
import { sweep } from '../sweep.js';

const finding = (rule: string, severity: Severity, location: Location): Finding => ({
  rule,
  severity,
  message: `${rule} says so`,
  location,
});

describe('places', () => {
  test('the most severe first, rules of a place together, and the dump as a whole has a name', () => {
    const places = placesOf(
      [
        finding('KHO-004', 'error', { fdtPath: '/b' }),
        finding('KHO-005', 'warning', { fdtPath: '/a' }),
        finding('KHO-005', 'warning', { fdtPath: '/b' }),
        finding('LUO-006', 'warning', { field: 'luo_session_ser.name', address: 1n }),
        finding('KHO-156', 'note', {}),
      ],
      10,
    );
    expect(places.map(({ name, rules }) => [name, ...rules.map(({ id }) => id)])).toEqual([
      ['/b', 'KHO-004', 'KHO-005'],
      ['/a', 'KHO-005'],
      ['luo_session_ser', 'LUO-006'],
      ['the dump as a whole', 'KHO-156'],
    ]);
  });

  test('of each rule so many over all places, the rest counted once, none lost', () => {
    const many = Array.from({ length: 4721 }, (_, i) =>
      finding('KHO-005', 'error', { fdtPath: `/n${i % 3}` }),
    );
    const places = placesOf(many, 10);
    const groups = places.flatMap(({ rules }) => rules);
    const shown = groups.reduce((sum, { findings }) => sum + findings.length, 0);
    expect(shown).toBe(10);
    expect(groups.map(({ more }) => more).filter((more) => more > 0)).toEqual([4711]);
    expect(
      placesOf(many, Number.POSITIVE_INFINITY).flatMap(({ rules }) => rules.map(({ more }) => more)),
    ).toEqual([0, 0, 0]);
  });
});

describe('the text', () => {
  const handover = damaged(DUMP, setKey('domains.0.mem.1.len', '0xffffffffffffffff'));
  const result = validate(handover, catalogue);
  const many = { ...result, findings: Array.from({ length: 4721 }, () => result.findings[0] as Finding) };
  const text = (options = {}, of = result): string =>
    [...validateLines('d', handover, of, catalogue, options)].join('\n');

  test('counts what it does not show, and shows all when asked', () => {
    expect(text({}, many)).toMatch(/and 4,711 more of [A-Z]+-\d+ \(--all/);
    expect(text({ all: true }, many)).not.toContain(' more of ');
    expect(text({ all: true }, many).split(result.findings[0]?.message ?? '-').length).toBe(4722);
  });

  test('says of each rule once what the kernel does', () => {
    const arrows = text().split('→').length - 1;
    expect(arrows).toBe(new Set(result.findings.map(({ rule }) => rule)).size);
  });

  test('marks the wrong bytes, in colour too', () => {
    const paint: Paint = (role, words) => `<${role}>${words}</${role}>`;
    expect(text()).toMatch(/bytes .*\[ff ff ff ff ff ff ff ff\]/);
    expect(text({ paint })).toContain('<error>[ff ff ff ff ff ff ff ff]</error>');
  });
});

describe('bytes', () => {
  const bytes = Uint8Array.from({ length: 4096 }, (_, i) => i & 255);
  const handover: Handover = {
    kind: 'unknown',
    pageSize: 4096,
    diagnostics: [],
    memory: segmentsMemory([{ address: 0x1000, bytes }], 'test'),
  };
  const shown = (location: Location): string | undefined => {
    const found = findingBytes(location, handover);
    return found === undefined ? undefined : bytesText(found);
  };

  test('a field within its record', () => {
    const record = new Uint8Array(4096);
    record.set([8, 9, 10, 11, 0, 0, 0, 0, 0x10, 0x11, 0x12, 0x13], 8);
    const memory = segmentsMemory([{ address: 0x1000, bytes: record }], 'test');
    const found = findingBytes({ field: 'memfd_luo_ser.seals', address: 0x1010n }, { ...handover, memory });
    expect(found === undefined ? undefined : bytesText(found)).toBe(
      '08 09 0a 0b 00 00 00 00 [10 11 12 13] 00 00 00 00 00 00 00 00 (address 0x1008)',
    );
  });

  test('nothing of what looks like no record: its page may be used again', () => {
    expect(shown({ field: 'memfd_luo_ser.seals', address: 0x1010n })).toBeUndefined();
  });

  test('bits of an entry, and the word that they are in', () => {
    expect(shown({ field: 'context_entry.DID', bits: '87:72', address: 0x1000n })).toBe(
      '00 01 02 03 04 05 06 07 08 [09 0a] 0b 0c 0d 0e 0f (address 0x1000, word 0xf0e0d0c0b0a0908)',
    );
  });

  test('nothing of a page that no record is known of, nor of what is absent', () => {
    expect(shown({ address: 0x1000n })).toBeUndefined();
    expect(shown({ address: 0x1000n, iova: 0n, iovaEnd: 4096n })).toBeUndefined();
    expect(shown({ field: 'memfd_luo_ser.seals', address: 0x9000n })).toBeUndefined();
    expect(shown({ field: 'memfd_luo_ser.seals', address: 2n ** 64n - 1n })).toBeUndefined();
    expect(shown({ field: 'memfd_luo_ser.seals', address: 1n })).toBeUndefined();
  });

  test('at most 32 bytes of a place, for every finding of every case', () => {
    for (const [, damage] of CASES.filter((_, i) => i % sweep(1, 4) === 0)) {
      const broken = damaged(DUMP, damage);
      for (const { location } of validate(broken, catalogue).findings) {
        const found = findingBytes(location, broken);
        expect(found?.bytes.length ?? 0).toBeLessThanOrEqual(32);
      }
    }
  });
});

describe('the end of the text', () => {
  const handover = damaged(DUMP, setKey('domains.0.mem.1.len', '0xffffffffffffffff'));
  const result = validate(handover, catalogue);
  const lines = (options = {}): string[] => [...validateLines('d', handover, result, catalogue, options)];

  test('a table of rules with counts, coverage, what was run, and the verdict last', () => {
    const text = lines();
    const head = text.findIndex((line) => line.startsWith('RULE'));
    const rules = new Set(result.findings.map(({ rule, severity }) => `${rule} ${severity}`));
    const table = text.slice(head + 1, text.indexOf('', head));
    expect(table).toHaveLength(rules.size);
    expect(table[0]).toMatch(/^KHO-004 +error +1 {2}a record is not empty/);
    expect(text.slice(-3)[0]).toMatch(/^coverage: /);
    expect(text.slice(-2)[0]).toMatch(/^\d+ rules run: .* skipped \(--skipped tells why\)$/);
    expect(text.at(-1)).toMatch(/^invalid, \d+ errors?, .*; to read on: kho explain KHO-004$/);
  });

  test('reasons for skipping are told when asked for, absent memory first', () => {
    expect(lines().some((line) => line.startsWith('  skipped '))).toBe(false);
    const skipped = [
      { rule: 'KHO-001', why: 'not asked', kind: 'not-asked' },
      { rule: 'KHO-002', why: 'a page is not in the dump', kind: 'absent' },
    ] as const;
    const text = [...validateLines('d', handover, { ...result, skipped }, catalogue, { skipped: true })];
    expect(text.filter((line) => line.startsWith('  skipped '))).toEqual([
      '  skipped KHO-002: a page is not in the dump',
      '  skipped KHO-001: not asked',
    ]);
  });

  test('findings on tables are together by device or domain', () => {
    const of = (device: string, iova: bigint): Finding => ({
      ...finding('VTD-110', 'error', { iova, address: iova }),
      subject: { device },
    });
    const places = placesOf([of('0000:00:03.0', 1n), of('0000:04:00.0', 2n), of('0000:00:03.0', 3n)], 10);
    expect(places.map(({ name, rules }) => [name, rules[0]?.findings.length])).toEqual([
      ['device 0000:00:03.0', 2],
      ['device 0000:04:00.0', 1],
    ]);
  });
});

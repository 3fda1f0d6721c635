/** GitHub's limits: 25,000 results a run, 10 MB of gzip. The most severe ones stay, and a notification counts the others. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { sarifLog } from '../../src/report/sarif.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Finding, Severity } from '../../src/validate/rule.js';
import { sweep } from '../sweep.js';
import { schemaErrors } from './sarif-check.js';

/** By day all of it a tenth of what GitHub takes. */
const SCALE = sweep(1, 10);
const LIMITS = SCALE === 1 ? undefined : { results: 25_000 / SCALE, text: (64 << 20) / SCALE };
const MAX_GZIP = (10 * 1000 * 1000) / SCALE;

function logOf(findings: readonly Finding[]) {
  const result = {
    findings,
    passed: [],
    failed: ['KHO-004'],
    skipped: [],
    partial: [],
    coverage: [],
    missing: [],
  };
  const log = sarifLog(
    [{ path: 'core', generation: 'kho-v4', result }],
    catalogue,
    '1.0.0',
    undefined,
    LIMITS,
  );
  const text = [...jsonChunks(log)].join('');
  const parsed = JSON.parse(text);
  return { text, log: parsed, run: parsed.runs[0] };
}

/** As varied as findings can be: what repeats itself packs well. */
function finding(severity: Severity, index: number, filler = ''): Finding {
  const address = (BigInt(index) * 0x9e37_79b9_7f4a_7c15n) & 0xf_ffff_ffff_ffffn;
  return {
    rule: 'KHO-004',
    severity,
    message: `the record at 0x${address.toString(16)} overlaps ${filler}`,
    subject: { session: `vm-${index}`, token: address },
    location: { address, fdtPath: `/node-${index}` },
  };
}

test('more results than are taken: notes go first', () => {
  const findings = [
    ...Array.from({ length: 20_000 / SCALE }, (_, index) => finding('note', index)),
    ...Array.from({ length: 10_000 / SCALE }, (_, index) => finding('warning', index)),
    ...Array.from({ length: 3000 / SCALE }, (_, index) => finding('error', index)),
  ];
  const { text, log, run } = logOf(findings);
  expect(run.results).toHaveLength(25_000 / SCALE);
  const count = (level: string) => run.results.filter((one: { level: string }) => one.level === level).length;
  expect([count('error'), count('warning'), count('note')]).toEqual(
    [3000, 10_000, 12_000].map((each) => each / SCALE),
  );
  const [notification] = run.invocations[0].toolExecutionNotifications;
  expect(notification).toMatchObject({ level: 'warning', descriptor: { id: 'kho/results-left-out' } });
  expect(notification.message.text).toContain(`${8000 / SCALE} of ${33_000 / SCALE} results`);
  // The least effort gives the most bytes.
  expect(gzipSync(text, { level: 1 }).length).toBeLessThan(MAX_GZIP);
  // The schema on the shape of all of it is checked elsewhere; here on what a cut leaves.
  expect(schemaErrors({ ...log, runs: [{ ...run, results: run.results.slice(0, 10) }] })).toEqual([]);
}, 300_000);

test('results of much text end before the size does', () => {
  const random = (index: number) => createHash('sha256').update(`${index}`).digest('hex');
  const findings = Array.from({ length: 20_000 / SCALE }, (_, index) =>
    finding('error', index, random(index).repeat(72)),
  );
  const { text, run } = logOf(findings);
  expect(run.results.length).toBeLessThan(findings.length);
  const [notification] = run.invocations[0].toolExecutionNotifications;
  expect(notification.message.text).toContain(
    `${findings.length - run.results.length} of ${findings.length} results`,
  );
  // The least effort gives the most bytes.
  expect(gzipSync(text, { level: 1 }).length).toBeLessThan(MAX_GZIP);
}, 300_000);

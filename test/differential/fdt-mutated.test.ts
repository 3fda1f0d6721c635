/**
 * Mutated blobs, real and synthesised, against libfdt: the verdict of fdt_check_full, and every reserved range, node
 * and property of what it passes. The mutations are those of `kho fuzz`: fields, structure, bytes.
 */
import { afterAll, expect, test } from 'vitest';
import { everyForm } from '../../src/cli/fuzz-synth.js';
import { checkFdt } from '../../src/fdt/check.js';
import { FDT_DIAGNOSTICS } from '../../src/fdt/diagnostics.js';
import { parseFdt } from '../../src/fdt/parse.js';
import { caseBytes } from '../../src/fuzz/apply.js';
import { type CaseMaker, caseMaker } from '../../src/fuzz/generate.js';
import { blobTarget } from '../../src/fuzz/target.js';
import { FdtToken } from '../../src/records/fdt.js';
import { bytesToHex } from '../../src/schema/text.js';
import { fixtureBlobs } from '../fdt/fixture-files.js';
import { workedBlob } from '../fdt/worked-blob.js';
import { sweep } from '../sweep.js';
import { INTENDED, listing } from './fdt-differences.js';
import { buildHarness, describeWith, mustRun, pack, unpack } from './fdt-tools.js';

const SEED = 2026n;
const CASES = sweep(100_000, 2_000);
const BATCH = sweep(20_000, 2_000);
/** Larger ones cost more and show nothing more. */
const LARGEST = 4096;

const harness = buildHarness();
afterAll(() => harness?.remove());

/** FNV-1a, 32 bits, over Latin-1 text; as the harness has it. */
function fnv(hash: number, text: string): number {
  let h = hash;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  return h >>> 0;
}

function makers(): CaseMaker[] {
  const real = [workedBlob(), ...fixtureBlobs().map(([, bytes]) => bytes)];
  const made = everyForm(SEED).flatMap(({ form, root }) => (form === 'blob' ? [root.bytes] : []));
  const trees = [...real, ...made].filter((bytes) => bytes.length <= LARGEST && parseFdt(bytes).complete);
  return trees.map((bytes) => caseMaker(blobTarget(bytes), SEED));
}

describeWith(
  'libfdt',
  'gcc libfdt-dev',
  harness !== undefined,
)('libfdt on mutated blobs', () => {
  test('has the same verdict and reads the same, but for the differences that are listed', () => {
    const sources = makers();
    expect(sources.length).toBeGreaterThan(30);
    const counts = new Map<string, number>();
    const levels = new Map<string, number>();
    let compared = 0;
    for (let first = 0; first < CASES; first += BATCH) {
      const blobs = Array.from({ length: BATCH }, (_, i) => {
        const { target, make } = sources[(first + i) % sources.length] as CaseMaker;
        const { mutations } = make(first + i);
        for (const { level } of mutations) levels.set(level, (levels.get(level) ?? 0) + 1);
        return caseBytes(target, mutations);
      });
      const answers = mustRun(harness?.path ?? '', ['digest'], pack(blobs));
      const view = new DataView(answers.buffer, answers.byteOffset, answers.byteLength);
      expect(answers.length).toBe(BATCH * 12);
      for (const [i, bytes] of blobs.entries()) {
        const result = view.getInt32(i * 12);
        const verdict = verdictOf(bytes, result);
        counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
        if (
          verdict === 'both accept' &&
          readsTheSame(bytes, view.getUint32(i * 12 + 4), view.getUint32(i * 12 + 8))
        ) {
          compared++;
        }
      }
    }
    for (const [verdict, n] of counts) console.log(`${n} mutated blobs: ${verdict}`);
    console.log(`${compared} of them: every reserved range, node and property reads the same`);
    expect([...counts.values()].reduce((sum, n) => sum + n, 0)).toBe(CASES);
    expect(counts.get('both accept')).toBeGreaterThan(CASES / 10);
    expect(counts.get('both refuse')).toBeGreaterThan(CASES / 10);
    expect(compared).toBeGreaterThan(CASES / 10);
    for (const level of ['field', 'structure', 'byte']) expect(levels.get(level)).toBeGreaterThan(CASES / 10);
  }, 180_000);
});

/** The harness's answer where libfdt itself reads out of bounds. */
const CRASHED = -1000;

function verdictOf(bytes: Uint8Array, result: number): string {
  if (result === CRASHED) {
    // Whatever brings libfdt down has to be told by ours.
    expect(checkFdt(bytes), bytesToHex(bytes)).not.toEqual([]);
    return 'libfdt reads out of bounds, ours tells what is wrong';
  }
  const codes = new Set(checkFdt(bytes).map(({ code }) => code));
  const refusing = [...codes].some((code) => 'libfdt' in FDT_DIAGNOSTICS[code]);
  if (refusing === result < 0) return refusing ? 'both refuse' : 'both accept';
  const who = refusing ? 'ours' : 'libfdt';
  const reason = INTENDED.find((each) => each.who === who && each.holds(codes, parseFdt(bytes)));
  if (reason === undefined)
    throw new Error(`libfdt ${result}, ours [${[...codes].join(' ')}]: ${bytesToHex(bytes)}`);
  return `only ${who} refuses: ${reason.why}`;
}

/** False where the two are not meant to be compared: no root at the start, an old version, no end of the map. */
function readsTheSame(bytes: Uint8Array, one: number, two: number): boolean {
  if (one === 0 && two === 0) return false;
  const tree = parseFdt(bytes);
  if (tree.kind[0] !== FdtToken.beginNode || (tree.header?.version ?? 0) < 16) return false;
  if (tree.diagnostics.some(({ code }) => code === 'unterminated-reserve-map')) return false;
  const ours = listing(tree);
  if (fnv(2166136261, ours) === one && fnv(1234567891, ours) === two) return true;
  const [theirs] = unpack(mustRun(harness?.path ?? '', ['read'], pack([bytes])));
  expect(ours, bytesToHex(bytes)).toBe(new TextDecoder().decode(theirs));
  throw new Error(`the hashes differ and the texts do not: ${bytesToHex(bytes)}`);
}

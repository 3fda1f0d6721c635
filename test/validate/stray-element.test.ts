/** KHO-017: an element of type 10 that leads nowhere, and what looks like it and is nothing wrong. */
import { describe, expect, it } from 'vitest';
import { bootParamsBytes } from '../../src/encode/boot-params.js';
import { segmentsMemory } from '../../src/memory/segments.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { elementBytes, LAYOUT } from '../rfc/build-dump.js';
import { le } from '../rfc/corrupt.js';
import { decodeMemory } from '../rfc/json.js';
import { DUMP } from '../rfc/sample.js';

const RULE = 'KHO-017';

/** The sample dump whose element has this dt_addr; a second boot_params with the given one. */
function outcome(dtAddr: bigint | number, other?: bigint | number) {
  const sizes = [8, 48] as const;
  const element = elementBytes(...sizes);
  element.set(le(dtAddr, 8), 16);
  const segments = DUMP.segments.filter(({ address }) => address !== LAYOUT.setupData);
  const more = other === undefined ? [] : stale(other);
  const handover = decodeMemory(
    segmentsMemory([{ address: LAYOUT.setupData, bytes: element }, ...more, ...segments], 'dump'),
  );
  const { findings, skipped, passed } = validate(handover, catalogue);
  return {
    severities: findings.filter(({ rule }) => rule === RULE).map(({ severity }) => severity),
    skipped: skipped.some(({ rule }) => rule === RULE),
    passed: passed.includes(RULE),
  };
}

/** boot_params of another boot, with an element of its own, at pages that the dump does not use. */
function stale(dtAddr: bigint | number) {
  const at = 0x7000_0000;
  const element = elementBytes(8, 48);
  element.set(le(dtAddr, 8), 16);
  return [
    { address: at, bytes: bootParamsBytes(BigInt(at + 4096)) },
    { address: at + 4096, bytes: element },
  ];
}

describe(RULE, () => {
  it('passes where the element leads to the tree', () => {
    expect(outcome(LAYOUT.tree)).toEqual({ severities: [], skipped: false, passed: true });
  });

  it.each<[what: string, dtAddr: bigint | number, severity: string]>([
    ['memory without a tree', LAYOUT.cache, 'error'],
    ['no physical address', 1n << 60n, 'error'],
    ['a byte beside the tree', LAYOUT.tree + 1, 'error'],
    ['an address that libfdt refuses', LAYOUT.scratch + 0x20_0001, 'error'],
    ['a place in scratch where the loader puts no tree', LAYOUT.scratch + 0x20_1000, 'warning'],
    ['memory outside scratch that is not in the dump', 0x7_0000_0000, 'warning'],
  ])('%s', (_what, dtAddr, severity) => {
    expect(outcome(dtAddr)).toEqual({ severities: [severity], skipped: false, passed: false });
  });

  it('a place in scratch that is not in the dump may have the tree', () => {
    expect(outcome(LAYOUT.scratch + 0x20_0000)).toEqual({ severities: [], skipped: true, passed: false });
  });

  it('elements of earlier boots lead nowhere', () => {
    expect(outcome(LAYOUT.tree, LAYOUT.cache)).toEqual({ severities: [], skipped: false, passed: true });
    expect(outcome(LAYOUT.cache, LAYOUT.tree)).toEqual({ severities: [], skipped: false, passed: true });
  });
});

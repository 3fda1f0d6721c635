/** Rules on drafts: captures of the IOMMU series and documents that the encoder lays out. */

import { describe, expect, test } from 'vitest';
import { bytesToText } from '../../src/schema/text.js';
import { DRAFTS } from '../../src/structures/index.js';
import { iommuTableRules } from '../../src/structures/iommu/rules-tables.js';
import { draftRules } from '../../src/structures/rules.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { linksOf } from '../../src/validate/structures/generic.js';
import { heldOf } from '../../src/validate/structures/held.js';
import { decodeAt } from '../decode/linux-dumps.js';
import { sweep } from '../sweep.js';
import { recording, without, wrongMoves } from './absent-memory.js';
import { CAPTURES, type DraftName, damagedDraft, draftBase } from './draft-cases/base.js';
import { DRAFT_CASES } from './draft-cases/index.js';
import { MADE } from './draft-cases/made.js';
import { SYNTHESISED } from './draft-cases/synthesised.js';

/** Tables have cases of their own. */
const structureRules = draftRules.filter((rule) => !iommuTableRules.includes(rule));

/** Of structures that no dump above has: what `synth --with` makes of their bindings. */
const BOUND = new Set(
  DRAFT_CASES.map(({ dump }) => dump).filter((dump) => dump.startsWith('synthesised with')),
);

const BASES = [...CAPTURES, ...Object.keys(MADE), ...BOUND] as DraftName[];

/** That a draft is in no release is said of each of them. */
const DRAFTS_ONLY = new Set(['LUO-012', 'FLB-005']);

describe('healthy dumps', () => {
  test.each([...BASES, ...SYNTHESISED])('%s has no finding but that these are drafts', (name) => {
    const { findings } = validate(draftBase(name).handover, catalogue);
    const others = findings.filter(({ rule, severity }) => severity !== 'note' && !DRAFTS_ONLY.has(rule));
    expect(others).toEqual([]);
  });

  test('every rule passes on one of them', () => {
    const passed = new Set(BASES.flatMap((name) => validate(draftBase(name).handover, catalogue).passed));
    expect(structureRules.map(({ id }) => id).filter((id) => !passed.has(id))).toEqual([]);
  });

  test('areas are checked where there is something of them, and can be required', () => {
    const required = ['IOMMU', 'IOMMUFD', 'VFIO', 'PCI'];
    for (const name of CAPTURES) {
      const { coverage, missing } = validate(draftBase(name).handover, catalogue, { required });
      const states = new Map(coverage.map(({ area, state }) => [area, state]));
      expect(required.map((area) => states.get(area))).toEqual(required.map(() => 'checked'));
      expect(states.get('KVM')).toBe('not there');
      expect(missing.filter(({ kind }) => kind === 'unanswered')).toEqual([]);
    }
  });
});

test('a release without the handlers is an error that names the files that it loses', () => {
  const { handover } = draftBase('linux-7.3-iommu-legacy');
  const { findings } = validate(handover, catalogue, { to: '7.3', only: new Set(['LUO-012']) });
  expect(findings.map(({ severity, subject }) => [severity, subject?.session, subject?.token])).toEqual([
    ['error', 'vm', 0x22n],
    ['error', 'vm', 0x31n],
    ['error', 'vm', 0x32n],
    ['error', 'vm-2', 0x1n],
    ['error', 'vm-2', 0x2n],
  ]);
  expect(findings[0]?.message).toMatch(/0x11, 0x12, 0x22, 0x31, 0x32 of session "vm", 0x7, 0x1, 0x2 of/);
});

describe('a page is missing: rules are skipped, never failed or passed', () => {
  test.each([...BASES, ...SYNTHESISED])('%s', (name) => {
    const { memory, address } = draftBase(name);
    const { memory: watched, pages: looked } = recording(memory, 4096);
    const handover = decodeAt(watched, address);
    const whole = validate(handover, catalogue);
    const drafts = DRAFTS.flatMap(({ key }) =>
      heldOf(handover, key).flatMap((held) => [
        held.model.address,
        ...linksOf(held).flatMap(({ list }) => (list.pages ?? []).map((page) => page.address)),
      ]),
    );
    // A file that nobody sees may be of any kind: rules that look for one of a kind cannot tell that there is none.
    const { sessions = [], sessionBlocks = [], sessionsAddress = 0n, flbsAddress = 0n } = handover.luo ?? {};
    const files = [
      ...[sessionsAddress, flbsAddress, ...sessions.map(({ filesAddress }) => filesAddress)],
      ...[...sessionBlocks, ...sessions.flatMap(({ fileBlocks = [] }) => fileBlocks)].map(
        (one) => one.address,
      ),
    ].filter((at) => at !== 0n);
    const pages = [
      ...new Set([
        ...files.map((at) => Number(at - (at % 4096n))),
        ...drafts.filter((_, i) => i % sweep(1, 3) === 0).map(Number),
        ...[...looked].filter((_, i) => i % sweep(1, 97) === 0),
      ]),
    ].filter((page) => BigInt(page) !== address);
    const wrong = pages.flatMap((page) => {
      const less = decodeAt(without(memory, page, 4096), address);
      return wrongMoves(whole, validate(less, catalogue)).map((move) => `0x${page.toString(16)} ${move}`);
    });
    expect(pages.length).toBeGreaterThan(3);
    expect(wrong).toEqual([]);
  });
});

describe('each rule fails on a dump that is damaged for it', () => {
  test.each(DRAFT_CASES.map((each) => [each.rule, each.what, each.dump, each] as const))(
    '%s: %s (%s)',
    (rule, _what, _dump, each) => {
      const { findings } = validate(damagedDraft(each), catalogue, { only: new Set([rule]) });
      const own = findings.filter((finding) => finding.rule === rule);
      expect(own.map(({ severity }) => severity)).toContain(each.severity);
      for (const { message } of own) expect(message).not.toMatch(/undefined|NaN|\[object/);
    },
  );

  test('every rule has such a dump', () => {
    const tried = new Set(DRAFT_CASES.map(({ rule }) => rule));
    expect(structureRules.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([]);
  });
});

describe('no release has the handler or the FLB of any draft: --to names what it loses', () => {
  const named = (key: string) =>
    DRAFTS.find((subject) => subject.key === key)?.forms.flatMap(({ names }) => names);
  test.each([...BASES, ...SYNTHESISED])('%s', (name) => {
    const { handover } = draftBase(name);
    const drafts = DRAFTS.filter(({ holder }) => holder === 'file').flatMap(({ key }) => named(key) ?? []);
    const lost = (handover.luo?.sessions ?? [])
      .flatMap(({ files = [] }) => files)
      .filter(({ compatible }) => drafts.includes(bytesToText(compatible).text));
    // A release of another generation takes nothing over at all (KHO-160).
    const releases: Readonly<Record<string, string>> = { 'kho-v1': '7.0', 'kho-v3': '7.1', 'kho-v4': '7.3' };
    const own = releases[handover.generation ?? ''];
    const of = (to: string) =>
      validate(handover, catalogue, { to, only: new Set(['LUO-012', 'KHO-160']) }).findings;
    if (lost.length > 0) expect(of('7.2').map(({ rule }) => rule)).toContain('KHO-160');
    if (own === undefined) return;
    const told = of(own).filter(({ rule, severity }) => rule === 'LUO-012' && severity === 'error');
    const tokens = new Set(told.map(({ subject }) => subject?.token));
    expect(lost.filter(({ token }) => !tokens.has(token)).map(({ token }) => token)).toEqual([]);
  });
});

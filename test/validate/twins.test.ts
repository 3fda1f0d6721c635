/**
 * Every rule of one entry route, mode, stage or generation names its twins, or why there is none (twins.json): a rule
 * that only one of two alike structures has is how a fault of the other goes unseen.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GENERATIONS } from '../../src/abi/model.js';
import { DRAFTS } from '../../src/structures/index.js';
import { catalogue } from '../../src/validate/catalogue.js';
import type { Rule } from '../../src/validate/rule.js';
import { vtdRows } from '../../src/vtd/rules/index.js';

interface Row {
  readonly twin?: readonly string[];
  readonly none?: string;
}

const { areas, rules } = JSON.parse(readFileSync(new URL('twins.json', import.meta.url), 'utf8')) as {
  /** Why no rule of an area has a twin elsewhere: the structure is one generation group's. */
  readonly areas: Readonly<Record<string, string>>;
  readonly rules: Readonly<Record<string, Row>>;
};

/** Scopes of VT-d rules that only one mode or stage has. */
const ONE_MODE: ReadonlySet<string> = new Set([
  'legacy-root-entry',
  'scalable-root-entry',
  'context-entry',
  'scalable-context-entry',
  'pasid-directory-entry',
  'pasid-entry',
  'second-stage',
  'first-stage',
]);
const SCOPES = new Map<string, string>(vtdRows.map(({ id, scope }) => [id, scope]));

function isRestricted({ id, generations, needs }: Rule): boolean {
  const scope = SCOPES.get(id);
  if (scope !== undefined) return ONE_MODE.has(scope);
  return generations.length < GENERATIONS.length || needs?.includes('setup_data') === true;
}

const areaOf = (id: string) => id.slice(0, id.indexOf('-'));
const ids = new Set(catalogue.map(({ id }) => id));

describe('twins', () => {
  it('every rule that is restricted has a row', () => {
    const without = catalogue
      .filter((rule) => isRestricted(rule) && rules[rule.id] === undefined)
      .map(({ id }) => id)
      // A draft has no twin that a release wrote.
      .filter((id) => areas[areaOf(id)] === undefined && !DRAFTS.some(({ area }) => area?.id === areaOf(id)));
    expect(without).toEqual([]);
  });

  it('rows name rules that there are, either twins or a reason', () => {
    for (const [id, { twin = [], none = '' }] of Object.entries(rules)) {
      expect([id, ...twin].filter((name) => !ids.has(name))).toEqual([]);
      expect([id, twin.length > 0], id).toEqual([id, none === '']);
    }
    for (const area of Object.keys(areas)) expect([...ids].map(areaOf)).toContain(area);
  });

  it('are mutual', () => {
    const single = Object.entries(rules).flatMap(([id, { twin = [] }]) =>
      twin.filter((other) => rules[other]?.twin?.includes(id) !== true).map((other) => `${id} ${other}`),
    );
    expect(single).toEqual([]);
  });
});

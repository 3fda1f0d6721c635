/** For every rule a valid dump with one fault that the rule finds, in which generation, and what else it breaks. */
import { describe, expect, test } from 'vitest';
import { bytesText, findingBytes } from '../../src/report/finding-bytes.js';
import { foundText, placeText } from '../../src/report/validate-text.js';
import { escapeText } from '../../src/schema/escape.js';
import type { RuleExample } from '../../src/validate/example.js';
import { allProofs } from './proof/all.js';
import { NOT_CAPTURED } from './proof/drafts.js';
import { catalogue, GENERATIONS } from './proof/fault.js';
import { misplaced, toldPlaces } from './proof/places.js';
import { RELATED } from './proof/related.js';
import { subjectsMissing } from './proof/subjects.js';
import { UNSEEN } from './proof/unseen.js';

describe('every rule', () => {
  test('fails on a valid dump with one fault', () => {
    const { best } = allProofs();
    expect(catalogue.map(({ id }) => id).filter((id) => !best.has(id))).toEqual([]);
    // The first test runs all faults for those after it.
  }, 600_000);

  test('is seen to fail in every generation that it applies to, or the reason is given', () => {
    const { seen } = allProofs();
    const unseen = catalogue.flatMap(({ id, generations }) =>
      generations
        .filter((generation) => seen.get(id)?.has(generation) !== true)
        .map((name) => `${id} ${name}`)
        .filter((cell) => !NOT_CAPTURED.has(cell)),
    );
    expect(unseen.sort()).toEqual(Object.keys(UNSEEN).sort());
  });

  test('has a fault that breaks no unrelated rule', () => {
    const { best } = allProofs();
    const others = [...best].filter(([, proof]) => proof.others.length > 0);
    for (const [id, { others: broken, fault }] of others) {
      expect(RELATED[id]?.[0] ?? [], `${id}: ${fault.what}`).toEqual(expect.arrayContaining([...broken]));
    }
    // Nothing in the list is more than is needed.
    expect(others.map(([id]) => id).sort()).toEqual(Object.keys(RELATED).sort());
  });

  test('says nothing that a program forgot to say', () => {
    for (const { finding } of allProofs().best.values()) {
      expect(`${finding.message} ${finding.found} ${finding.expected ?? ''}`).not.toMatch(
        /NaN|\[object|undefined(?! )/,
      );
    }
  });
});

describe('places', () => {
  test('of findings are those of the fields that they name', () => {
    const { best, misplaced: lost } = allProofs();
    expect(lost).toEqual([]);
    expect([...best.values()].flatMap(({ finding, handover }) => misplaced(finding, handover) ?? [])).toEqual(
      [],
    );
    expect(toldPlaces(best)).toEqual([]);
  });
});

describe('subjects', () => {
  test("of every rule's findings say what their messages say", () => {
    const { told } = allProofs();
    const found = new Map<string, string>();
    for (const text of told.flatMap(subjectsMissing)) found.set(text.slice(0, text.indexOf(':')), text);
    expect([...found.values()].sort()).toEqual([]);
    const judged = new Set(told.map(({ rule }) => rule));
    expect(catalogue.map(({ id }) => id).filter((id) => !judged.has(id))).toEqual([]);
  });
});

describe('what is generated from these faults (vitest -u writes it)', () => {
  test('examples', async () => {
    const examples = catalogue.flatMap(({ id }): [string, RuleExample][] => {
      const proof = allProofs().best.get(id);
      return proof === undefined ? [] : [[id, exampleOf(proof)]];
    });
    const json = `${JSON.stringify(Object.fromEntries(examples), null, 2)}\n`;
    await expect(json).toMatchFileSnapshot('../../src/validate/examples.json');
  });

  test('the matrix of rules and generations', async () => {
    const { seen, best } = allProofs();
    const rows = catalogue.map(({ id, generations, severity }) => {
      const cells = GENERATIONS.map((name) =>
        !generations.includes(name) ? '–' : seen.get(id)?.has(name) === true ? '✓' : '○',
      );
      const also = best.get(id)?.others.join(', ') ?? '';
      return `| ${[id, severity, ...cells, also].join(' | ')} |`;
    });
    const page = [
      '# Rules and generations',
      '',
      'Made by test/validate/proof.test.ts. ✓: seen to fail on a valid dump of this generation with one fault;',
      '○: applies, but not seen to fail there; –: does not apply. The last column names the rules that the smallest',
      'fault of a rule breaks besides it.',
      '',
      `| rule | severity | ${GENERATIONS.join(' | ')} | breaks too |`,
      `|---|---|${GENERATIONS.map(() => '---|').join('')}---|`,
      ...rows,
      '',
      '## ○',
      '',
      ...Object.entries(UNSEEN).map(([cell, why]) => `- ${cell}: ${why}`),
      '- rules on drafts of memory and KVM (HUGETLB, GMEM, KVM, PSTORE), but in kho-v4: no dump of such a generation',
      '',
      '## Breaks too',
      '',
      ...Object.entries(RELATED).map(([id, [rules, why]]) => `- ${id} (${rules.join(', ')}): ${why}`),
      '',
    ];
    await expect(page.join('\n')).toMatchFileSnapshot('../../docs/matrix.md');
  });
});

function exampleOf({ fault, finding, handover }: NonNullable<ReturnType<typeof proofOf>>): RuleExample {
  const bytes = findingBytes(finding.location, handover);
  const place = placeText(finding.location);
  return {
    fault: `${fault.what} (${fault.base})`,
    message: escapeText(finding.message),
    ...(place === '' ? {} : { at: place }),
    ...(bytes === undefined ? {} : { bytes: bytesText(bytes) }),
    ...(finding.expected === undefined
      ? {}
      : { found: escapeText(foundText(finding)), expected: escapeText(finding.expected) }),
  };
}

function proofOf(id: string) {
  return allProofs().best.get(id);
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { condition, holds, type Lookup } from '../../src/schema/condition.js';

const names: ReadonlyMap<string, bigint | string> = new Map<string, bigint | string>([
  ['rev', 5n],
  ['haw', 46n],
  ['mode', 'scalable'],
  ['cap.sc', 0n],
  ['ecap.mts', 1n],
  ['zero', 0n],
]);
const lookup: Lookup = (name) => names.get(name);
const test = (text: string): boolean => holds(condition(text), lookup);

describe('condition', () => {
  it.each([
    ['always', true],
    ['not always', false],
    ['rev >= 5', true],
    ['rev < 5', false],
    ['rev > 5', false],
    ['rev <= 0x5', true],
    ['haw != 46', false],
    ['mode == scalable', true],
    ['mode != legacy', true],
    ['cap.sc', false],
    ['not cap.sc', true],
    ['not not ecap.mts', true],
    ['zero or rev == 5 and cap.sc', false],
    ['rev == 5 or zero and cap.sc', true],
    ['(rev == 5 or zero) and cap.sc', false],
    ['not (cap.sc or zero) and ecap.mts', true],
  ])('%s is %s', (text, expected) => {
    expect(test(text)).toBe(expected);
  });

  it('lists the names once', () => {
    expect(condition('rev >= 5 and not ecap.mts or rev == 3').names).toEqual(['rev', 'ecap.mts']);
  });

  it.each([
    '',
    'rev >=',
    '>= 5',
    'rev 5',
    '(rev',
    'rev)',
    'not',
    'rev and',
    'a == b == c',
    'rev & 1',
    '5',
    'rev == and',
  ])('refuses "%s", quoting it', (text) => {
    expect(() => condition(text)).toThrow(SyntaxError);
    expect(() => condition(text)).toThrow(`"${text}"`);
  });

  it('throws on unknown names and on an order of words', () => {
    expect(() => test('nothing')).toThrow('nothing is called nothing');
    expect(() => test('mode < scalable')).toThrow('words have no order');
  });

  it('agrees with the same expression in JavaScript', () => {
    const atom = fc.constantFrom('rev == 5', 'cap.sc', 'zero != 0', 'ecap.mts', 'always', 'haw < 40');
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        atom,
        tie('tree').map((inner) => `not (${inner})`),
        fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `(${left}) and ${right}`),
        fc.tuple(tie('tree'), tie('tree')).map(([left, right]) => `${left} or (${right})`),
      ),
    }));
    const values: readonly (readonly [RegExp, string])[] = [
      [/rev == 5|ecap\.mts|always/g, 'true'],
      [/cap\.sc|zero != 0|haw < 40/g, 'false'],
      [/\bnot\b/g, '!'],
      [/\band\b/g, '&&'],
      [/\bor\b/g, '||'],
    ];
    fc.assert(
      fc.property(tree, (text) => {
        const script = values.reduce((code, [pattern, value]) => code.replaceAll(pattern, value), text);
        expect(test(text)).toBe(new Function(`return ${script};`)());
      }),
    );
  });
});

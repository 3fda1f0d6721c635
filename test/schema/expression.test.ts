import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constantOf, expressionCode, namesOf, parseExpression } from '../../tools/schema/expression.js';

describe('expressions of the schemas', () => {
  it('keep precedence and rounding when written as TypeScript', () => {
    const code = (text: string): string => expressionCode(parseExpression(text), (name) => name);
    expect(code('(page_size - 16) / 16')).toBe('Math.floor((page_size - 16) / 16)');
    expect(code('a - (b - c)')).toBe('a - (b - c)');
    expect(code('2 * (a + 1)')).toBe('2 * (a + 1)');
    expect(code('a / (b * 2)')).toBe('Math.floor(a / (b * 2))');
    expect(code('0x10 * 2 - 1')).toBe('31');
  });

  it('have the value that arithmetic gives them', () => {
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('a', 'b', 'c', '1', '2', '0x20'),
        fc
          .tuple(tie('tree'), fc.constantFrom('+', '-', '*', '/'), tie('tree'))
          .map(([left, op, right]) => `${left} ${op} ${right}`),
        tie('tree').map((inner) => `(${inner})`),
      ),
    }));
    const values = { a: 7n, b: 100n, c: 3n };
    fc.assert(
      fc.property(tree, (text) => {
        const expression = parseExpression(text);
        const code = expressionCode(expression, (name) => name);
        const found: unknown = new Function('a', 'b', 'c', `return ${code};`)(7, 100, 3);
        fc.pre(typeof found === 'number' && Number.isSafeInteger(found) && Math.abs(found) < 2 ** 40);
        const expected = divideDown(text, values);
        fc.pre(expected !== undefined);
        expect(BigInt(Number(found))).toBe(expected);
        if (namesOf(expression).length === 0) expect(constantOf(expression)).toBe(found);
      }),
    );
  });

  it.each(['', 'a +', '(a', 'a)', 'a b', '1.5', 'a % 2', '-a', 'a.b', 'f(a)', 'a << 2'])(
    'refuse "%s"',
    (text) => {
      expect(() => parseExpression(text)).toThrow(SyntaxError);
    },
  );
});

/** Evaluates with exact integers and division that rounds down; undefined when something divides by 0. */
function divideDown(text: string, values: Readonly<Record<string, bigint>>): bigint | undefined {
  const tokens = text.match(/0x[0-9a-f]+|[0-9]+|[a-c]|\S/g) ?? [];
  const output: (bigint | undefined)[] = [];
  const operators: string[] = [];
  const rank = (op: string): number => (op === '*' || op === '/' ? 2 : op === '(' ? 0 : 1);
  const apply = (): void => {
    const op = operators.pop();
    const right = output.pop();
    const left = output.pop();
    if (left === undefined || right === undefined) output.push(undefined);
    else if (op === '+') output.push(left + right);
    else if (op === '-') output.push(left - right);
    else if (op === '*') output.push(left * right);
    else if (right === 0n) output.push(undefined);
    else output.push((left - (((left % right) + right) % right)) / right);
  };
  for (const token of tokens) {
    if (token === '(') operators.push(token);
    else if (token === ')') {
      while (operators.at(-1) !== '(') apply();
      operators.pop();
    } else if ('+-*/'.includes(token)) {
      for (let top = operators.at(-1); top !== undefined && rank(top) >= rank(token); top = operators.at(-1))
        apply();
      operators.push(token);
    } else output.push(values[token] ?? BigInt(token));
  }
  while (operators.length > 0) apply();
  return output[0];
}

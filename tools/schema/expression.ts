/** The arithmetic that `size`, `repeat-expr` and type arguments may hold: integers, names, + - * / and (). */
export type Expression =
  | { readonly op: 'number'; readonly value: number }
  | { readonly op: 'name'; readonly name: string }
  | {
      readonly op: '+' | '-' | '*' | '/';
      readonly left: Expression;
      readonly right: Expression;
    };

/**
 * Parses an expression of a .ksy file.
 *
 * @throws SyntaxError when it holds anything beyond the subset.
 */
export function parseExpression(source: string | number): Expression {
  const text = String(source);
  const tokens = text.match(/0x[0-9a-fA-F]+|[0-9]+|[a-z_][a-z0-9_]*|\S/g) ?? [];
  let next = 0;
  const fail = (): never => {
    throw new SyntaxError(
      `expression "${text}" is outside the subset (integers, names, + - * / and parentheses)`,
    );
  };
  const parseSum = (): Expression => {
    let left = parseProduct();
    for (let op = tokens[next]; op === '+' || op === '-'; op = tokens[next]) {
      next++;
      left = { op, left, right: parseProduct() };
    }
    return left;
  };
  const parseProduct = (): Expression => {
    let left = parseAtom();
    for (let op = tokens[next]; op === '*' || op === '/'; op = tokens[next]) {
      next++;
      left = { op, left, right: parseAtom() };
    }
    return left;
  };
  const parseAtom = (): Expression => {
    const token = tokens[next++] ?? '';
    if (/^[0-9]/.test(token)) return { op: 'number', value: Number(token) };
    if (/^[a-z_]/.test(token)) return { op: 'name', name: token };
    if (token !== '(') return fail();
    const inner = parseSum();
    return tokens[next++] === ')' ? inner : fail();
  };
  const root = parseSum();
  return next === tokens.length ? root : fail();
}

/** The expression's value when it holds no names, else undefined. */
export function constantOf(expression: Expression): number | undefined {
  if (expression.op === 'number') return expression.value;
  if (expression.op === 'name') return undefined;
  const left = constantOf(expression.left);
  const right = constantOf(expression.right);
  if (left === undefined || right === undefined) return undefined;
  switch (expression.op) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return Math.floor(left / right);
  }
}

/** Every name in the expression. */
export function namesOf(expression: Expression): string[] {
  if (expression.op === 'number') return [];
  if (expression.op === 'name') return [expression.name];
  return [...namesOf(expression.left), ...namesOf(expression.right)];
}

/** TypeScript for the expression; `rename` says how a name is written there. Division rounds down, as in Kaitai. */
export function expressionCode(expression: Expression, rename: (name: string) => string): string {
  const constant = constantOf(expression);
  if (constant !== undefined) return String(constant);
  if (expression.op === 'number') return String(expression.value);
  if (expression.op === 'name') return rename(expression.name);
  const left = expressionCode(expression.left, rename);
  const right = expressionCode(expression.right, rename);
  const wrap = (code: string, inner: Expression): string =>
    inner.op === '+' || inner.op === '-' ? `(${code})` : code;
  if (expression.op === '*') return `${wrap(left, expression.left)} * ${wrap(right, expression.right)}`;
  if (expression.op === '/') {
    // A product on the right would be taken apart: a / (b * c).
    const divisor = expression.right.op === '*' ? `(${right})` : wrap(right, expression.right);
    return `Math.floor(${wrap(left, expression.left)} / ${divisor})`;
  }
  return `${left} ${expression.op} ${expression.op === '-' ? wrap(right, expression.right) : right}`;
}

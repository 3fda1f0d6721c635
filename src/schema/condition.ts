/**
 * Conditions of the extension keys `-reserved` and `-ignored`: comparisons of settings and of fields of the
 * record, joined by `and`, `or`, `not` and parentheses.
 *
 *     condition  = term { "or" term }
 *     term       = factor { "and" factor }
 *     factor     = "not" factor | "(" condition ")" | "always" | name [ relation value ]
 *     relation   = "==" | "!=" | "<" | "<=" | ">" | ">="
 *     value      = decimal or 0x number, or a word (compared with a setting such as `mode`)
 *
 * A name alone holds when its value is not 0.
 */
export interface Condition {
  /** The condition as the schema has it. */
  readonly text: string;
  /** Names that it looks at, without repetition. */
  readonly names: readonly string[];
  readonly root: ConditionNode;
}

/** How a condition compares a number. */
export type Relation = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A condition as a tree; formats/README.md has the grammar. */
export type ConditionNode =
  | { readonly op: 'always' }
  | { readonly op: 'or' | 'and'; readonly left: ConditionNode; readonly right: ConditionNode }
  | { readonly op: 'not'; readonly inner: ConditionNode }
  | { readonly op: 'set'; readonly name: string }
  | {
      readonly op: 'compare';
      readonly name: string;
      readonly relation: Relation;
      readonly value: bigint | string;
    };

/** Gives the value of a setting or field, or undefined when there is none of that name. */
export type Lookup = (name: string) => bigint | string | undefined;

const TOKEN = /\s*(==|!=|<=|>=|<|>|\(|\)|[A-Za-z_][A-Za-z0-9_.-]*|0x[0-9a-fA-F]+|[0-9]+)/y;
const RELATIONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='];
const WORDS: readonly string[] = ['and', 'or', 'not', 'always'];
const NAME = /^[A-Za-z_]/;

/**
 * Parses a condition of the schemas.
 *
 * @throws SyntaxError that quotes the condition when it does not follow the grammar.
 */
export function condition(text: string): Condition {
  const tokens = tokenize(text);
  const names = new Set<string>();
  let next = 0;

  const fail = (): never => {
    const found = tokens[next];
    throw new SyntaxError(`condition "${text}": unexpected ${found === undefined ? 'end' : `"${found}"`}`);
  };
  const accept = (token: string): boolean => {
    if (tokens[next] !== token) return false;
    next++;
    return true;
  };
  const take = (): string => tokens[next++] ?? fail();

  const parseOr = (): ConditionNode => {
    let left = parseAnd();
    while (accept('or')) left = { op: 'or', left, right: parseAnd() };
    return left;
  };
  const parseAnd = (): ConditionNode => {
    let left = parseFactor();
    while (accept('and')) left = { op: 'and', left, right: parseFactor() };
    return left;
  };
  const parseFactor = (): ConditionNode => {
    if (accept('not')) return { op: 'not', inner: parseFactor() };
    if (accept('always')) return { op: 'always' };
    if (accept('(')) {
      const inner = parseOr();
      if (!accept(')')) fail();
      return inner;
    }
    const name = tokens[next];
    if (name === undefined || !NAME.test(name) || WORDS.includes(name)) return fail();
    next++;
    names.add(name);
    const relation = tokens[next];
    if (relation === undefined || !RELATIONS.includes(relation)) return { op: 'set', name };
    next++;
    const value = tokens[next];
    if (value === undefined || !/^[A-Za-z0-9_]/.test(value) || WORDS.includes(value)) return fail();
    take();
    return {
      op: 'compare',
      name,
      relation: relation as Relation,
      value: NAME.test(value) ? value : BigInt(value),
    };
  };

  const root = parseOr();
  if (next < tokens.length) fail();
  return { text, names: [...names], root };
}

/**
 * Tells whether a condition holds.
 *
 * @throws Error when the condition names something that `lookup` does not know, or orders words: both are
 * mistakes in a schema or in a call, never in a dump.
 */
export function holds(condition: Condition, lookup: Lookup): boolean {
  return evaluate(condition.root, condition, lookup);
}

/** The depth is that of a condition in formats/, not of any input. */
function evaluate(node: ConditionNode, condition: Condition, lookup: Lookup): boolean {
  switch (node.op) {
    case 'always':
      return true;
    case 'not':
      return !evaluate(node.inner, condition, lookup);
    case 'and':
      return evaluate(node.left, condition, lookup) && evaluate(node.right, condition, lookup);
    case 'or':
      return evaluate(node.left, condition, lookup) || evaluate(node.right, condition, lookup);
    case 'set':
      return resolve(node.name, condition, lookup) !== 0n;
    case 'compare':
      return compare(resolve(node.name, condition, lookup), node.relation, node.value, condition);
  }
}

function resolve(name: string, condition: Condition, lookup: Lookup): bigint | string {
  const value = lookup(name);
  if (value === undefined) throw new Error(`condition "${condition.text}": nothing is called ${name}`);
  return value;
}

function compare(
  left: bigint | string,
  relation: Relation,
  right: bigint | string,
  condition: Condition,
): boolean {
  if (relation === '==') return left === right;
  if (relation === '!=') return left !== right;
  if (typeof left !== 'bigint' || typeof right !== 'bigint') {
    throw new Error(`condition "${condition.text}": words have no order`);
  }
  if (relation === '<') return left < right;
  if (relation === '<=') return left <= right;
  if (relation === '>') return left > right;
  return left >= right;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    tokens.push(match[1] ?? '');
    end = TOKEN.lastIndex;
  }
  if (text.slice(end).trim() !== '') {
    throw new SyntaxError(`condition "${text}": unexpected "${text.slice(end).trim()}"`);
  }
  return tokens;
}

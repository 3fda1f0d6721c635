/** A strict parser of KTAP version 1 (Documentation/dev-tools/ktap.rst): throws at whatever the format does not allow. */

export interface KtapTest {
  readonly number: number;
  readonly ok: boolean;
  readonly name: string;
  readonly skip?: string;
  /** Diagnostic lines before the result line. */
  readonly diagnostics: readonly string[];
  readonly subtests?: readonly KtapTest[];
}

const RESULT = /^(ok|not ok) ([1-9]\d*) ([^#\n]*?)(?: # (SKIP|TODO|XFAIL|TIMEOUT|ERROR)(?: (.*))?)?$/;

export function parseKtap(text: string): KtapTest[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
  if (/[\u0000-\u0009\u000b-\u001f\u007f]/.test(text)) throw new Error('a control character');
  const lines = text.slice(0, -1).split('\n');
  const { tests, next } = parseLevel(lines, 0, '');
  if (next !== lines.length) throw new Error(`line ${next + 1} is too many: ${lines[next]}`);
  return tests;
}

function parseLevel(
  lines: readonly string[],
  start: number,
  indent: string,
): { tests: KtapTest[]; next: number } {
  if (lines[start] !== `${indent}KTAP version 1`) throw new Error(`line ${start + 1} is no version line`);
  let at = start + 1;
  let planned: number | undefined;
  let subtests: KtapTest[] | undefined;
  let diagnostics: string[] = [];
  const tests: KtapTest[] = [];
  for (; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (line === `${indent}  KTAP version 1`) {
      const inner = parseLevel(lines, at, `${indent}  `);
      subtests = inner.tests;
      at = inner.next - 1;
      continue;
    }
    if (!line.startsWith(indent) || line.startsWith(`${indent} `)) break;
    const content = line.slice(indent.length);
    if (/^1\.\.\d+$/.test(content)) {
      if (planned !== undefined || tests.length > 0) throw new Error(`line ${at + 1}: a plan too late`);
      planned = Number(content.slice(3));
      continue;
    }
    if (content.startsWith('# ')) {
      diagnostics.push(content.slice(2));
      continue;
    }
    const match = RESULT.exec(content);
    if (match === null) throw new Error(`line ${at + 1} is none of KTAP's: ${line}`);
    const [, status, number, name = '', directive, why = ''] = match;
    if (Number(number) !== tests.length + 1) throw new Error(`line ${at + 1}: number ${number}`);
    if (directive !== undefined && directive !== 'SKIP') throw new Error(`line ${at + 1}: ${directive}`);
    tests.push({
      number: tests.length + 1,
      ok: status === 'ok',
      name,
      diagnostics,
      ...(directive === undefined ? {} : { skip: why }),
      ...(subtests === undefined ? {} : { subtests }),
    });
    diagnostics = [];
    subtests = undefined;
  }
  if (planned !== tests.length) throw new Error(`planned ${planned} tests, found ${tests.length}`);
  return { tests, next: at };
}

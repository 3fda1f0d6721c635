/** When text is coloured: on a terminal that can show it, unless asked otherwise. */
import { afterEach, expect, test, vi } from 'vitest';
import { paintFor } from '../../src/cli/colour.js';
import { plain } from '../../src/report/paint.js';

afterEach(() => vi.unstubAllEnvs());

test.each([
  ['a terminal', 'xterm', '', true, false],
  ['no terminal', 'xterm', '', false, true],
  ['a dumb terminal', 'dumb', '', true, true],
  ['NO_COLOR', 'xterm', '1', true, true],
])('%s', (_, term, noColour, isTerminal, isPlain) => {
  vi.stubEnv('TERM', term);
  vi.stubEnv('NO_COLOR', noColour);
  expect(paintFor('auto', isTerminal) === plain).toBe(isPlain);
  expect(paintFor('always', false)).not.toBe(plain);
  expect(paintFor('never', true)).toBe(plain);
});

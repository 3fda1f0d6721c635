/** Lines for a terminal: broken at words, colours not counted, nothing lost. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrapped } from '../../src/report/wrap.js';

test('at words, what follows indented', () => {
  const line = `  referred by  ${'word '.repeat(12)}end`;
  expect([...wrapped([line], 40)]).toEqual([
    '  referred by  word word word word word',
    '    word word word word word word word',
    '    end',
  ]);
});

test('colours take no room; without a width, or in a narrow one, nothing is broken', () => {
  const line = `\u001b[31m${'x'.repeat(30)}\u001b[39m \u001b[31m${'y'.repeat(9)}\u001b[39m`;
  expect([...wrapped([line], 40)]).toEqual([line]);
  expect([...wrapped(['a '.repeat(100)], undefined)]).toHaveLength(1);
  expect([...wrapped(['a '.repeat(100)], 39)]).toHaveLength(1);
});

test('no word is lost, and none but a longer one goes beyond the width', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,50}$/), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(words, fc.integer({ min: 40, max: 120 }), (all, width) => {
      const lines = [...wrapped([all.join(' ')], width)];
      expect(
        lines
          .join(' ')
          .split(/ +/)
          .filter((word) => word !== ''),
      ).toEqual(all);
      for (const line of lines) if (line.trim().includes(' ')) expect(line.length).toBeLessThanOrEqual(width);
    }),
    { numRuns: 100 },
  );
});

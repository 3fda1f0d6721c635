/** The gate for text of dumps, over all code points. */
import { describe, expect, test } from 'vitest';
import { jsonChunks } from '../../src/report/json-chunks.js';
import { escapeJson, escapeText } from '../../src/schema/escape.js';
import { sweep } from '../sweep.js';

/** What a terminal acts on, or a reader does not see; written down apart from the source's own properties. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0x1bca0, 0x1bca3],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];
const isUnsafe = (code: number): boolean => RANGES.some(([first, last]) => code >= first && code <= last);

/** All code points; by day few of the planes of ideographs and those without characters. */
function* codePoints(): Generator<number> {
  for (let code = 0; code <= 0x10ffff; code += code >= 0x20000 && code < 0xdff00 ? sweep(1, 61) : 1)
    yield code;
}

describe('every code point', () => {
  test('text: shown as an escape if it cannot be seen, as itself otherwise', () => {
    const wrong: string[] = [];
    for (const code of codePoints()) {
      const shown = escapeText(`a${String.fromCodePoint(code)}b`);
      const hidden = isUnsafe(code);
      // Numbers of Arabic and other scripts are visible format characters: an escape does them no harm.
      if (!hidden && /\p{Cf}/u.test(String.fromCodePoint(code))) continue;
      if (shown !== (hidden ? `a\\u{${code.toString(16)}}b` : `a${String.fromCodePoint(code)}b`))
        wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
  });

  test('JSON: the same value, and nothing unseen in its text', () => {
    let all = '';
    for (const code of codePoints()) all += String.fromCodePoint(code);
    const text = [...jsonChunks({ [all.slice(0, 0x3000)]: all }, 0)].join('').slice(0, -1);
    const [[key, value] = []] = Object.entries(JSON.parse(text) as Record<string, string>);
    expect(key === all.slice(0, 0x3000) && value === all).toBe(true);
    expect([...text].filter((char) => isUnsafe(char.codePointAt(0) ?? 0))).toEqual([]);
  });
});

describe('commands of CI runners', () => {
  test.each([
    ['::error::x', '\\u{3a}:error::x'],
    ['  ::set-env name=A::b', '  \\u{3a}:set-env name=A::b'],
    ['a ##[error]x', 'a #\\u{23}[error]x'],
    ['##vso[task.setvariable]x', '#\\u{23}vso[task.setvariable]x'],
    ['###[group]', '##\\u{23}[group]'],
    ['std::vector ## a', 'std::vector ## a'],
    ['a: b', 'a: b'],
  ])('%s', (text, shown) => {
    expect(escapeText(text)).toBe(shown);
    const json = escapeJson(JSON.stringify(text));
    expect(JSON.parse(json)).toBe(text);
    expect(json).not.toMatch(/##(vso)?\[/);
  });
});

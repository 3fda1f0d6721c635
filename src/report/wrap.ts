/** Lines broken at words, for a terminal of a given width. */

/** Escapes that colour text take no room. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with ESC.
const ESCAPES = /\u001b\[[0-9;]*m/g;
const NARROWEST = 40;
const HANGING = 2;

function room(text: string): number {
  return [...text.replace(ESCAPES, '')].length;
}

/**
 * Breaks lines that are longer than the width; what follows is indented two more than the line itself. A word that is
 * longer than the line stays whole, and below 40 columns nothing is broken.
 *
 * @param width columns; undefined for no limit
 */
export function* wrapped(lines: Iterable<string>, width: number | undefined): Generator<string> {
  for (const line of lines) {
    if (width === undefined || width < NARROWEST || room(line) <= width) yield line;
    else yield* pieces(line, width);
  }
}

function* pieces(line: string, width: number): Generator<string> {
  const indent = Math.min(/^ */.exec(line)?.[0].length ?? 0, Math.floor(width / 2));
  const hanging = ' '.repeat(indent + HANGING);
  // Of several spaces, which align columns, all stay where the line is not broken.
  const words = line.slice(/^ */.exec(line)?.[0].length ?? 0).split(/(?<=\S)(?= )/);
  let open = ' '.repeat(indent);
  let used = indent;
  let empty = true;
  for (const word of words) {
    const length = room(word);
    if (!empty && used + length > width) {
      yield open.trimEnd();
      const own = word.trimStart();
      open = hanging + own;
      used = indent + HANGING + room(own);
    } else {
      open += word;
      used += length;
    }
    empty = false;
  }
  yield open;
}

/** Breaks a text at its spaces; a word that is longer than the line stays whole. */
export function* wrappedText(indent: string, text: string, width: number): Generator<string> {
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      yield indent + line;
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  yield indent + line;
}

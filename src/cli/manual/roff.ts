/** Text as roff source for the man macros. */

/** Columns of a source line; mandoc's lint remarks on longer ones. */
const WIDTH = 78;

/** Text in which no character has a meaning for roff. Hyphens are ASCII ones, so that commands can be pasted. */
export function roffText(text: string): string {
  const plain = text
    .replaceAll('\\', '\\(rs')
    .replaceAll('-', '\\-')
    .replaceAll('…', '...')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('`', '\\(ga');
  return plain.startsWith('.') ? `\\&${plain}` : plain;
}

/** A paragraph, as lines that are short enough. */
export function roffLines(text: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of roffText(text).split(' ')) {
    if (line !== '' && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = '';
    }
    // Only at the start of a line is a full stop a request.
    line = line === '' ? (word.startsWith('.') ? `\\&${word}` : word) : `${line} ${word}`;
  }
  return [...lines, line].filter((each) => each !== '');
}

/** A tagged paragraph. */
export function roffItem(tag: string, text: string): readonly string[] {
  return ['.TP', tag, ...(text === '' ? ['\\&'] : roffLines(text))];
}

/** A line as it is, in bold. */
export function roffBold(text: string): string {
  return `\\fB${roffText(text)}\\fP`;
}

/** What a user replaces, in italics. */
export function roffItalic(text: string): string {
  return `\\fI${roffText(text)}\\fP`;
}

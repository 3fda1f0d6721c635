/** The string literals of a TypeScript source: enough of a lexer to skip comments, regular expressions and code. */

/** A literal without its quotes; code in a template is replaced by an ellipsis. */
export interface Literal {
  readonly line: number;
  readonly text: string;
}

const REGEX_AFTER = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|case|typeof))$/;

export function literals(source: string): Literal[] {
  const found: Literal[] = [];
  /** Open templates: their text so far, their line, and the braces open in their code. */
  const open: { text: string; line: number; braces: number }[] = [];
  let line = 1;
  let code = '';
  for (let i = 0; i < source.length; i++) {
    const char = source[i] ?? '';
    const template = open.at(-1);
    if (char === '\n') line++;
    if (template !== undefined && template.braces === 0) {
      if (char === '`') found.push({ line: template.line, text: template.text });
      if (char === '`') open.pop();
      else if (source.startsWith('${', i)) template.braces = 1;
      else template.text += char;
      if (template.braces === 1) template.text += '…';
      if (template.braces === 1 || char === '\\') i++;
      code = '`';
    } else if (source.startsWith('//', i)) i = until(source, '\n', i) - 1;
    else if (source.startsWith('/*', i)) {
      const end = until(source, '*/', i) + 1;
      line += source.slice(i, end).split('\n').length - 1;
      i = end;
    } else if (char === "'" || char === '"') {
      const start = i + 1;
      for (i = start; i < source.length && source[i] !== char; i++) if (source[i] === '\\') i++;
      found.push({ line, text: source.slice(start, i).replaceAll("\\'", "'") });
      code = char;
    } else if (char === '`') open.push({ text: '', line, braces: 0 });
    else if (char === '/' && REGEX_AFTER.test(code)) {
      let inClass = false;
      for (i++; i < source.length && (inClass || source[i] !== '/') && source[i] !== '\n'; i++) {
        if (source[i] === '[') inClass = true;
        else if (source[i] === ']') inClass = false;
        else if (source[i] === '\\') i++;
      }
    } else {
      if (template !== undefined && char === '{') template.braces++;
      if (template !== undefined && char === '}') template.braces--;
      if (char.trim() !== '') code = (code + char).slice(-8);
    }
  }
  return found;
}

function until(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from);
  return at < 0 ? source.length : at;
}

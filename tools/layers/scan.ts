/** One place in a source file where another module is named. */
export interface Import {
  readonly specifier: string;
  /** Line, from 1. */
  readonly line: number;
}

/** What the layer rules look at in a source file. */
export interface Scan {
  readonly imports: readonly Import[];
  /** Uses of globals that only Node has. */
  readonly nodeGlobals: readonly { readonly name: string; readonly line: number }[];
}

const IMPORT =
  /\b(?:import|export)\b[^'"`;()=]*?\bfrom\s*(['"])([^'"\n]+)\1|\bimport\s*(?:\(\s*)?(['"])([^'"\n]+)\3/g;
const NODE_GLOBAL = /(?<![.\w$'"-])(Buffer|process|__dirname|__filename|setImmediate)\b(?=\s*[.(<,;)\]|[])/g;

/** Finds imports, re-exports, dynamic imports and Node globals in TypeScript source. */
export function scan(source: string): Scan {
  const code = blank(source, false);
  const imports = [...code.matchAll(IMPORT)].map((match) => ({
    specifier: match[2] ?? match[4] ?? '',
    line: lineOf(code, match.index + match[0].length),
  }));
  const bare = blank(source, true);
  const nodeGlobals = [...bare.matchAll(NODE_GLOBAL)].map((match) => ({
    name: match[1] ?? '',
    line: lineOf(bare, match.index),
  }));
  return { imports, nodeGlobals };
}

/** Replaces comments, and the insides of strings when asked, by blanks; lines stay where they are. */
export function blank(source: string, strings: boolean): string {
  const out: string[] = [];
  const hide = (text: string): void => {
    out.push(text.replaceAll(/[^\n]/g, ' '));
  };
  let at = 0;
  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const one = source.charAt(at);
    let end = at + 1;
    if (two === '//' || two === '/*') {
      const close = two === '//' ? source.indexOf('\n', at) : source.indexOf('*/', at) + 2;
      end = close < at + 2 ? source.length : close;
      hide(source.slice(at, end));
    } else if (one === "'" || one === '"' || one === '`') {
      end = endOfString(source, at);
      if (!strings) out.push(source.slice(at, end));
      else {
        out.push(one);
        hide(source.slice(at + 1, end));
      }
    } else out.push(one);
    at = end;
  }
  return out.join('');
}

/** A quote inside a regular expression looks like a string; the end of the line puts that right. */
function endOfString(source: string, start: number): number {
  const quote = source.charAt(start);
  for (let at = start + 1; at < source.length; at++) {
    const char = source.charAt(at);
    if (char === '\\') at++;
    else if (char === quote) return at + 1;
    else if (char === '\n' && quote !== '`') return at;
  }
  return source.length;
}

function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < index; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Text from a blob made safe to print, and names as text. */

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/**
 * Controls (C0, DEL, C1), all format characters (bidirectional controls, tags, zero widths), line and paragraph
 * separators, lone surrogates, and what Unicode has renderers show as nothing (Default_Ignorable_Code_Point: Hangul
 * fillers, variation selectors, the grapheme joiner, unassigned tags), with the braille blank, which looks like nothing.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const PRINTABLE_ASCII = /^[ !"$-9;-~]*$/;
/** What a CI runner takes for a command wherever it is in a line: `##[group]`, `##vso[task.setvariable]`. */
const RUNNER_INSIDE = /##(?=\[|[a-z]+\[)/gi;
/** What one takes for a command where a line begins with it, `::error::`, spaces before it not counted. */
const RUNNER_FIRST = /^(\s*):(?=:)/u;

/**
 * Replaces every character that could steer a terminal, reorder text or go unseen by a `\u{..}` escape, and one of
 * each mark by which runners of GitHub and Azure would take a line of the log for a command to them.
 */
export function escapeText(text: string): string {
  // Most of what is printed is a name.
  if (PRINTABLE_ASCII.test(text)) return text;
  return text
    .replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(RUNNER_INSIDE, '#\\u{23}')
    .replace(RUNNER_FIRST, '$1\\u{3a}');
}

/**
 * JSON text without the characters that {@link escapeText} replaces: in JSON they can be in strings only, where
 * `\uXXXX` means the same to every reader.
 *
 * @param json as JSON.stringify makes it, on one line
 */
export function escapeJson(json: string): string {
  if (PRINTABLE_ASCII.test(json)) return json;
  return json
    .replace(UNSAFE, (char) => {
      let escapes = '';
      for (let i = 0; i < char.length; i++)
        escapes += `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`;
      return escapes;
    })
    .replace(RUNNER_INSIDE, '#\\u0023');
}

/** Decodes UTF-8; bytes that are not UTF-8 become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length < 24) {
    let text = '';
    for (const byte of bytes) {
      if (byte >= 0x80) return decoder.decode(bytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decoder.decode(bytes);
}

/** Decodes UTF-8; undefined when the bytes are not valid UTF-8, so that the text alone would lose them. */
export function decodeExact(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text that came from a dump → HTML that cannot be anything else but that text. */
import { escapeText } from '../../schema/escape.js';
import { MARKS, roleOf } from './marks.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function entities(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Any text as HTML text or as the value of a quoted attribute; control characters and bidi marks as `\u{..}`. */
export function html(text: string): string {
  return entities(escapeText(text));
}

/**
 * A line of a text output that was painted with {@link marks}, as HTML with a span a role.
 *
 * @param line text whose dump-derived parts went through `escapeText`
 */
export function markedHtml(line: string): string {
  return entities(line).replace(MARKS, (_mark, role: string | undefined) =>
    role === undefined ? '</span>' : `<span class="${roleOf(role)}">`,
  );
}

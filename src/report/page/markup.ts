/** Text that came from a dump → HTML that cannot be anything else but that text. */
import { escapeText } from '../../schema/escape.js';
import type { Paint, Role } from '../paint.js';

const ROLES: readonly Role[] = [
  'node',
  'name',
  'address',
  'value',
  'text',
  'faint',
  'error',
  'warning',
  'note',
  'good',
];

/** Control characters mark roles: `escapeText` leaves none in text from a dump, so that none can be forged. */
const OPEN = '\u0001';
const CLOSE = '\u0002';
const FIRST_ROLE = 0x10;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the marks are control characters
const MARKS = /\u0001([\u0010-\u0019])|\u0002/g;

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

/** Paints for {@link markedHtml}: the text output's own lines, with roles that survive until they are HTML. */
export const marks: Paint = (role, text) =>
  `${OPEN}${String.fromCharCode(FIRST_ROLE + ROLES.indexOf(role))}${text}${CLOSE}`;

/**
 * A line of a text output that was painted with {@link marks}, as HTML with a span a role.
 *
 * @param line text whose dump-derived parts went through `escapeText`
 */
export function markedHtml(line: string): string {
  return entities(line).replace(MARKS, (_mark, role: string | undefined) =>
    role === undefined ? '</span>' : `<span class="${ROLES[role.charCodeAt(0) - FIRST_ROLE]}">`,
  );
}

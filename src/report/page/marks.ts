/** Roles in lines of text, as control characters until they become elements. */
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
export const MARKS = /\u0001([\u0010-\u0019])|\u0002/g;

/** Paints for lines that become elements: the text output's own lines, with roles that survive until they are HTML. */
export const marks: Paint = (role, text) =>
  `${OPEN}${String.fromCharCode(FIRST_ROLE + ROLES.indexOf(role))}${text}${CLOSE}`;

/** A part of a line, and its role. */
export interface MarkedPart {
  readonly text: string;
  readonly role?: Role;
}

/** The parts of a line that was painted with {@link marks}; roles within roles are not told apart. */
export function markedParts(line: string): MarkedPart[] {
  const parts: MarkedPart[] = [];
  let role: Role | undefined;
  let at = 0;
  const put = (end: number): void => {
    if (end > at) parts.push({ text: line.slice(at, end), ...(role === undefined ? {} : { role }) });
  };
  for (const match of line.matchAll(MARKS)) {
    put(match.index);
    at = match.index + match[0].length;
    role = roleOf(match[1]);
  }
  put(line.length);
  return parts;
}

/** The role of an opening mark's letter; undefined for a closing one. */
export function roleOf(letter: string | undefined): Role | undefined {
  return letter === undefined ? undefined : ROLES[letter.charCodeAt(0) - FIRST_ROLE];
}

/** One finding as plain lines, for the outputs that carry text. */
import type { Finding } from '../validate/rule.js';
import { foundText, placeText } from './validate-text.js';

/** Message, place, and what was found; not escaped for any format. */
export function* findingLines(finding: Finding): Generator<string> {
  const { severity, message, location, expected } = finding;
  yield `${severity}: ${message}`;
  const place = placeText(location);
  if (place !== '') yield `  at ${place}`;
  if (expected !== undefined) yield `  found ${foundText(finding)}, expected ${expected}`;
}

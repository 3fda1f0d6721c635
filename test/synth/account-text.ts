import type { Json } from '../rfc/json.js';
import { typedParts } from './accounts.js';

/** The typed parts of a JSON document as it is printed. */
export function accountOfText(text: string): Json {
  return typedParts(JSON.parse(text));
}

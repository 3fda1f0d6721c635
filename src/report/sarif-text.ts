/** Text and paths in the form that SARIF 2.1.0 wants. */
import { escapeText } from '../schema/escape.js';

/**
 * Text for `message.text`: control and bidirectional characters escaped, braces doubled (a placeholder
 * else, SARIF 2.1.0 section 3.11.5), and what would read as a link made plain (section 3.11.6).
 */
export function sarifText(text: string): string {
  return escapeText(text)
    .replace(/[{}]/g, '$&$&')
    .replace(/\[(?=[^\]]*\]\()/g, '\\[');
}

/** A path as a URI reference: relative ones stay relative, absolute ones become `file://` (RFC 3986, RFC 8089). */
export function pathUri(path: string): string {
  const uri = path
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .split('/')
    .map(encodeURIComponent)
    .join('/');
  return uri.startsWith('/') ? `file://${uri}` : uri;
}

/** The number as JSON can hold it exactly; undefined above 2^53 - 1. */
export function exactNumber(value: bigint | undefined): number | undefined {
  return value === undefined || value > BigInt(Number.MAX_SAFE_INTEGER) || value < 0n
    ? undefined
    : Number(value);
}

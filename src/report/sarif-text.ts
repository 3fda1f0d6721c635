/** Text and paths in the form that SARIF 2.1.0 requires. */
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

/** What readers in 32-bit integers take: Microsoft's SDK loses the whole file for a larger number. */
const MAX_SDK = 2n ** 31n - 1n;

/** The number where every reader takes it; undefined above 2^31 - 1. */
export function sdkNumber(value: bigint | undefined): number | undefined {
  return value === undefined || value > MAX_SDK || value < 0n ? undefined : Number(value);
}

const FNV_OFFSET = 0xcbf2_9ce4_8422_2325n;
const FNV_PRIME = 0x100_0000_01b3n;

/** A key as 16 hexadecimal digits (FNV-1a of its UTF-8 bytes, 64 bits), as `primaryLocationLineHash` has them. */
export function lineHash(key: string): string {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(key))
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & 0xffff_ffff_ffff_ffffn;
  return hash.toString(16).padStart(16, '0');
}

/** Names of a dump as identities. */
import { bytesToHex } from '../../schema/text.js';

/** The bytes before the first NUL: what the kernel compares. */
export function nameOf(stored: Uint8Array): Uint8Array {
  const nul = stored.indexOf(0);
  return nul < 0 ? stored : stored.subarray(0, nul);
}

/** A name as the key of a thing. */
export function nameKey(name: Uint8Array): string {
  return bytesToHex(name);
}

/** Names of a dump as identities. */
import { bytesToHex } from '../../schema/text.js';

export { beforeNul as nameOf } from '../../schema/text.js';

/** A name as the key of a thing. */
export function nameKey(name: Uint8Array): string {
  return bytesToHex(name);
}

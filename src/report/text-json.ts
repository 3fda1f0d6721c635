/** Text of a dump in JSON. */
import { beforeNul, bytesToHex, bytesToText } from '../schema/text.js';

/** Text of a dump: as text, and as hex beside it where the text does not tell all the bytes. */
export function textKeys(key: string, bytes: Uint8Array): { [key: string]: string } {
  const { text, exact } = bytesToText(bytes);
  return exact ? { [key]: text } : { [key]: text, [`${key}Bytes`]: bytesToHex(bytes) };
}

/** A name, without what lies after its NUL: for all but the model, which gives every byte back. */
export function nameKeys(key: string, name: Uint8Array): { [key: string]: string } {
  return textKeys(key, beforeNul(name));
}

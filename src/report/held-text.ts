/** Which file of LUO keeps memory, for people. */
import type { FolioHolder } from '../references/file-pages.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { hex } from '../schema/units.js';

const PAGE = 4096n;

/** What a file is of, its session and token, and a place in it: `vfio of "vm" token 0x11 at 0x3000`. */
export function holderText({ session, file, kind }: FolioHolder, page: number): string {
  const handler = kind.released === true ? kind.what : bytesToText(file.compatible).text;
  const name = escapeText(`${handler} of ${JSON.stringify(bytesToText(session.name).text)}`);
  return `${name} token ${hex(file.token)} at ${hex(BigInt(page) * PAGE)}`;
}

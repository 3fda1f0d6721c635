import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../fixtures', import.meta.url));

/** Those of which the bytes differ: captures of one system hold many blobs several times. */
export function distinctBlobs(): [string, Uint8Array][] {
  const seen = new Set<string>();
  return fixtureBlobs().filter(([, bytes]) => {
    const text = Buffer.from(bytes).toString('latin1');
    const known = seen.has(text);
    seen.add(text);
    return !known;
  });
}

/** Every file under fixtures/ that starts with the magic of a devicetree blob: [path from fixtures/, bytes]. */
export function fixtureBlobs(): [string, Uint8Array][] {
  const found: [string, Uint8Array][] = [];
  for (const name of readdirSync(ROOT, { recursive: true, encoding: 'utf8' })) {
    const path = join(ROOT, name);
    if (!statSync(path).isFile()) continue;
    const bytes = new Uint8Array(readFileSync(path));
    const magic = bytes.length >= 4 && new DataView(bytes.buffer).getUint32(0);
    if (magic === 0xd00dfeed) found.push([name, bytes]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The viewer's worker: a file in, the body of its page out. Nothing leaves the browser. */
import { openDump } from '../open.js';
import { dumpBody } from '../page.js';
import { givenFile, unpackEntry } from './blob-access.js';
import type { Ask, Reply } from './messages.js';

/** Larger files are not hashed: the browser can do so only with all of it in memory. */
const MAX_HASHED = 512 << 20;

async function hashOf(file: File): Promise<{ sha256?: string }> {
  if (file.size > MAX_HASHED || globalThis.crypto?.subtle === undefined) return {};
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return { sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}

async function answer({ file, version }: Ask): Promise<Reply> {
  try {
    const dump = await openDump(await givenFile(file), unpackEntry);
    const date = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    return {
      body: dumpBody(dump, { name: file.name, version, date, bytes: file.size, ...(await hashOf(file)) }),
    };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

self.addEventListener('message', async ({ data }: MessageEvent<Ask>) => {
  self.postMessage(await answer(data));
});

/** The viewer's worker: a file in, the body of its page out. Nothing leaves the browser. */
import type { LoadedDump } from '../../cli/load.js';
import { memoryDump, openDump, openFiles } from '../open.js';
import { dumpBody } from '../page.js';
import { isRegset, type Regset, vtdOf } from '../settings.js';
import { givenFile, unpackEntry } from './blob-access.js';
import type { Ask, DroppedFile, Reply } from './messages.js';

/** Larger files are not hashed: the browser can do so only with all of it in memory. */
const MAX_HASHED = 512 << 20;

async function hashOf(file: File): Promise<{ sha256?: string }> {
  if (file.size > MAX_HASHED || globalThis.crypto?.subtle === undefined) return {};
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return { sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}

/** Texts of registers are small. */
const MAX_REGSET = 1 << 20;

async function regsetOf({ path, file }: DroppedFile): Promise<Regset | undefined> {
  if (file.size === 0 || file.size > MAX_REGSET) return undefined;
  const text = await file.text();
  return isRegset(text) ? { name: path, text } : undefined;
}

/** Opens what was dropped; with units memory is enough. */
async function opened(files: readonly DroppedFile[], withUnits: boolean): Promise<LoadedDump> {
  const given = await Promise.all(files.map(({ path, file }) => givenFile(file, path)));
  const [first, second] = given;
  if (first === undefined) throw new Error('there is no dump among the files');
  try {
    return second === undefined && !first.name.includes('/')
      ? await openDump(first, unpackEntry)
      : await openFiles(given, unpackEntry);
  } catch (error) {
    const memory = withUnits && second === undefined ? memoryDump(first) : undefined;
    if (memory === undefined) throw error;
    return memory;
  }
}

async function answer({ files, fields, version }: Ask): Promise<Reply> {
  try {
    const dumps: DroppedFile[] = [];
    let regset: Regset | undefined;
    for (const each of files) {
      const own = await regsetOf(each);
      if (own === undefined) dumps.push(each);
      else if (regset === undefined) regset = own;
      else throw new Error(`${regset.name} and ${own.name} both show registers: one of them is enough`);
    }
    const asked = vtdOf(fields, regset);
    const dump = await opened(dumps, asked.vtd.units.length > 0);
    const date = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const [only, more] = dumps;
    const name =
      dumps.map(({ path }) => path).find((path) => !path.includes('/')) ?? only?.path.split('/')[0];
    const bytes = dumps.reduce((sum, { file }) => sum + file.size, 0);
    const hash = only === undefined || more !== undefined ? {} : await hashOf(only.file);
    return { body: dumpBody(dump, { name: name ?? 'dump', version, date, bytes, ...hash }, asked) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

self.addEventListener('message', async ({ data }: MessageEvent<Ask>) => {
  self.postMessage(await answer(data));
});

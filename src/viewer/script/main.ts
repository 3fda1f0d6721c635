/** The viewer: a dump is dropped, a worker reads it, and its page takes the place of this one. */

import { byId, make } from '../../report/page/script/dom.js';
import { start } from '../../report/page/script/start.js';
import { escapeText } from '../../schema/escape.js';
import type { Fields } from '../settings.js';
import type { Ask, DroppedFile, Reply } from './messages.js';

declare const WORKER_SOURCE: string;
declare const VERSION: string;

let worker: Worker | undefined;

function say(text: string, isError = false): void {
  const status = byId('viewer-status');
  if (status === undefined) return;
  status.textContent = escapeText(text);
  status.className = isError ? 'error' : 'faint';
}

function fields(): Fields {
  const value = (name: string): string =>
    byId<HTMLInputElement | HTMLSelectElement>(`viewer-${name}`)?.value.trim() ?? '';
  return {
    root: value('root'),
    device: value('device'),
    cap: value('cap'),
    ecap: value('ecap'),
    haw: value('haw'),
    rev: value('rev'),
  };
}

function read(files: readonly DroppedFile[]): void {
  const [first] = files;
  if (first === undefined) return;
  worker?.terminate();
  const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
  const own = new Worker(url);
  worker = own;
  const name = files.length === 1 ? first.path : `${first.path} and ${files.length - 1} more`;
  say(`reading ${name} …`);
  own.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    own.terminate();
    URL.revokeObjectURL(url);
    if ('error' in data) say(data.error, true);
    else showPage(name, data.body);
  });
  own.addEventListener('error', (event) => say(`${name}: ${event.message}`, true));
  own.postMessage({ files, fields: fields(), version: VERSION } satisfies Ask);
}

/** The body was written by the same generator as a report's, whose gate all text of the dump has passed. */
function showPage(name: string, body: string): void {
  const parsed = new DOMParser().parseFromString(body, 'text/html');
  location.hash = '';
  document.title = `${escapeText(name)} - kho viewer`;
  document.body.replaceChildren(...parsed.body.childNodes);
  const again = make('button', 'Open another dump', { type: 'button', id: 'viewer-again' });
  again.addEventListener('click', () => location.reload());
  document.querySelector('header')?.append(again);
  start();
}

/** Files that are read at most: a folder of debugfs has few. */
const MAX_FILES = 4096;

/** The files of what was dropped, folders with all that is in them. */
async function droppedFiles(transfer: DataTransfer): Promise<DroppedFile[]> {
  // What is dropped can be asked for only until the event returns.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files].map((file) => ({ path: file.name, file }));
  if (!entries.some((entry) => entry?.isDirectory === true)) return plain;
  const found: DroppedFile[] = [];
  const open = entries.filter((entry) => entry !== null);
  for (let entry = open.pop(); entry !== undefined && found.length < MAX_FILES; entry = open.pop()) {
    if (entry.isDirectory) {
      const reader = (entry as FileSystemDirectoryEntry).createReader();
      for (;;) {
        const part = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
        if (part.length === 0) break;
        open.push(...part);
      }
    } else {
      const own = entry as FileSystemFileEntry;
      const file = await new Promise<File>((done, fail) => own.file(done, fail));
      found.push({ path: entry.fullPath.replace(/^\//, ''), file });
    }
  }
  return found;
}

for (const id of ['viewer-file', 'viewer-folder']) {
  const input = byId<HTMLInputElement>(id);
  input?.addEventListener('change', () =>
    read([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }))),
  );
}
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  const { dataTransfer } = event;
  if (dataTransfer === null) return;
  droppedFiles(dataTransfer).then(read, (error: unknown) => say(String(error), true));
});

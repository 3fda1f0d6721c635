/** The viewer: a dump is dropped, a worker reads it, and its page takes the place of this one. */

import { byId, make } from '../../report/page/script/dom.js';
import { start } from '../../report/page/script/start.js';
import { escapeText } from '../../schema/escape.js';
import type { Ask, Reply } from './messages.js';

declare const WORKER_SOURCE: string;
declare const VERSION: string;

let worker: Worker | undefined;

function say(text: string, isError = false): void {
  const status = byId('viewer-status');
  if (status === undefined) return;
  status.textContent = escapeText(text);
  status.className = isError ? 'error' : 'faint';
}

function read(file: File): void {
  worker?.terminate();
  const url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: 'text/javascript' }));
  const own = new Worker(url);
  worker = own;
  say(`reading ${file.name} …`);
  own.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
    own.terminate();
    URL.revokeObjectURL(url);
    if ('error' in data) say(data.error, true);
    else showPage(file.name, data.body);
  });
  own.addEventListener('error', (event) => say(`${file.name}: ${event.message}`, true));
  own.postMessage({ file, version: VERSION } satisfies Ask);
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

const input = byId<HTMLInputElement>('viewer-file');
input?.addEventListener('change', () => {
  const [file] = input.files ?? [];
  if (file !== undefined) read(file);
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (file !== undefined) read(file);
});

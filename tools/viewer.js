/** Build time, after tsc: dist/viewer.html, one file that reads a dump in a worker and shows its page. */
import { readFileSync, writeFileSync } from 'node:fs';
import { bundled, policyHash, style } from './page.js';

const viewer = new URL('../src/viewer/script/', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const worker = await bundled(new URL('worker.ts', viewer));
const script = await bundled(new URL('main.ts', viewer), {
  WORKER_SOURCE: JSON.stringify(worker).replaceAll('<', '\\u003c'),
  VERSION: JSON.stringify(version),
});
const css = style();

const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${policyHash(css)}'; script-src 'sha256-${policyHash(script)}'; worker-src blob:"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>kho viewer</title>
<style>${css}</style>
</head>
<body>
<header><h1>kho viewer</h1></header>
<main id="main">
<p>Drop a dump here: a devicetree blob, an ELF or kdump core, or a tar archive of /sys/kernel/debug/kho, also packed with gzip or zstd.</p>
<p><label for="viewer-file">Or choose a file</label> <input type="file" id="viewer-file"/></p>
<p id="viewer-status" class="faint" role="status">It is read in this browser and sent nowhere.</p>
<noscript><p class="error">The viewer needs scripts; kho report makes a page that does not.</p></noscript>
</main>
<script>${script}</script>
</body>
</html>
`;
writeFileSync(new URL('../dist/viewer.html', import.meta.url), page);

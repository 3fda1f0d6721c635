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
<p>Drop a dump here: a devicetree blob, an ELF or kdump core, a folder or tar archive of /sys/kernel/debug/kho, also packed with gzip or zstd; a blob together with the core that has its memory; an iommu_regset beside any of them.</p>
<p><label for="viewer-file">Or choose files</label> <input type="file" id="viewer-file" multiple="multiple"/></p>
<p><label for="viewer-folder">Or a folder</label> <input type="file" id="viewer-folder" webkitdirectory="webkitdirectory"/></p>
<details id="viewer-settings"><summary>VT-d registers, where no iommu_regset shows them</summary>
<dl class="facts">
${[
  ['root', 'RTADDR_REG, mode bits included', '0x1b2d000'],
  ['device', 'only device', '00:03.0'],
  ['cap', 'CAP_REG', 'all capabilities'],
  ['ecap', 'ECAP_REG', 'all capabilities'],
  ['haw', 'host address width', '52'],
]
  .map(
    ([id, label, hint]) =>
      `<div><dt><label for="viewer-${id}">${label}</label></dt><dd><input id="viewer-${id}" autocomplete="off" spellcheck="false" placeholder="${hint}"/></dd></div>`,
  )
  .join('\n')}
<div><dt><label for="viewer-rev">specification</label></dt><dd><select id="viewer-rev"><option value="">revision 5</option><option value="3">revision 3 or 4</option><option value="2">revision 2</option></select></dd></div>
</dl></details>
<p id="viewer-status" class="faint" role="status">It is read in this browser and sent nowhere.</p>
<noscript><p class="error">The viewer needs scripts; kho report makes a page that does not.</p></noscript>
</main>
<script>${script}</script>
</body>
</html>
`;
writeFileSync(new URL('../dist/viewer.html', import.meta.url), page);

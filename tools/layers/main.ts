import { checkLayers } from './check.js';

const { files, imports, violations } = checkLayers(process.cwd());
for (const { file, line, message } of violations) console.log(`${file}:${line}: ${message}`);
if (violations.length === 0) console.log(`layers: ${files} files, ${imports} imports, no violations`);
else process.exitCode = 1;

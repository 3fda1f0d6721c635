/** `npm run study`: prints the table, or writes it with `-o FILE`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { studyDumps, unitDumps } from './dumps.js';
import { studyLines } from './report.js';
import { runStudy } from './study.js';

const { values } = parseArgs({
  options: {
    each: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string', short: 'o' },
    missed: { type: 'boolean', default: false },
  },
});
const each = Number(values.each);
const seed = Number(values.seed);
if (!Number.isSafeInteger(each) || each < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('usage: npm run study -- [--each N] [--seed N] [--missed] [-o FILE]\n');
  process.exitCode = 2;
} else {
  const fixtures = fileURLToPath(new URL('../../fixtures', import.meta.url));
  // Those with a tree first, so that a seed corrupts them alike whatever comes after.
  const dumps = [...studyDumps(fixtures), ...unitDumps(fixtures)];
  const lines = studyLines(runStudy(dumps, each, seed), {
    each,
    seed,
    dumps: dumps.length,
    missed: values.missed,
  });
  const text = `${[...lines].join('\n')}\n`;
  if (values.output === undefined) process.stdout.write(text);
  else writeFileSync(values.output, text);
}

/**
 * `npm run coverage-fuzz -- [SECONDS] [fdt|records]...`: runs the readers on inputs that coverage leads, starts from
 * the corpus beside this file, and writes back what of it is needed. Exits with 1 when an input fails.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCoverage } from './coverage.js';
import { fdtSubject } from './fdt.js';
import { minimised, runLoop, type Subject } from './loop.js';
import { recordsSubject } from './records.js';

const FOLDER = join(process.cwd(), 'tools', 'coverage-fuzz', 'corpus');
const OUR_CODE = '/build/src/';
/** A corpus in the repository stays small: what reaches little costs as much as what reaches much. */
const MAX_CORPUS = 8192;

const [seconds = '60', ...names] = process.argv.slice(2);
const subjects: readonly (() => Subject)[] = [fdtSubject, recordsSubject];
for (const make of subjects) {
  const subject = make();
  if (names.length > 0 && !names.includes(subject.name)) continue;
  const path = join(FOLDER, `${subject.name}.txt`);
  const known = existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
  const coverage = startCoverage(OUR_CODE);
  const { runs, blocks, corpus, failures } = runLoop(
    subject,
    coverage,
    known,
    Number(seconds),
    BigInt(Date.now()),
  );
  coverage.stop();
  const kept = minimised(subject, () => startCoverage(OUR_CODE), corpus);
  let size = 0;
  const fitting = kept.filter((line) => {
    size += line.length + 1;
    return size <= MAX_CORPUS;
  });
  writeFileSync(path, fitting.map((line) => `${line}\n`).join(''));
  process.stdout.write(
    `${subject.name}: ${runs} runs, ${blocks} blocks of code reached, corpus ${corpus.length} -> ${fitting.length} inputs, ${failures.length} failures\n`,
  );
  for (const { input, message } of failures) process.stdout.write(`  ${message}: ${input.slice(0, 400)}\n`);
  if (failures.length > 0) process.exitCode = 1;
}

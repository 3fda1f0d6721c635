/**
 * `npm run e2e`: builds a kernel, lets it hand over to itself under QEMU, and compares what kho says with what the guest
 * did and with the machine's memory; then the same with faulty kernels, whose fault must be found. Needs, beside Node:
 * make, gcc, flex, bison, bc, libelf-dev, patch, cpio, xz, e2fsprogs, qemu-system-x86_64, and apt-get where the source is
 * fetched.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readAccount } from './account.js';
import { findingOf } from './faults.js';
import { judge, khoOf } from './judge.js';
import {
  build,
  buildPatched,
  configure,
  fetchSource,
  installHeaders,
  type Kernel,
  treeOf,
  unpack,
} from './kernel.js';
import { type Options, readOptions, USAGE } from './options.js';
import { check, must, say, step } from './run.js';
import { play, type Scenario } from './scenario.js';
import { checkCaptures, checkHandover } from './verify.js';

const top = fileURLToPath(new URL('../../..', import.meta.url));
const here = join(top, 'tools/e2e');

async function makeTree(options: Options) {
  const { work, kernel, source } = options;
  if (kernel !== undefined) return treeOf(kernel);
  const tarball =
    source === undefined
      ? await step('source fetched', () => fetchSource(work, options.package, options.suite))
      : resolve(source);
  const tree = await step('source unpacked', () => unpack(work, tarball));
  await configure(tree, join(here, 'kernel.config'));
  return tree;
}

async function healthy(
  kernel: Kernel,
  scenario: Omit<Scenario, 'kernel' | 'folder' | 'captures'>,
  work: string,
) {
  say(`healthy kernel: Linux ${kernel.release}`);
  const folder = join(work, 'healthy');
  const outcome = await step('  machine', () => play({ ...scenario, kernel, folder, captures: true }));
  const account = readAccount(outcome.console);
  const lost = [...account.restored].filter(([, result]) => result !== 'ok');
  check(
    lost.length === 0,
    `the next kernel did not get back: ${lost.map((each) => each.join(' ')).join(', ')}`,
  );
  const kho = khoOf(scenario.kho);
  await step('  handover checked', () => checkHandover(kho, outcome, account));
  await step('  captures checked', () => checkCaptures(kho, outcome, kernel.release));
}

async function faulty(
  kernel: Kernel,
  {
    fault,
    scenario,
    work,
  }: {
    fault: Options['faults'][number];
    scenario: Omit<Scenario, 'kernel' | 'folder' | 'captures'>;
    work: string;
  },
) {
  const folder = join(work, fault.name);
  const outcome = await step('  machine', () => play({ ...scenario, kernel, folder, captures: false }));
  const judged = await judge(khoOf(scenario.kho), outcome.handover, join(folder, 'handover'));
  check(
    judged.verdict === 'invalid' && judged.status === 1,
    `${fault.name}: ${judged.verdict}: a fault was not seen`,
  );
  const found = findingOf(fault, judged.findings);
  check(found !== undefined, `${fault.name}: no ${fault.rule} ${fault.message}\n${judged.text}`);
  say(`  ${found.rule}: ${found.message}`);
  const account = readAccount(outcome.console);
  check(fault.lost(account, outcome.console), `${fault.name}: the next kernel did not stumble`);
  for (const [file, result] of account.restored)
    if (result !== 'ok') say(`  the next kernel: ${file}: ${result}`);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  const { work, jobs } = options;
  mkdirSync(work, { recursive: true });
  say((await must('qemu-system-x86_64', ['--version'])).split('\n')[0] ?? '');
  const tree = await makeTree(options);
  const kernels = join(work, 'kernels');
  const kernel = await step('kernel built', () => build(tree, join(kernels, 'healthy'), jobs));
  const headers = await step('headers installed', () => installHeaders(tree, join(work, 'headers')));
  const scenario = {
    init: join(here, 'init.c'),
    headers,
    kho: join(top, 'dist/kho.mjs'),
    memory: options.memory,
    timeout: options.timeout,
  };
  const first = options.skipHealthy ? [] : ['healthy'];
  for (const name of [...first, ...options.faults.map((fault) => fault.name)])
    rmSync(join(work, name), { recursive: true, force: true });
  if (!options.skipHealthy) await healthy(kernel, scenario, work);
  for (const fault of options.faults) {
    const patch = join(here, 'faults', `${fault.name}.patch`);
    say(`faulty kernel: ${fault.name}: ${fault.why}`);
    const built = await step('  kernel built', () =>
      buildPatched(tree, patch, join(kernels, fault.name), jobs),
    );
    await faulty(built, { fault, scenario, work });
  }
  // A build folder that was given must not keep a faulty image.
  if (options.faults.length > 0)
    await step('healthy kernel built again', () => build(tree, join(kernels, 'healthy'), jobs));
  const valid = options.skipHealthy ? '' : 'the healthy kernel is valid, and ';
  say(`${valid}the fault of ${options.faults.length} faulty ones has been found`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`e2e: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

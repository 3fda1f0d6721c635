/** What must hold for the healthy kernel: its handover, and what kho captured in the guest. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Account, compareAccount } from './account.js';
import {
  differences,
  expectCanary,
  expectRefusals,
  expectStatus,
  hasCore,
  type Manifest,
  manifestOf,
  modelOf,
  ranInGuest,
  refuseCanary,
} from './captures.js';
import { judge, type Kho } from './judge.js';
import { check, say } from './run.js';
import type { Mark, Outcome } from './scenario.js';

/** The dump at start_kernel(): valid, all formats agree, the model is what init did, and a trim changes nothing. */
export async function checkHandover(kho: Kho, { handover }: Outcome, account: Account): Promise<void> {
  const judged = await judge(kho, handover, handover.replace(/\.elf$/, ''));
  check(judged.verdict === 'valid', `${handover}: ${judged.verdict}\n${judged.text}`);
  const { run, passed } = judged.rules;
  say(`  valid: ${run} rules run, ${passed} passed; SARIF, KTAP, JUnit, JSON and the exit status agree`);
  const model = await modelOf(kho, handover);
  compareAccount(account, model, 'handover');
  expectCanary(handover);
  const small = join(dirname(handover), 'small');
  mkdirSync(small, { recursive: true });
  const trimmed = join(small, 'handover.elf');
  const { status, stderr } = await kho('trim', handover, '-o', trimmed);
  check(status === 0, `kho trim: exit status ${status}\n${stderr}`);
  refuseCanary(small);
  const again = await judge(kho, trimmed, join(small, 'handover'));
  check(again.verdict === 'valid', `trimmed: ${again.verdict}\n${again.text}`);
}

/** Captures with all of debugfs and the kernel's memory, by the mark at which the machine's memory was saved. */
const WHOLE: readonly (readonly [string, Mark])[] = [
  ['loaded', 'loaded'],
  ['fresh', 'fresh'],
  ['taken', 'taken'],
];

/** All that was captured. */
export async function checkCaptures(kho: Kho, { out, at }: Outcome, release: string): Promise<void> {
  refuseCanary(out);
  for (const name of ['open', 'loaded', 'fresh', 'core', 'live', 'taken', 'integrity', 'confidentiality'])
    expectStatus(out, name, 0);
  for (const name of ['open', 'loaded', 'fresh', 'taken', 'integrity', 'confidentiality'])
    checkManifest(manifestOf(out, name), name, release);
  for (const name of ['open', 'loaded', 'fresh', 'taken', 'integrity']) {
    expectRefusals(manifestOf(out, name), name, []);
    check(hasCore(out, name), `${name}: no memory.elf`);
  }
  checkConfidential(out);
  for (const [name, mark] of WHOLE) {
    const manifest = manifestOf(out, name);
    const directions = manifest.trees.map(({ direction }) => direction).sort();
    const expected = name === 'loaded' ? 'outgoing' : 'incoming,outgoing';
    check(directions.join() === expected, `${name}: trees ${directions.join()}, not ${expected}`);
    await compareWithMachine(kho, { capture: join(out, name), manifest, machine: at[mark] });
    if (name === 'fresh')
      await compareWithMachine(kho, { capture: join(out, 'core.elf'), manifest, machine: at[mark] });
  }
  checkLive(out);
}

function checkManifest({ release, config, lockdown }: Manifest, name: string, expected: string): void {
  check(release === expected, `${name}: release ${release}, not ${expected}`);
  check(config.from === '/proc/config.gz', `${name}: configuration from ${config.from}`);
  check(config.lines.includes('CONFIG_KEXEC_HANDOVER=y'), `${name}: the configuration has no KEXEC_HANDOVER`);
  const locked = ['integrity', 'confidentiality'].includes(name) ? name : 'none';
  check(lockdown === locked, `${name}: lockdown ${lockdown}, not ${locked}`);
}

/** Under lockdown=confidentiality the kernel's memory is closed; debugfs is not, as its files are read only. */
function checkConfidential(out: string): void {
  expectRefusals(manifestOf(out, 'confidentiality'), 'confidentiality', [
    ['/proc/kcore', /EPERM.*locked down \(confidentiality\)/],
    ['/dev/mem', /EPERM.*locked down \(confidentiality\)/],
  ]);
  check(!hasCore(out, 'confidentiality'), 'confidentiality: memory.elf is there');
  check(
    /locked down/.test(expectStatus(out, 'confidentiality-core', 2)),
    'confidentiality: a core without why',
  );
  // The trees alone, which are valid as far as they go; it must tell that the memory is missing.
  check(
    /kcore: not captured.*locked down/.test(expectStatus(out, 'confidentiality-live', 0)),
    'live: without why',
  );
  check(/debugfs/.test(expectStatus(out, 'nothing', 2)), 'nothing: what to mount is not said');
}

/** The trees that the manifest names have the same model in the capture and in the memory of the machine. */
async function compareWithMachine(
  kho: Kho,
  { capture, manifest, machine }: { capture: string; manifest: Manifest; machine: string },
): Promise<void> {
  expectCanary(machine);
  for (const { direction, address } of manifest.trees) {
    check(address !== undefined, `${capture}: the ${direction} tree is not from memory`);
    const captured = await modelOf(kho, capture, '--tree', direction);
    const saved = await modelOf(kho, machine, '--fdt-addr', address);
    const keys = differences(captured, saved);
    check(keys.length === 0, `${capture}: ${direction}: capture and machine differ in ${keys.join(', ')}`);
    say(`  ${capture}: the ${direction} tree at ${address} is as in the machine`);
  }
}

function checkLive(out: string): void {
  const { stdout } = ranInGuest(out, 'live');
  const { dumps } = JSON.parse(stdout);
  check(dumps.length > 0, 'live: no dump');
  for (const { path, findings } of dumps) {
    const errors = findings.filter((each: { severity: string }) => each.severity === 'error');
    check(errors.length === 0, `live: ${path}: ${JSON.stringify(errors)}`);
  }
}

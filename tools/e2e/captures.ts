/** What `kho capture` brought out of the guest, against the memory of the machine as QEMU saved it at the same moment. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from './account.js';
import type { Kho } from './judge.js';
import { check } from './run.js';

/** Must be in no capture; init has it in memfds, in a process, in the environment, and on the command line. */
export const CANARY = 'CANARY-4f1d';

export interface Manifest {
  readonly release: string;
  readonly lockdown?: string;
  readonly config: { readonly from?: string; readonly lines: readonly string[] };
  readonly trees: readonly { readonly direction: string; readonly address?: string; readonly from: string }[];
  readonly refused: readonly { readonly path: string; readonly code: string; readonly why: string }[];
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Reads what a command of the guest printed: its status, and its streams. */
export function ranInGuest(out: string, name: string): { status: number; stdout: string; stderr: string } {
  const text = (stream: string) => readFileSync(join(out, `${name}.${stream}`), 'utf8');
  return { status: Number(text('status')), stdout: text('stdout'), stderr: text('stderr') };
}

/** @throws Error when the command of the guest did not end with `status` */
export function expectStatus(out: string, name: string, status: number): string {
  const ran = ranInGuest(out, name);
  check(
    ran.status === status,
    `${name}: exit status ${ran.status}, not ${status}\n${ran.stderr}${ran.stdout}`,
  );
  return `${ran.stderr}${ran.stdout}`;
}

export function manifestOf(out: string, name: string): Manifest {
  return JSON.parse(readFileSync(join(out, name, 'manifest.json'), 'utf8'));
}

/** @throws Error when a file below `folder` has the canary, or when there is no file */
export function refuseCanary(folder: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  check(files.length > 0, `${folder}: is empty`);
  for (const { parentPath, name } of files)
    check(
      !readFileSync(join(parentPath, name)).includes(CANARY),
      `${join(parentPath, name)}: has memory of the guest`,
    );
}

/** @throws Error when a dump of all memory does not have the canary: then its absence elsewhere would show nothing */
export function expectCanary(dump: string): void {
  const bytes = readFileSync(dump);
  for (const place of [`${CANARY}-ram-7`, `${CANARY}-process`, `${CANARY}-cmdline`])
    check(bytes.includes(place), `${dump}: does not have ${place}`);
}

/** The model of one tree. */
export async function modelOf(kho: Kho, dump: string, ...choice: readonly string[]): Promise<Model> {
  const { status, stdout, stderr } = await kho('dump', dump, ...choice, '--format', 'json');
  check(status === 0, `kho dump ${dump} ${choice.join(' ')}: exit status ${status}\n${stderr}`);
  return JSON.parse(stdout);
}

/**
 * Compares the model of a capture with that of all memory, key by key.
 *
 * @returns the keys that differ, but not what only one of the two can know: the checksum of the folios of kho_test, which
 *   are not captured; scratch, which debugfs shows; by which mark a tree is known to be taken over; and which of the copies
 *   of boot_params leads to it
 */
export function differences(captured: Model, machine: Model): string[] {
  const codes = ({ diagnostics }: Model) =>
    diagnostics.map(({ code }) => code).filter((code) => !code.startsWith('debugfs-'));
  const text = (model: Model, key: string) =>
    JSON.stringify(
      key === 'diagnostics' ? codes(model) : Object.entries(model).find(([name]) => name === key)?.[1],
      (name, value) => (name === 'csumComputed' || name === 'bootParams' ? undefined : value),
    );
  return [...new Set([...Object.keys(captured), ...Object.keys(machine)])].filter(
    (key) => text(captured, key) !== text(machine, key) && !(key === 'scratch' && !('scratch' in machine)),
  );
}

/** @throws Error when the manifest does not tell this refusal, or tells another one */
export function expectRefusals(
  manifest: Manifest,
  what: string,
  expected: readonly (readonly [string, RegExp])[],
): void {
  // Memory that has been freed and reused is not taken, whenever it has been.
  const text = manifest.refused
    .filter(({ code }) => code !== 'FREED')
    .map(({ path, code, why }) => `${path} [${code}] ${why}`);
  for (const [path, why] of expected)
    check(
      text.some((line) => line.startsWith(`${path} `) && why.test(line)),
      `${what}: the manifest does not tell that ${path} was refused (${why}): ${text.join('; ')}`,
    );
  const others = text.filter((line) => !expected.some(([path]) => line.startsWith(`${path} `)));
  check(others.length === 0, `${what}: also refused: ${others.join('; ')}`);
}

export function hasCore(out: string, name: string): boolean {
  return existsSync(join(out, name, 'memory.elf'));
}

/** Peers that the differential tests of the devicetree codec run. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';

const MAX_OUTPUT = 1 << 28;

/** Runs a program to its end. `stdout` is undefined when it could not be started. */
export function run(
  command: string,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(0),
): { status: number | null; stdout: Uint8Array; stderr: string } | undefined {
  const { error, status, stdout, stderr } = spawnSync(command, args, { input, maxBuffer: MAX_OUTPUT });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') return undefined;
  if (error !== undefined) throw error;
  return { status, stdout: new Uint8Array(stdout), stderr: stderr.toString() };
}

/** Runs a program that has to succeed. */
export function mustRun(command: string, args: readonly string[], input?: Uint8Array): Uint8Array {
  const result = run(command, args, input);
  if (result?.status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')}: status ${result?.status}: ${result?.stderr ?? 'not installed'}`,
    );
  }
  return result.stdout;
}

/**
 * `describe` when the peer is there; where it is not, the tests are skipped with a message naming the Debian package,
 * or fail when CI=true.
 */
export function describeWith(
  peer: string,
  debianPackage: string,
  there: boolean,
): typeof describe | typeof describe.skip {
  if (there) return describe;
  const message = `${peer} is not installed (Debian package ${debianPackage})`;
  if (process.env.CI === 'true') throw new Error(message);
  console.warn(`skipped: ${message}`);
  return describe.skip;
}

/** Compiles the libfdt harness; undefined when gcc or libfdt is missing. `remove` deletes it again. */
export function buildHarness(): { path: string; remove: () => void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'kho-fdt-'));
  const path = join(folder, 'fdt-harness');
  const source = fileURLToPath(new URL('c/fdt-harness.c', import.meta.url));
  const remove = (): void => rmSync(folder, { recursive: true });
  const result = run('gcc', [
    '-std=gnu11',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-o',
    path,
    source,
    '-lfdt',
  ]);
  if (result?.status === 0) return { path, remove };
  remove();
  if (result !== undefined && !/libfdt\.h|-lfdt/.test(result.stderr)) throw new Error(result.stderr);
  return undefined;
}

/** Records as the harness takes them: big-endian size and bytes. */
export function pack(records: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + 4 + record.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const record of records) {
    view.setUint32(at, record.length);
    bytes.set(record, at + 4);
    at += 4 + record.length;
  }
  return bytes;
}

/** The reverse of {@link pack}. */
export function unpack(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = view.getUint32(at);
    records.push(bytes.slice(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return records;
}

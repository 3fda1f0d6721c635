/** Captures made in a guest, against what its init did: sessions, files and trees, by its own system calls. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type LoadedDump, withDump, withDumps } from '../../src/cli/load.js';
import { bytesToText } from '../../src/schema/text.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { fixtures } from '../fixtures.js';

const FOLDER = join(fixtures, 'captured-linux-7.3');

interface Truth {
  readonly release: string;
  readonly sessions: readonly {
    readonly name: string;
    readonly files: readonly { token: string; size: string; pos: string; seals: string }[];
  }[];
}

const truth: Truth = JSON.parse(readFileSync(join(FOLDER, 'truth.json'), 'utf8'));

function errorsOf({ handover }: LoadedDump): readonly string[] {
  return validate(handover, catalogue)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ rule, message }) => `${rule}: ${message}`);
}

test('the trimmed dump at start_kernel() has the sessions that init made', async () => {
  await withDump(join(FOLDER, 'handover.elf.gz'), {}, async (dump) => {
    expect(errorsOf(dump)).toEqual([]);
    const found = (dump.handover.luo?.sessions ?? []).map(({ name, files = [] }) => ({
      name: bytesToText(name).text,
      files: files.map(({ token, memfd }) => ({
        token: `${token}`,
        size: `${memfd?.size}`,
        pos: `${memfd?.pos}`,
        seals: `${memfd?.seals}`,
      })),
    }));
    expect(found).toEqual(truth.sessions);
  });
});

test.each([
  ['loaded', 'outgoing'],
  ['core.elf.gz', 'incoming'],
  ['core.elf.gz', 'outgoing'],
] as const)('%s has the %s tree of a kernel that runs, and no fault', async (name, tree) => {
  const directions = await withDumps(join(FOLDER, name), { tree }, async (dumps) =>
    dumps.map((dump) => {
      expect(errorsOf(dump)).toEqual([]);
      expect(dump.evidence?.release?.value).toBe(truth.release);
      // LUO writes its sessions just before the kexec.
      expect(dump.handover.luo?.sessions ?? []).toEqual([]);
      return dump.direction;
    }),
  );
  expect(directions).toEqual([tree]);
});

/** The command line on the handovers of booted kernels: the truth, and no false alarm. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { fixtures } from '../fixtures.js';
import { kho } from './kho.js';

interface TruthTree {
  readonly pa: string | number;
  readonly compatible: string;
  readonly preserved: readonly (readonly [string | number, number])[];
  readonly luo?: {
    readonly compatible: string;
    readonly number: number;
    readonly sessions: readonly {
      readonly name: string;
      readonly count: number;
      readonly files: readonly {
        readonly compatible: string;
        readonly token: number | string;
        readonly pos: number;
        readonly size: number;
        readonly seals: number;
        readonly nr_folios: number;
        readonly folios: readonly (readonly [number, number, number])[];
      }[];
    }[];
  };
}

interface Folio {
  readonly pfn: string;
  readonly flags: string | number;
  readonly index: string;
  readonly count?: number;
  readonly step?: number;
}

const NAMES = [
  'linux-6.18-handover',
  'linux-7.1-live-update',
  'linux-7.3-live-update',
  'linux-7.3-arm64-16k',
];

describe.each(NAMES)('%s', (name) => {
  const core = join(fixtures, name, 'handover.elf.gz');
  // Tokens up to 2^64-1 do not survive JSON.parse: quote them first.
  const text = gunzipSync(readFileSync(join(fixtures, name, 'handover.truth.json.gz'))).toString();
  const truth: readonly TruthTree[] = JSON.parse(text.replace(/"token": (\d+)/g, '"token": "$1"'));
  const [tree] = truth;
  const model = JSON.parse(kho(['dump', '--format', 'json', core]).stdout);

  test('generation and preserved blocks', () => {
    expect(model.generation).toBe(tree?.compatible);
    const blocks = model.preserved.pages.flatMap(
      ({ address, order, count = 1 }: { address: string; order: number; count?: number }) =>
        Array.from(
          { length: count },
          (_, i) => `${BigInt(address) + BigInt(i * (model.pageSize << order))}/${order}`,
        ),
    );
    const expected = tree?.preserved.map(([address, order]) => `${BigInt(address)}/${order}`);
    expect(blocks.sort()).toEqual([...(expected ?? [])].sort());
  });

  test('sessions, tokens, files and folios', () => {
    const sessions = (model.luo?.sessions ?? []).map((session: Record<string, unknown>) => ({
      name: session.name,
      count: BigInt(session.count as string),
      files: (session.files as Record<string, unknown>[]).map(fileOf),
    }));
    const expected = (tree?.luo?.sessions ?? []).map(({ name, count, files }) => ({
      name,
      count: BigInt(count),
      files: files.map(({ compatible, token, pos, size, seals, nr_folios, folios }) => ({
        compatible,
        token: BigInt(token),
        pos: BigInt(pos),
        size: BigInt(size),
        seals: BigInt(seals),
        nrFolios: BigInt(nr_folios),
        folios: folios.map(([pfn, flags, index]) => `${pfn}/${flags}/${index}`),
      })),
    }));
    expect(sessions).toEqual(expected);
  });

  test('validate: no error, no warning', () => {
    const { status, stdout } = kho(['validate', '--format', 'json', '--fail-on', 'warning', core]);
    expect(
      JSON.parse(stdout).dumps[0].findings.filter(
        ({ severity }: { severity: string }) => severity !== 'note',
      ),
    ).toEqual([]);
    expect(status).toBe(0);
  });

  test('a session name reaches a terminal harmlessly', () => {
    const { stdout } = kho(['dump', core]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});

function fileOf(file: Record<string, unknown>) {
  const memfd = file.memfd as Record<string, unknown>;
  const folios = (memfd.folios as Folio[]).flatMap(({ pfn, flags, index, count = 1, step = 1 }) =>
    Array.from(
      { length: count },
      (_, i) => `${BigInt(pfn) + BigInt(i * step)}/${BigInt(flags)}/${BigInt(index) + BigInt(i * step)}`,
    ),
  );
  return {
    compatible: file.compatible,
    token: BigInt(file.token as string),
    pos: BigInt(memfd.pos as string),
    size: BigInt(memfd.size as string),
    seals: BigInt(memfd.seals as string),
    nrFolios: BigInt(memfd.nrFolios as string),
    folios,
  };
}

test.each([
  ['linux-7.3-live-update', '7.2', 0, /valid/],
  [
    'linux-7.3-live-update',
    '7.1',
    1,
    /Linux 7\.1 refuses it .* it reads "kho-v3", but the handover is "kho-v4"/,
  ],
  [
    'linux-6.18-handover',
    '6.17',
    1,
    /Linux 6\.17 accepts it, but reads bytes other than those written: .* map as bitmap-512/,
  ],
  ['linux-6.18-handover', '9.9', 2, /--to: 9\.9 is not one of/],
  // As people and uname -r name releases; candidates of 7.1 differ from it.
  ['linux-7.3-live-update', 'v7.3', 0, /0 errors/],
  ['linux-7.3-live-update', '7.3.4-1-default', 0, /0 errors/],
  ['linux-7.3-live-update', '7.1-rc3', 2, /--to: 7\.1-rc3 is not one of/],
] as const)('%s taken over by %s', (name, release, status, text) => {
  const run = kho(['validate', '--to', release, join(fixtures, name, 'handover.elf.gz')]);
  expect(run.status).toBe(status);
  expect(run.stdout + run.stderr).toMatch(text);
});

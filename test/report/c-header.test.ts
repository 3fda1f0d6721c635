/** `kho explain --c-header`, compiled. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { recordTypes } from '../../src/records/index.js';
import { DRAFTS } from '../../src/structures/index.js';
import { RELEASES } from '../../src/versions/table.js';
import { kho } from '../cli/kho.js';

const hasGcc = spawnSync('gcc', ['--version']).error === undefined;

/** Twice, so that its guard is needed. */
function compiles(header: string): void {
  if (!hasGcc) return;
  const args = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c', '-'];
  const { status, stderr } = spawnSync('gcc', args, {
    input: `${header}\n${header}\nint main(void) { return 0; }\n`,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

test.each(RELEASES.map(({ release, kho }) => [release, kho] as const))(
  'Linux %s (%s)',
  (release, version) => {
    const { status, stdout, stderr } = kho(['explain', '--c-header', release]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`/* ${version}, Linux ${release}: `);
    expect(stdout).toContain('_Static_assert(sizeof(struct kho_scratch) == 16');
    compiles(stdout);
  },
);

test.each(['rfc-2024', ...DRAFTS.flatMap(({ forms }) => forms.map(({ id }) => id))])('%s', (name) => {
  const { status, stdout, stderr } = kho(['explain', '--c-header', name]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('_Static_assert(sizeof(struct ');
  compiles(stdout);
});

test('every structure of a draft is in the header of some form', () => {
  const all = DRAFTS.flatMap(({ forms }) =>
    forms.map(({ id }) => kho(['explain', '--c-header', id]).stdout),
  ).join('');
  const missing = recordTypes.filter(
    ({ file, kernelName }) =>
      file.startsWith('draft_') && /^struct \w+$/.test(kernelName) && !all.includes(`${kernelName} {`),
  );
  expect(missing.map(({ kernelName }) => kernelName)).toEqual([]);
});

test('of an ABI version the newest release; other names are refused', () => {
  expect(kho(['explain', '--c-header', 'kho-v1']).stdout).toContain('kho-v1, Linux 7.0: ');
  expect(kho(['explain', '--c-header', 'kho-v9'])).toMatchObject({ status: 2, stdout: '' });
});

test('each form has its own members', () => {
  expect(kho(['explain', '--c-header', '7.0']).stdout).toContain('sizeof(struct memfd_luo_ser) == 40');
  expect(kho(['explain', '--c-header', '7.3']).stdout).toContain('sizeof(struct memfd_luo_ser) == 48');
});

/** `kho explain --c-header`, compiled. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { RELEASES } from '../../src/versions/table.js';
import { kho } from '../cli/kho.js';

const hasGcc = spawnSync('gcc', ['--version']).error === undefined;

test.each(RELEASES.map(({ release, kho }) => [release, kho] as const))(
  'Linux %s (%s)',
  (release, version) => {
    const { status, stdout, stderr } = kho(['explain', '--c-header', release]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`/* ${version}, Linux ${release}: `);
    expect(stdout).toContain('_Static_assert(sizeof(struct kho_scratch) == 16');
    if (hasGcc) {
      const gcc = spawnSync(
        'gcc',
        ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c', '-'],
        {
          input: `${stdout}\n${stdout}\nint main(void) { return 0; }\n`,
          encoding: 'utf8',
        },
      );
      expect({ status: gcc.status, stderr: gcc.stderr }).toEqual({ status: 0, stderr: '' });
    }
  },
);

test('of an ABI version the newest release; other names are refused', () => {
  expect(kho(['explain', '--c-header', 'kho-v1']).stdout).toContain('kho-v1, Linux 7.0: ');
  expect(kho(['explain', '--c-header', 'kho-v9'])).toMatchObject({ status: 2, stdout: '' });
});

test('each form has its own members', () => {
  expect(kho(['explain', '--c-header', '7.0']).stdout).toContain('sizeof(struct memfd_luo_ser) == 40');
  expect(kho(['explain', '--c-header', '7.3']).stdout).toContain('sizeof(struct memfd_luo_ser) == 48');
});

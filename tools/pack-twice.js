/** Packs the package twice, and compares: what is published can be built again by anyone, bit for bit. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const hashes = [1, 2].map(() => {
  const folder = mkdtempSync(join(tmpdir(), 'kho-pack-'));
  try {
    execFileSync('npm', ['pack', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [file] = readdirSync(folder);
    return createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
process.stdout.write(`${hashes.join('\n')}\n`);
if (hashes[0] !== hashes[1]) {
  process.stderr.write('npm pack: two runs gave different bytes\n');
  process.exitCode = 1;
}

/** The walk of a dump's tables in C: what it takes as a process. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KHO, run } from './run.js';

const SOURCE = fileURLToPath(new URL('../../../bench/process/walker.c', import.meta.url));
/** The clock of a process has steps of 10 ms: of so many runs together that is little. */
const TURNS = 10;

/** Compiles the walker into a folder; undefined where there is no compiler. */
export function compiledWalker(folder: string): string | undefined {
  const program = join(folder, 'walker');
  try {
    execFileSync('gcc', ['-O2', '-o', program, SOURCE], { stdio: 'ignore' });
    return program;
  } catch {
    return undefined;
  }
}

/**
 * What walking all domains of a dump takes, in seconds.
 *
 * @param file an ELF core of the 2024 series
 * @throws Error when the walker fails
 */
export function walkSeconds(program: string, file: string): number {
  const args = [file, ...topTables(file)];
  let seconds = 0;
  for (let i = 0; i < TURNS; i++) seconds += run(program, args).seconds;
  return seconds / TURNS;
}

/** Of each domain the address of its top table, and its levels. */
function topTables(file: string): string[] {
  const text = execFileSync(process.execPath, [KHO, 'dump', '--quiet', '--format', 'json', file], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const { domains } = JSON.parse(text) as { domains: readonly { pgd: string; agaw: number }[] };
  return domains.flatMap(({ pgd, agaw }) => [pgd, `${agaw + 2}`]);
}

/** What is measured: commands on dumps of two sizes each, and what they are held against. */

/** A dump that is made for the measurements. */
export interface Dump {
  readonly name: string;
  /** Arguments of `kho synth`; the size of the guest memory stands behind them. */
  readonly synth: readonly string[];
  /** GiB, a small and a large one. */
  readonly sizes: readonly [number, number];
  readonly works: readonly Work[];
  /** The work that is held against a walk of the same tables in C too. */
  readonly walked?: string;
}

/** A command line, `FILE` and `OUT` in it standing for the dump and an output. */
export interface Work {
  readonly args: readonly string[];
  /** What it may end with besides 0. */
  readonly status?: number;
}

const work = (line: string, status = 0): Work => ({ args: line.split(' '), status });

export const DUMPS: readonly Dump[] = [
  {
    name: 'kho-v4 in single pages',
    synth: ['--abi', 'kho-v4', '--fragmentation', '100%', '--guest-ram'],
    sizes: [8, 128],
    works: [
      work('info FILE'),
      work('validate FILE'),
      work('dump FILE'),
      work('dump --format json FILE'),
      work('diff FILE FILE'),
      work('trim FILE -o OUT'),
    ],
  },
  {
    name: 'rfc-2024 in 4K pages',
    synth: ['--abi', 'rfc-2024', '--fragmentation', '100%', '--guest-ram'],
    sizes: [16, 128],
    walked: 'validate FILE',
    works: [
      work('validate FILE'),
      work('dump --format json FILE'),
      work('walk FILE --domain 1 --format csv'),
      work('diff FILE FILE'),
      work('trim FILE -o OUT'),
    ],
  },
];

/** Commands on next to nothing: what it costs to start. */
export const STARTS: readonly Work[] = [work('--version'), work('validate SMALL', 1), work('info SMALL')];

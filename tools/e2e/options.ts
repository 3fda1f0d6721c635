/** Arguments of `npm run e2e -- ...`. */
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS, type Fault } from './faults.js';
import { check } from './run.js';

export interface Options {
  /** Folder for sources, builds, machines. */
  readonly work: string;
  /** A folder in which a kernel has been built: nothing is fetched. */
  readonly kernel: string | undefined;
  /** A tarball of a kernel: nothing is fetched. */
  readonly source: string | undefined;
  readonly package: string;
  readonly suite: string;
  readonly faults: readonly Fault[];
  readonly skipHealthy: boolean;
  readonly jobs: number;
  readonly memory: string;
  /** Seconds that a wait for the machine may take. */
  readonly timeout: number;
}

export const USAGE = `npm run e2e -- [OPTION]...
  --work DIR         for sources, builds, dumps (build/e2e)
  --package NAME     Debian's package of a kernel (linux-source-7.3)
  --suite NAME       the suite that has it (trixie-backports)
  --source TARBALL   a kernel's source, instead of a package
  --kernel BUILD-DIR a kernel that has been built, instead of a source
  --fault NAME       only this faulty kernel; repeated; none: no faulty kernel
  --skip-healthy     only the faulty kernels
  --jobs N           of make (one a CPU)
  --memory SIZE      of the machine (512M)
  --timeout SECONDS  that one wait for the machine may take (900)
`;

/** @throws Error for an argument that cannot be used */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      work: { type: 'string', default: 'build/e2e' },
      package: { type: 'string', default: 'linux-source-7.3' },
      suite: { type: 'string', default: 'trixie-backports' },
      source: { type: 'string' },
      kernel: { type: 'string' },
      fault: { type: 'string', multiple: true },
      'skip-healthy': { type: 'boolean', default: false },
      jobs: { type: 'string', default: `${cpus().length}` },
      memory: { type: 'string', default: '512M' },
      timeout: { type: 'string', default: '900' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const named = values.fault ?? FAULTS.map(({ name }) => name);
  const faults = named
    .filter((name) => name !== 'none')
    .map((name) => {
      const fault = FAULTS.find((each) => each.name === name);
      check(fault !== undefined, `--fault ${name}: there are ${FAULTS.map((each) => each.name).join(', ')}`);
      return fault;
    });
  const jobs = Number(values.jobs);
  const timeout = Number(values.timeout);
  check(Number.isInteger(jobs) && jobs > 0, `--jobs ${values.jobs}: is not a number`);
  check(timeout > 0, `--timeout ${values.timeout}: is not a number`);
  return {
    work: resolve(values.work),
    kernel: values.kernel,
    source: values.source,
    package: values.package,
    suite: values.suite,
    faults,
    skipHealthy: values['skip-healthy'],
    jobs,
    memory: values.memory,
    timeout,
  };
}

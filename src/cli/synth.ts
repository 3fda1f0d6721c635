/** `kho synth`: a valid dump from a seed and parameters. */
import type { Argv, CommandModule } from 'yargs';
import { GENERATIONS, type Generation } from '../abi/model.js';
import { LUO_VERSIONS, type LuoVersion } from '../abi/upstream/model.js';
import { createBudget } from '../memory/budget.js';
import { jsonBytes } from '../report/json-chunks.js';
import { size } from '../schema/units.js';
import { MORE_NAMES } from '../synth/more.js';
import { OPTION_NAMES, SynthError, type SynthOptions } from '../synth/options.js';
import { planFromSeed, synthesise } from '../synth/synth.js';
import type { Synthesis } from '../synth/synthesis.js';
import { IOMMU_STAGES, type IommuStage, LEAF_SIZES, type LeafSize } from '../synth/upstream-plan.js';
import { RFC } from '../versions/generations.js';
import { NEWEST, RELEASED, type WrittenForms } from '../versions/written.js';
import { watchOther } from './budgets.js';
import { paintFor } from './colour.js';
import { joined, message, write } from './common.js';
import { lastValue, oneOf, parseList, parseNumber, parseSmall, UsageError } from './numbers.js';
import { flag, type Given, IN_AND_OUT, type OptionTable, QUIET, type Text, withOptions } from './options.js';
import { withProgress } from './progress.js';
import { packageVersion } from './version.js';

/** Options that are counts. */
const COUNTS = [
  'sessions',
  'files',
  'flbs',
  'reserveMem',
  'testFolios',
  'domains',
  'devices',
  'unattached',
  'units',
  'deleted',
  'areas',
  'levels',
  'ftraceCpus',
] as const;

const DESCRIPTIONS: Readonly<Record<(typeof COUNTS)[number], string>> = {
  sessions: 'LUO sessions (default 3)',
  files: `files of guest memory in all sessions (default 4); ${RFC}: files of guestmemfs (default: one per domain, and one more)`,
  flbs: "FLBs of the kernel's own test, up to 3 (default 0)",
  reserveMem: 'regions of reserve_mem, up to 8 (default 2)',
  testFolios: "folios of the kernel's own test, kho_test (default 6)",
  domains:
    'persistent iommufds with a domain each (default 2); Linux 7.0 and later: IOMMU domains, a draft (default 0)',
  devices: 'devices of each domain (default 2; IOMMU domains: 1)',
  unattached: 'with --domains: of these, domains without a device (default 0)',
  units: 'with --domains: remapping units (default 1)',
  deleted: 'with --domains: deleted domains and devices (default 1)',
  areas: 'areas of each IOAS (default 3)',
  levels: 'levels of page tables, 3 to 5 (default 4); the first stage has 4 or 5',
  ftraceCpus: 'CPUs of the ftrace buffer (default: by the seed)',
};
/** Versions of LUO that no release has. */
const UNRELEASED = LUO_VERSIONS.filter((version) => !RELEASED.some(({ luo }) => luo?.version === version));
/** The oldest release but one: its forms are its own. */
const OLD = RELEASED[1] as WrittenForms;
/** Bytes of memory of guests where none is asked for. */
const GUEST_RAM = 1n << 30n;
const RFC_COUNTS: readonly string[] = ['areas', 'ftraceCpus'];
/** Counts that the 2024 series and later kernels have. */
const COMMON_COUNTS: readonly string[] = ['files', 'domains', 'devices', 'levels'];

const OPTIONS = {
  abi: `generation: ${GENERATIONS.join(', ')}`,
  seed: 'which of the dumps with these parameters (default 0)',
  'guest-ram': 'memory of guests in all (default 1G)',
  'page-size': '4k (x86-64, the default), or 16k or 64k (arm64)',
  fragmentation:
    'from 0 (large folios and leaves in order) to 1 (single pages, scattered), or percent (default 25%)',
  to: { describe: 'elf: a core with all of it; dtb: the root tree alone', default: 'elf' },
  truth: 'write what is in the dump to this file, as dump --format json does',
  kunit: flag(
    'C instead: arrays of the records and what they must be read as, for a KUnit test; Linux 6.16 and later, at most 1 MiB of records',
  ),
} as const;
const UPSTREAM_OPTIONS = {
  release: 'kernel release to imitate, e.g. 6.17 (default: the newest)',
  luo: `state of development of LUO: ${LUO_VERSIONS.join(', ')}; no release reads ${UNRELEASED.join(', ')}`,
  stage: `with --domains: tables of legacy mode, or the stage in scalable mode: ${IOMMU_STAGES.join(', ')}`,
  leaves: `with --domains: largest leaves, where memory and addresses allow them: ${LEAF_SIZES.join(', ')} (default 1g)`,
  with: `further structures, a file of the first session, an FLB or a child each: ${MORE_NAMES.join(', ')}`,
  holes:
    "fraction of a file's 2 MiB ranges that were never written, 0 to 1 or percent: the kernel fills them with single pages",
} as const;
const OUTPUT_OPTIONS = {
  color: { describe: 'auto, always or never', default: 'auto' },
  quiet: QUIET,
  output: { alias: 'o', describe: 'the dump; - is standard output' },
} as const;
const UPSTREAM_GROUP = 'Linux 6.16 and later:';

type SynthArguments = Given<typeof OPTIONS & typeof OUTPUT_OPTIONS> & { [option: string]: unknown };

/** Counts under the heading of the kernels that have them. */
function countOptions(): OptionTable {
  return Object.fromEntries(
    COUNTS.map((key) => {
      const group = RFC_COUNTS.includes(key) ? `${RFC}:` : UPSTREAM_GROUP;
      return [
        OPTION_NAMES[key],
        { ...(COMMON_COUNTS.includes(key) ? {} : { group }), describe: DESCRIPTIONS[key] },
      ];
    }),
  );
}

function synthOptions(yargs: Argv<object>): Argv<SynthArguments> {
  const all = withOptions(withOptions(yargs, OPTIONS), UPSTREAM_OPTIONS, UPSTREAM_GROUP);
  return withOptions(withOptions(all, countOptions()), OUTPUT_OPTIONS, IN_AND_OUT);
}

export const synthCommand: CommandModule<object, SynthArguments> = {
  builder: (yargs) =>
    synthOptions(yargs)
      .example(`kho synth --abi ${NEWEST} -o dump.elf`, 'sessions, files, everything a release has')
      .example(
        `kho synth --abi ${RFC} --domains 4 --devices 3 --seed 7 -o rfc.elf`,
        'page tables and guestmemfs',
      )
      .example(
        `kho synth --abi ${OLD.abi} --release ${OLD.release} --page-size 64k -o old.elf`,
        'the forms of one release',
      )
      .example(
        `kho synth --abi ${NEWEST} --guest-ram 1T --fragmentation 100% -o huge.elf`,
        '268 million folios, streamed',
      )
      .example(
        `kho synth --abi ${NEWEST} --truth model.json -o dump.elf`,
        'and what is in it, for comparison',
      )
      .example(
        `kho synth --abi ${NEWEST} --guest-ram 1M --kunit -o vectors.c`,
        'test vectors for a kernel test',
      )
      .example(`kho synth --abi ${NEWEST} -o - | kho validate -`, 'without a file'),
  handler: async (args) => {
    const output = lastValue(args.output);
    const truth = lastValue(args.truth);
    const to = oneOf(args.to, 'to', ['elf', 'dtb']);
    const kunit = args.kunit === true;
    if (kunit && to === 'dtb') throw new UsageError('--kunit writes C: --to dtb does not go with it');
    if (output === undefined && !kunit && process.stdout.isTTY === true) {
      throw new UsageError('-o OUT is missing (a dump is not written to a terminal)');
    }
    if (truth === '-' && (output === undefined || output === '-')) {
      throw new UsageError('--truth: standard output is taken by the dump');
    }
    paintFor(lastValue(args.color) ?? 'auto', false);
    const made = make(args);
    const { blob } = made;
    const chunks = kunit
      ? await kunitChunks(made, args)
      : to === 'dtb'
        ? [blob]
        : withProgress(made.chunks(), made.stored, args);
    watchOther('synth', createBudget(askedFor(args)));
    await write({ output }, chunks);
    if (truth !== undefined) await write({ output: truth }, jsonBytes(made.account));
    const seed = lastValue(args.seed) ?? '0';
    const what = kunit
      ? 'test vectors in C'
      : to === 'dtb'
        ? `a tree of ${size(blob.length)}`
        : `${size(made.stored)} of memory`;
    message(args, `${made.generation}, Linux ${made.release}, seed ${seed}: ${what}`);
    for (const text of made.messages) message(args, text);
  },
};

/** C; made from the command line when it is written. */
async function kunitChunks(made: Synthesis, args: SynthArguments): Promise<Iterable<string>> {
  const { kunitLines, kunitRefusal } = await import('../report/kunit.js');
  const refusal = kunitRefusal(made);
  if (refusal !== undefined) throw new UsageError(`--kunit: ${refusal}`);
  const given = Object.values(OPTION_NAMES).flatMap((name) => {
    const value = lastValue(args[name] as Text);
    return value === undefined ? [] : [`--${name} ${value}`];
  });
  return joined(kunitLines(made, ['kho synth', ...given, '--kunit'].join(' '), packageVersion()));
}

/** Bytes that stand for what is asked for: a page for each thing, and one byte in 64 of guest memory. */
function askedFor(args: SynthArguments): number {
  const { guestRam = GUEST_RAM, pageSize = 4096, ...options } = parameters(args);
  const things = COUNTS.reduce((sum, key) => sum + (options[key] ?? 0), 0);
  return Number(guestRam) / 64 + things * pageSize;
}

function make(args: SynthArguments): Synthesis {
  try {
    return synthesise(planFromSeed(parameters(args)));
  } catch (error) {
    if (error instanceof SynthError || error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/** The options that are given, each read exactly. */
function parameters(args: SynthArguments): SynthOptions {
  const given = (key: keyof SynthOptions): string | undefined => lastValue(args[OPTION_NAMES[key]] as Text);
  const abi = given('abi');
  if (abi === undefined) throw new UsageError(`--abi is missing: ${GENERATIONS.join(', ')}`);
  const number = (key: keyof SynthOptions): bigint | undefined => {
    const text = given(key);
    return text === undefined ? undefined : parseNumber(text, OPTION_NAMES[key]);
  };
  const options: { -readonly [key in keyof SynthOptions]: SynthOptions[key] } = { abi: abi as Generation };
  const seed = number('seed');
  const guestRam = number('guestRam');
  const pageSize = number('pageSize');
  if (seed !== undefined) options.seed = seed;
  if (guestRam !== undefined) options.guestRam = guestRam;
  if (pageSize !== undefined) options.pageSize = Number(pageSize);
  for (const key of ['fragmentation', 'holes'] as const) {
    const text = given(key);
    if (text !== undefined) options[key] = parsePart(text, OPTION_NAMES[key]);
  }
  for (const key of COUNTS) {
    const text = given(key);
    if (text !== undefined) options[key] = parseSmall(text, OPTION_NAMES[key], 0, 2 ** 31);
  }
  const release = given('release');
  const luo = given('luo');
  if (release !== undefined) options.release = release;
  if (luo !== undefined) options.luo = luo as LuoVersion;
  const stage = given('stage');
  if (stage !== undefined) options.stage = stage as IommuStage;
  const more = parseList(args.with as Text);
  if (more.length > 0) options.with = more;
  const leaves = given('leaves');
  if (leaves !== undefined) options.leaves = leaves as LeafSize;
  return options;
}

/**
 * A part of a whole: a number from 0 to 1, or percent.
 *
 * @throws UsageError naming the option
 */
function parsePart(text: string, option: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(%?)$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (value >= 0 && value <= 1) return value;
  throw new UsageError(`--${option}: "${text}" is not from 0 to 1, or percent`);
}

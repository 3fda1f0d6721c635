/** `kho validate`: what is wrong with a dump, and what the next kernel would do with it. */
import type { CommandModule } from 'yargs';
import { InputError } from '../memory/node/errors.js';
import { tellStage } from '../memory/node/telling.js';
import { type Judgement, statusOf } from '../report/judgement.js';
import type { ValidatedDump } from '../report/validate-json.js';
import { applyBaseline, type Baseline } from '../validate/baseline.js';
import { catalogue } from '../validate/catalogue.js';
import { areaOf } from '../validate/coverage.js';
import type { Severity } from '../validate/rule.js';
import { type ValidateOptions, type ValidationResult, validate } from '../validate/run.js';
import { shortfallText } from '../validate/verdict.js';
import { releaseNamed } from '../versions/releases.js';
import { RELEASES } from '../versions/table.js';
import { vtdRules } from '../vtd/rules/index.js';
import { judgeBudgets } from './budgets.js';
import { type CommonArguments, commonOptions, loadOptions, message, STATUS } from './common.js';
import { containerOptions, type LoadedDump, type LoadOptions } from './load.js';
import { sidesOf } from './load-sides.js';
import { lastValue, oneOf, parseList, UsageError } from './numbers.js';
import { flag, type Given, OUTPUT_OPTION, withOptions } from './options.js';
import { rulesNamed } from './rule-names.js';
import { TOLD_RULES } from './told-work.js';
import { readBaseline, writeBaseline } from './validate-baseline.js';
import { createReports, VALIDATE_FORMATS } from './validate-outputs.js';
import { withDumpOrMemory } from './validate-vtd.js';
import { tellModes } from './vtd-mode.js';
import { VTD_SETTINGS, type VtdArguments, vtdOptions, vtdValidation } from './vtd-settings.js';

const OPTIONS = {
  live: flag('the host that this runs on, as root: capture, then validate; nothing stays on disk'),
  'root-dir': "with --live: folder with a copy of another host's /sys and /proc",
  format: { default: 'text', describe: `of standard output: ${VALIDATE_FORMATS.join(', ')}` },
  output: `${OUTPUT_OPTION.describe}; FORMAT=FILE, repeated, adds outputs`,
  all: flag('every finding in the text, not only the first few of each rule'),
  skipped: flag('which rules were skipped, and why, in the text'),
  'fail-on': { default: 'error', describe: 'exit with 1 from this severity on: error, warning or never' },
  rule: 'run only these rules, comma-separated: ids, areas (LUO) or patterns (VTD-1*)',
  skip: 'leave out these rules, comma-separated: ids, areas or patterns',
  'dma-continues': {
    ...flag(
      'devices continue DMA across the kexec: pages that they reach and that are not preserved are errors',
    ),
    group: VTD_SETTINGS,
  },
  iomem: { group: VTD_SETTINGS, describe: 'copy of /proc/iomem, read as root: which memory is RAM' },
  require: 'areas that must have been checked, comma-separated, e.g. LUO,MEMFD',
  'allow-incomplete': flag('an incomplete verdict does not fail: exit with 0 if nothing else is wrong'),
  baseline: 'leave out the known findings in this file',
  'write-baseline': 'write the findings of this run to a file, as known ones',
  to: 'kernel release that is to take over the handover, e.g. 7.3',
} as const;

type ValidateArguments = CommonArguments &
  VtdArguments &
  Given<typeof OPTIONS> & { dumps: string[] | undefined };

export const validateCommand: CommandModule<object, ValidateArguments> = {
  builder: (yargs) =>
    withOptions(vtdOptions(commonOptions(yargs)), OPTIONS)
      .positional('dumps', {
        type: 'string',
        array: true,
        describe: 'devicetree blobs, ELF cores, folders',
      })
      .example('kho validate kho.dtb --memory memory.elf.gz', 'the tree, and its memory')
      .example('kho validate memory.elf.gz', 'the tree is found through setup_data')
      .example('kho validate --format json --fail-on warning dump/', 'for CI: exit status 0, 1 or 2')
      .example('kho validate core.elf --output sarif=kho.sarif --output junit=kho.xml', 'text, and two files')
      .example(
        'kho validate core.elf --regset iommu_regset',
        'what devices can reach, against what is preserved',
      )
      .example('kho validate core.elf --require LUO,MEMFD', 'fails unless these were checked')
      .example('sudo kho validate --live', 'this host: what it was handed, and what it prepares')
      .example('kho explain DMAR-010', 'what a rule means'),
  handler: async (args) => {
    const judgement = {
      fail: FAIL_LEVELS[oneOf(args['fail-on'], 'fail-on', ['error', 'warning', 'never'])],
      allowIncomplete: args['allow-incomplete'] === true,
    };
    const reports = createReports(args, judgement);
    const options = await validateOptions(args);
    const units = (options.vtd?.units.length ?? 0) > 0;
    const load = loadOptions(args);
    const baselineFile = lastValue(args.baseline);
    const baseline = baselineFile === undefined ? undefined : await readBaseline(baselineFile);
    const dumps: ValidatedDump[] = [];
    const whole: ValidationResult[] = [];
    const paths = args.dumps ?? [];
    if (args.live !== true && paths.length === 0)
      throw new UsageError('an argument is missing: kho validate <dumps..>, or --live');
    const check = async (path: string, name: string): Promise<void> => {
      for (const source of await sourcesOf(args, path, name, load)) {
        try {
          await withDumpOrMemory(source.path, source.load, units, async (opened) => {
            const dump = { ...opened, path: source.name };
            tellStage('checking', source.name);
            tellModes(args, source.name, options.vtd?.units ?? [], dump.handover);
            const result = checked(dump, options);
            judgeBudgets();
            whole.push(result);
            const validated = validatedDump(dump, result, baseline);
            dumps.push(validated);
            await reports.add(validated, dump);
            tellIncomplete(args, validated, judgement);
          });
        } catch (error) {
          await unreadable(source.name, error, (text) => text.replaceAll(path, name));
        }
      }
    };
    const unreadable = async (
      path: string,
      error: unknown,
      named: (text: string) => string,
    ): Promise<void> => {
      if (!(error instanceof InputError)) throw error;
      const text = named(error.message);
      message({}, `kho: ${text}`);
      const dump = { path, error: text };
      dumps.push(dump);
      await reports.add(dump);
    };
    if (args.live === true)
      await validateLive(args, check).catch((error) => unreadable(LIVE, error, (text) => text));
    for (const path of paths) await check(path, path);
    await reports.write();
    const newBaseline = lastValue(args['write-baseline']);
    if (newBaseline !== undefined) await writeBaseline(newBaseline, whole);
    process.exitCode = status(dumps, judgement);
  },
};

/** What an argument stands for, and how it is called in results. */
interface Source {
  readonly path: string;
  readonly name: string;
  readonly load: LoadOptions;
}

async function sourcesOf(
  args: ValidateArguments,
  path: string,
  name: string,
  load: LoadOptions,
): Promise<readonly Source[]> {
  const { paths, missing, memory } = await sidesOf(path, load);
  if (missing !== undefined) message(args, `kho: ${name}: ${missing}`);
  const own =
    memory === undefined || load.memory !== undefined ? load : { ...load, memory, captured: true as const };
  return paths.map((side) => ({ path: side, name: side.replace(path, () => name), load: own }));
}

/** What results call it. */
const LIVE = 'live';

/** The host that this runs on, captured and checked. */
async function validateLive(
  args: ValidateArguments,
  check: (path: string, name: string) => Promise<void>,
): Promise<void> {
  const [{ hostRoot, tell }, { withLiveFolder }] = await Promise.all([
    import('./capture.js'),
    import('./capture/live.js'),
  ]);
  await withLiveFolder(
    hostRoot(lastValue(args['root-dir'])),
    lastValue(args.spool),
    async (folder, captured) => {
      tell(args, captured);
      await check(folder, LIVE);
    },
  );
}

/** Says what is missing, unless findings fail the run anyway or it is accepted. */
function tellIncomplete(
  args: ValidateArguments,
  { path, result }: ValidatedDump,
  judgement: Judgement,
): void {
  if (result === undefined || statusOf(result, judgement) !== STATUS.unusable) return;
  message(args, `kho: ${path}: incomplete: ${shortfallText(result)} (--allow-incomplete accepts it)`);
}

function validatedDump(
  { path, handover }: LoadedDump,
  whole: ValidationResult,
  baseline: Baseline | undefined,
): ValidatedDump {
  const { generation } = handover;
  const dump = { path, ...(generation === undefined ? {} : { generation }) };
  if (baseline === undefined) return { ...dump, result: whole };
  const { result, known, gone } = applyBaseline(whole, baseline);
  return { ...dump, result, baseline: { known, gone } };
}

function checked(dump: LoadedDump, asked: ValidateOptions) {
  const { path, handover } = dump;
  const options = { ...asked, ...containerOptions(dump) };
  const units = options.vtd?.units ?? [];
  if (handover.kind === 'unknown' && handover.tree === undefined && units.length > 0) {
    return validate(handover, vtdRules, options);
  }
  if (handover.kind !== 'handover') {
    const [first] = handover.diagnostics;
    const cause = handover.kind === 'unknown' && first !== undefined ? `: ${first.message}` : '';
    throw new InputError(
      path,
      'no-handover',
      `is not a handover tree (${handover.kind}${cause}), so there is nothing to check it against`,
    );
  }
  if (handover.generation === undefined && handover.unreadableRoot !== true) {
    const undecided = handover.diagnostics.find(({ code }) => code === 'generation-undecided');
    throw new InputError(
      path,
      'generation',
      undecided?.message ?? 'the generation is undecided; choose it with --assume',
    );
  }
  return validate(handover, catalogue, { ...options, ...TOLD_RULES });
}

const FAIL_LEVELS: Readonly<Record<'error' | 'warning' | 'never', ReadonlySet<Severity>>> = {
  error: new Set(['error']),
  warning: new Set(['error', 'warning']),
  never: new Set(),
};

async function validateOptions(args: ValidateArguments): Promise<ValidateOptions> {
  const ids = catalogue.map(({ id }) => id);
  const only = rulesNamed(parseList(args.rule), ids, '--rule');
  const skip = rulesNamed(parseList(args.skip), ids, '--skip');
  const required = parseList(args.require).map((area) => area.toUpperCase());
  const areas = new Set(ids.map(areaOf));
  const target = lastValue(args.to);
  const to = target === undefined ? undefined : releaseNamed(target)?.release;
  if (target !== undefined && to === undefined)
    throw new UsageError(
      `--to: ${target} is not one of ${RELEASES.map(({ release }) => release).join(', ')}`,
    );
  const noArea = required.find((area) => !areas.has(area));
  if (noArea !== undefined)
    throw new UsageError(`--require: ${noArea} is not one of the areas ${[...areas].join(', ')}`);
  return {
    ...(await vtdValidation(args, { dmaContinues: args['dma-continues'], iomem: lastValue(args.iomem) })),
    ...(required.length === 0 ? {} : { required }),
    ...(to === undefined ? {} : { to }),
    ...(only.size === 0 ? {} : { only }),
    ...(skip.size === 0 ? {} : { skip }),
  };
}

/** Over several dumps 2 beats 1 beats 0. */
function status(dumps: readonly ValidatedDump[], judgement: Judgement): number {
  return Math.max(STATUS.clean, ...dumps.map(({ result }) => statusOf(result, judgement)));
}

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
import {
  type CommonArguments,
  commonOptions,
  loadOptions,
  message,
  OUTPUT_OPTION,
  STATUS,
} from './common.js';
import { containerOptions, type LoadedDump, type LoadOptions } from './load.js';
import { sidesOf } from './load-sides.js';
import { lastValue, parseList, UsageError } from './numbers.js';
import { rulesNamed } from './rule-names.js';
import { TOLD_RULES } from './told-work.js';
import { readBaseline, writeBaseline } from './validate-baseline.js';
import { createReports, VALIDATE_FORMATS } from './validate-outputs.js';
import { withDumpOrMemory } from './validate-vtd.js';
import { type VtdArguments, vtdOptions, vtdValidation } from './vtd-settings.js';

type Text = string | string[] | undefined;

interface ValidateArguments extends CommonArguments, VtdArguments {
  dumps: string[] | undefined;
  format: Text;
  'fail-on': Text;
  rule: Text;
  skip: Text;
  to: Text;
  'dma-continues': boolean | undefined;
  iomem: Text;
  baseline: Text;
  'write-baseline': Text;
  all: boolean | undefined;
  skipped: boolean | undefined;
  require: Text;
  live: boolean | undefined;
  'root-dir': Text;
  'allow-incomplete': boolean | undefined;
}

export const validateCommand: CommandModule<object, ValidateArguments> = {
  builder: (yargs) =>
    vtdOptions(commonOptions(yargs))
      .positional('dumps', {
        type: 'string',
        array: true,
        describe: 'devicetree blobs, ELF cores, folders',
      })
      .option('live', {
        type: 'boolean',
        describe: 'the host that this runs on, as root: capture, then validate; nothing stays on disk',
      })
      .option('root-dir', {
        type: 'string',
        requiresArg: true,
        describe: "with --live: folder with a copy of another host's /sys and /proc",
      })
      .option('format', {
        type: 'string',
        requiresArg: true,
        default: 'text',
        describe: `of standard output: ${VALIDATE_FORMATS.join(', ')}`,
      })
      .option('output', {
        type: 'string',
        describe: `${OUTPUT_OPTION.describe}; FORMAT=FILE, repeated, adds outputs`,
      })
      .option('all', {
        type: 'boolean',
        describe: 'every finding in the text, not only the first few of each rule',
      })
      .option('skipped', {
        type: 'boolean',
        describe: 'which rules were skipped, and why, in the text',
      })
      .option('fail-on', {
        type: 'string',
        requiresArg: true,
        default: 'error',
        describe: 'exit with 1 from this severity on: error, warning or never',
      })
      .option('rule', {
        type: 'string',
        requiresArg: true,
        describe: 'run only these rules, comma-separated: ids, areas (LUO) or patterns (VTD-1*)',
      })
      .option('skip', {
        type: 'string',
        requiresArg: true,
        describe: 'leave out these rules, comma-separated: ids, areas or patterns',
      })
      .option('dma-continues', {
        type: 'boolean',
        group: 'VT-d settings:',
        describe:
          'devices continue DMA across the kexec: pages that they reach and that are not preserved are errors',
      })
      .option('iomem', {
        type: 'string',
        requiresArg: true,
        group: 'VT-d settings:',
        describe: 'copy of /proc/iomem, read as root: which memory is RAM',
      })
      .option('require', {
        type: 'string',
        requiresArg: true,
        describe: 'areas that must have been checked, comma-separated, e.g. LUO,MEMFD',
      })
      .option('allow-incomplete', {
        type: 'boolean',
        describe: 'an incomplete verdict does not fail: exit with 0 if nothing else is wrong',
      })
      .option('baseline', {
        type: 'string',
        requiresArg: true,
        describe: 'leave out the known findings in this file',
      })
      .option('write-baseline', {
        type: 'string',
        requiresArg: true,
        describe: 'write the findings of this run to a file, as known ones',
      })
      .option('to', {
        type: 'string',
        requiresArg: true,
        describe: 'kernel release that is to take over the handover, e.g. 7.3',
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
      fail: failLevels(lastValue(args['fail-on']) ?? 'error'),
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

function failLevels(text: string): ReadonlySet<Severity> {
  if (text === 'error') return new Set(['error']);
  if (text === 'warning') return new Set(['error', 'warning']);
  if (text === 'never') return new Set();
  throw new UsageError(`--fail-on: "${text}" is not error, warning or never`);
}

async function validateOptions(args: ValidateArguments): Promise<ValidateOptions> {
  const ids = catalogue.map(({ id }) => id);
  const only = rulesNamed(parseList(args.rule), ids, '--rule');
  const skip = rulesNamed(parseList(args.skip), ids, '--skip');
  const required = parseList(args.require).map((area) => area.toUpperCase());
  const areas = new Set(ids.map(areaOf));
  const target = lastValue(args.to);
  const to = target === undefined ? undefined : releaseNamed(target)?.release;
  if (target !== undefined && to === undefined) {
    throw new UsageError(
      `--to: ${target} is not one of ${RELEASES.map(({ release }) => release).join(', ')}`,
    );
  }
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

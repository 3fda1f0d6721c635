/** `kho validate`: what is wrong with a dump, and what the next kernel would do with it. */
import type { CommandModule } from 'yargs';
import { InputError } from '../memory/node/errors.js';
import { jsonChunks } from '../report/json-chunks.js';
import { type ValidatedDump, validateJson } from '../report/validate-json.js';
import { validateLines } from '../report/validate-text.js';
import { catalogue } from '../validate/catalogue.js';
import type { Severity } from '../validate/rule.js';
import { type ValidateOptions, validate } from '../validate/run.js';
import {
  type CommonArguments,
  commonOptions,
  joined,
  loadOptions,
  message,
  paint,
  STATUS,
  write,
} from './common.js';
import { type LoadedDump, withDump } from './load.js';
import { lastValue, parseList, UsageError } from './numbers.js';
import { type VtdArguments, vtdOptions, vtdSettings } from './vtd-settings.js';

type Text = string | string[] | undefined;

interface ValidateArguments extends CommonArguments, VtdArguments {
  dumps: string[] | undefined;
  format: Text;
  'fail-on': Text;
  rule: Text;
  skip: Text;
}

export const validateCommand: CommandModule<object, ValidateArguments> = {
  command: 'validate <dumps..>',
  describe: 'check a dump against the rules of its generation',
  builder: (yargs) =>
    vtdOptions(commonOptions(yargs))
      .positional('dumps', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'devicetree blobs, ELF cores, folders',
      })
      .option('format', { type: 'string', requiresArg: true, default: 'text', describe: 'text or json' })
      .option('fail-on', {
        type: 'string',
        requiresArg: true,
        default: 'error',
        describe: 'exit with 1 from this severity on: error, warning or never',
      })
      .option('rule', {
        type: 'string',
        requiresArg: true,
        describe: 'run only these rules, comma-separated',
      })
      .option('skip', {
        type: 'string',
        requiresArg: true,
        describe: 'leave out these rules, comma-separated',
      })
      .example('kho validate kho.dtb --memory memory.elf.gz', 'the tree, and the memory behind it')
      .example('kho validate memory.elf.gz', 'the tree is found through setup_data')
      .example('kho validate --format json --fail-on warning dump/', 'for CI: exit status 0, 1 or 2')
      .example('kho explain DMAR-010', 'what a rule means'),
  handler: async (args) => {
    const format = lastValue(args.format) ?? 'text';
    if (format !== 'text' && format !== 'json')
      throw new UsageError(`--format: "${format}" is not text or json`);
    const fail = failLevels(lastValue(args['fail-on']) ?? 'error');
    const options = validateOptions(args);
    const load = loadOptions(args);
    const colours = paint(args);
    const dumps: ValidatedDump[] = [];
    const lines: string[] = [];
    for (const path of args.dumps ?? []) {
      try {
        await withDump(path, load, async (dump) => {
          const result = checked(dump, options);
          const { generation } = dump.handover;
          dumps.push({ path, ...(generation === undefined ? {} : { generation }), result });
          if (format === 'text') {
            if (lines.length > 0) lines.push('');
            lines.push(...validateLines(path, dump.handover, result, catalogue, colours));
          }
        });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        message({}, `kho: ${error.message}`);
        dumps.push({ path, error: error.message });
      }
    }
    await write(args, format === 'json' ? jsonChunks(validateJson(dumps)) : joined(lines));
    process.exitCode = status(dumps, fail);
  },
};

function checked({ path, handover }: LoadedDump, options: ValidateOptions) {
  if (handover.kind !== 'handover') {
    throw new InputError(
      path,
      'no-handover',
      `is no handover tree (${handover.kind}), so there is nothing to check it against`,
    );
  }
  if (handover.generation === undefined) {
    const undecided = handover.diagnostics.find(({ code }) => code === 'generation-undecided');
    throw new InputError(
      path,
      'generation',
      undecided?.message ?? 'the generation is undecided; name it with --assume',
    );
  }
  return validate(handover, catalogue, options);
}

function failLevels(text: string): ReadonlySet<Severity> {
  if (text === 'error') return new Set(['error']);
  if (text === 'warning') return new Set(['error', 'warning']);
  if (text === 'never') return new Set();
  throw new UsageError(`--fail-on: "${text}" is not error, warning or never`);
}

function validateOptions(args: ValidateArguments): ValidateOptions {
  const only = parseList(args.rule);
  const skip = parseList(args.skip);
  const known = new Set(catalogue.map(({ id }) => id));
  const unknown = [...only, ...skip].find((id) => !known.has(id));
  if (unknown !== undefined) throw new UsageError(`there is no rule ${unknown}; kho explain lists them`);
  return {
    settings: vtdSettings(args),
    ...(only.length === 0 ? {} : { only: new Set(only) }),
    ...(skip.length === 0 ? {} : { skip: new Set(skip) }),
  };
}

/** Over several dumps 2 beats 1 beats 0. */
function status(dumps: readonly ValidatedDump[], fail: ReadonlySet<Severity>): number {
  if (dumps.some(({ result }) => result === undefined)) return STATUS.unusable;
  const bad = dumps.some(({ result }) => result?.findings.some(({ severity }) => fail.has(severity)));
  return bad ? STATUS.findings : STATUS.clean;
}

/** `kho report`: a dump and what is wrong with it as one page that is explored. */

import { basename, resolve } from 'node:path';
import type { CommandModule } from 'yargs';
import { tellStage } from '../memory/node/telling.js';
import { reportPage } from '../report/page/page.js';
import { catalogue } from '../validate/catalogue.js';
import { validate } from '../validate/run.js';
import { vtdRules } from '../vtd/rules/index.js';
import { type CommonArguments, commonOptions, loadOptions, write } from './common.js';
import { commandLine, fileFacts, runDate } from './file-facts.js';
import { containerOptions } from './load.js';
import { lastValue, UsageError } from './numbers.js';
import { argument } from './options.js';
import { TOLD_RULES } from './told-work.js';
import { withDumpOrMemory } from './validate-vtd.js';
import { packageVersion } from './version.js';
import { tellModes } from './vtd-mode.js';
import { type VtdArguments, vtdOptions, vtdValidation } from './vtd-settings.js';

type ReportArguments = CommonArguments & VtdArguments & { dump: string | undefined };

export const reportCommand: CommandModule<object, ReportArguments> = {
  builder: (yargs) =>
    vtdOptions(commonOptions(yargs))
      .positional('dump', argument('devicetree blob, memory dump or folder; - is standard input'))
      .example('kho report memory.elf.gz -o report.html', 'to read, or to attach to a bug report')
      .example('kho report vmcore --regset iommu_regset -o report.html', 'what devices can reach too'),
  handler: async (args) => {
    if (lastValue(args.output) === undefined && process.stdout.isTTY === true) {
      throw new UsageError('-o OUT.html is missing (a page is not written to a terminal)');
    }
    const asked = await vtdValidation(args);
    const units = asked.vtd.units.length > 0;
    const given = args.dump ?? '';
    await withDumpOrMemory(given, loadOptions(args), units, async (dump) => {
      tellStage('checking', given);
      const { description, handover, found } = dump;
      tellModes(args, given, asked.vtd.units, handover);
      const known = handover.kind === 'handover' && handover.generation !== undefined;
      const rules = known ? catalogue : units && handover.tree === undefined ? vtdRules : undefined;
      const options = { ...asked, ...containerOptions(dump) };
      const page = reportPage({
        meta: {
          name: given === '-' ? 'standard input' : basename(resolve(given)),
          version: packageVersion(),
          commandLine: commandLine('kho', process.argv.slice(2)),
          date: runDate(process.env),
          ...fileFacts(given),
        },
        description,
        handover,
        catalogue,
        units: asked.vtd.units,
        ...(found === undefined ? {} : { found }),
        ...(rules === undefined ? {} : { result: validate(handover, rules, { ...options, ...TOLD_RULES }) }),
      });
      await write(args, page);
    });
  },
};

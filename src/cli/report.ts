/** `kho report`: a dump and what is wrong with it as one page of HTML. */
import type { CommandModule } from 'yargs';
import { reportPage } from '../report/html/page.js';
import { catalogue } from '../validate/catalogue.js';
import { validate } from '../validate/run.js';
import { type CommonArguments, commonOptions, loadOptions, write } from './common.js';
import { withDump } from './load.js';
import { lastValue, UsageError } from './numbers.js';
import { packageVersion } from './version.js';

interface ReportArguments extends CommonArguments {
  dump: string | undefined;
}

export const reportCommand: CommandModule<object, ReportArguments> = {
  builder: (yargs) =>
    commonOptions(yargs)
      .positional('dump', {
        type: 'string',
        demandOption: true,
        describe: 'devicetree blob, memory dump or folder; - is standard input',
      })
      .example('kho report memory.elf.gz -o report.html', 'to read, or to attach to a bug report'),
  handler: async (args) => {
    if (lastValue(args.output) === undefined && process.stdout.isTTY === true) {
      throw new UsageError('-o OUT.html is missing (a page is not written to a terminal)');
    }
    await withDump(args.dump ?? '', loadOptions(args), async ({ path, description, handover, found }) => {
      const known = handover.kind === 'handover' && handover.generation !== undefined;
      const page = reportPage({
        path,
        description,
        handover,
        catalogue,
        version: packageVersion(),
        ...(found === undefined ? {} : { found }),
        ...(known ? { result: validate(handover, catalogue) } : {}),
      });
      await write(args, page);
    });
  },
};

/** `kho explain`: the rules and records, one a line, or one of them whole. */
import type { CommandModule } from 'yargs';
import { recordTypes } from '../records/index.js';
import { recordLines, ruleLines } from '../report/explain-text.js';
import { rulesMarkdown } from '../report/rules-markdown.js';
import { abiLines } from '../report/versions-text.js';
import { catalogue } from '../validate/catalogue.js';
import { gaps } from '../validate/gaps.js';
import { type CommonArguments, commonOptions, joined, paint, write } from './common.js';
import { UsageError } from './numbers.js';

interface ExplainArguments extends CommonArguments {
  topic: string | undefined;
  markdown: boolean | undefined;
}

export const explainCommand: CommandModule<object, ExplainArguments> = {
  builder: (yargs) =>
    commonOptions(yargs)
      .positional('topic', {
        type: 'string',
        describe: 'rule id, record name, or abi; without it, every rule, one a line',
      })
      .option('markdown', { type: 'boolean', describe: 'every rule as one Markdown page' })
      .example('kho explain', 'every rule, id first')
      .example('kho explain DMAR-010', 'what it demands, why, and what the kernel does')
      .example('kho explain abi', 'which kernel release wrote and reads which ABI string')
      .example('kho explain kho_mem', 'the fields of a record, with offsets'),
  handler: async (args) => {
    const colours = paint(args);
    const { topic } = args;
    if (args.markdown === true) {
      await write(args, joined(rulesMarkdown(catalogue, gaps)));
      return;
    }
    if (topic === undefined) {
      await write(
        args,
        joined(catalogue.map(({ id, severity, title }) => `${id}  ${severity.padEnd(7)}  ${title}`)),
      );
      return;
    }
    if (topic === 'abi') {
      await write(args, joined(abiLines(colours)));
      return;
    }
    const rule = catalogue.find(({ id }) => id === topic.toUpperCase());
    if (rule !== undefined) {
      await write(args, joined(ruleLines(rule, catalogue, colours)));
      return;
    }
    const record = recordTypes.find(
      ({ name, kernelName }) => name === topic || kernelName === topic || kernelName === `struct ${topic}`,
    );
    if (record === undefined)
      throw new UsageError(`there is no rule and no record "${topic}"; kho explain lists the rules`);
    await write(args, joined(recordLines(record, colours)));
  },
};

/** `kho explain`: the rules and records, one per line, or one of them whole. */
import type { CommandModule } from 'yargs';
import { recordTypes } from '../records/index.js';
import { cHeader, cHeaderLines, cHeaderNames } from '../report/c-header.js';
import { abiJson, recordsJson, rulesJson } from '../report/explain-json.js';
import { recordNames, recordsNamed, structNames } from '../report/explain-names.js';
import { formLines, recordListLines, ruleLines } from '../report/explain-text.js';
import { jsonBytes } from '../report/json-chunks.js';
import { rulesMarkdown } from '../report/rules-markdown.js';
import { abiLines } from '../report/versions-text.js';
import type { RecordType } from '../schema/record.js';
import { catalogue } from '../validate/catalogue.js';
import { areaOf } from '../validate/coverage.js';
import { gaps } from '../validate/gaps.js';
import type { Rule } from '../validate/rule.js';
import { NEWEST } from '../versions/written.js';
import { type CommonArguments, commonOptions, joined, message, paint, write } from './common.js';
import { lastValue, oneOf, UsageError } from './numbers.js';
import { flag, type Given, TEXT_OR_JSON, withOptions } from './options.js';
import { namesLike } from './refusal.js';
import { matchingRules } from './rule-names.js';

const OPTIONS = {
  format: TEXT_OR_JSON,
  markdown: flag('every rule as one Markdown page'),
  'c-header': `the structures of a release (7.3), of a generation (${NEWEST}) or of a draft, as a C header with assertions`,
} as const;

type ExplainArguments = CommonArguments & Given<typeof OPTIONS> & { topic: string | undefined };

/** What is like the name that was asked for; where nothing is, all structures. */
function unknownTopic(topic: string): string {
  const like = namesLike(topic.replace(/^struct /, ''), [
    ...recordNames(recordTypes),
    ...catalogue.map(({ id }) => id),
    ...new Set(catalogue.map(({ id }) => areaOf(id))),
  ]);
  const what = `there is no rule and no record "${topic}"`;
  const where = 'kho explain lists the rules, kho explain records the records';
  if (like.length > 0) return `${what}; did you mean ${like.join(', ')}? (${where})`;
  return `${what}; ${where}: ${structNames(recordTypes).join(', ')}`;
}

function ruleLine({ id, severity, title }: Rule): string {
  return `${id}  ${severity.padEnd(7)}  ${title}`;
}

/** @throws UsageError for a topic that is none */
function topicJson(topic: string | undefined): { [key: string]: unknown } {
  if (topic === undefined) return rulesJson(catalogue);
  if (topic === 'abi') return abiJson();
  if (topic === 'records') return recordsJson(recordTypes);
  const rules = rulesLike(topic);
  return rules.length > 0 ? rulesJson(rules) : recordsJson(recordsOf(topic));
}

function ruleNamed(topic: string): Rule | undefined {
  return catalogue.find(({ id }) => id === topic.toUpperCase());
}

/** The rules that an id, an area or a pattern stands for. */
function rulesLike(topic: string): readonly Rule[] {
  const ids = catalogue.map(({ id }) => id);
  const matching = new Set(matchingRules(topic, ids));
  return catalogue.filter(({ id }) => matching.has(id));
}

/** @throws UsageError where there are none */
function recordsOf(topic: string): readonly RecordType<unknown>[] {
  const records = recordsNamed(topic, recordTypes);
  if (records.length === 0) throw new UsageError(unknownTopic(topic));
  return records;
}

export const explainCommand: CommandModule<object, ExplainArguments> = {
  builder: (yargs) =>
    withOptions(commonOptions(yargs), OPTIONS)
      .positional('topic', {
        type: 'string',
        describe:
          'rule id, area or pattern of ids, record name, records (their names), or abi; without it, every rule, one per line',
      })
      .example('kho explain', 'every rule, id first')
      .example('kho explain DMAR-010', 'what it demands, why, and what the kernel does')
      .example('kho explain LUO', 'the rules of an area')
      .example('kho explain abi', 'which kernel release wrote and reads which ABI string')
      .example(
        'kho explain memfd_luo_ser',
        'the fields of a record, with offsets, in every form that it has had',
      )
      .example('kho explain records', 'the names of the records')
      .example('kho explain --c-header 7.3 -o kho_abi.h', 'structs and _Static_assert, for a C program'),
  handler: async (args) => {
    const { topic } = args;
    const format = oneOf(args.format, 'format', ['text', 'json']);
    await write(args, format === 'json' ? jsonBytes(topicJson(topic)) : joined(textLines(args)));
    const isText = format === 'text' && args.markdown !== true && args['c-header'] === undefined;
    if (!isText || topic === undefined || ruleNamed(topic) !== undefined || rulesLike(topic).length === 0)
      return;
    const records = namesLike(topic, recordNames(recordTypes));
    if (records.length > 0) message(args, `kho explain also knows the records ${records.join(', ')}`);
  },
};

/** @throws UsageError for a topic or a header that is none */
function textLines(args: ExplainArguments): Iterable<string> {
  const colours = paint(args);
  const { topic } = args;
  if (args.markdown === true) return rulesMarkdown(catalogue, gaps);
  const header = lastValue(args['c-header']);
  if (header !== undefined) {
    const found = cHeader(recordTypes, header);
    if (found !== undefined) return cHeaderLines(found);
    throw new UsageError(`--c-header: "${header}" is not one of ${cHeaderNames().join(', ')}`);
  }
  if (topic === undefined) return catalogue.map(ruleLine);
  if (topic === 'abi') return abiLines(colours);
  const rule = ruleNamed(topic);
  if (rule !== undefined) return ruleLines(rule, catalogue, colours);
  const rules = rulesLike(topic);
  if (rules.length > 0) return rules.map(ruleLine);
  if (topic === 'records') return recordListLines(recordTypes);
  return formLines(recordsOf(topic), colours);
}

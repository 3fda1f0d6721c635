/** `kho what`: from an address to its meaning. */
import type { CommandModule } from 'yargs';
import { InputError } from '../memory/node/errors.js';
import { tellStage } from '../memory/node/telling.js';
import { jsonBytes } from '../report/json-chunks.js';
import { whatJson } from '../report/what-json.js';
import { whatLines } from '../report/what-text.js';
import { catalogue } from '../validate/catalogue.js';
import { validate } from '../validate/run.js';
import { parseQuery, type Query } from '../what/query.js';
import { QueryError, whatIs } from '../what/what.js';
import {
  type CommonArguments,
  commonOptions,
  forPeople,
  listDiagnostics,
  loadOptions,
  paint,
  write,
} from './common.js';
import { containerOptions } from './load.js';
import { failUnreadable, requireNamedTree } from './named-tree.js';
import { oneOf, parseList, UsageError } from './numbers.js';
import { argument, flag, type Given, TEXT_OR_JSON, withOptions } from './options.js';
import { TOLD_RULES } from './told-work.js';
import { withDumpOrMemory } from './validate-vtd.js';
import { tellModes } from './vtd-mode.js';
import { type VtdArguments, vtdOptions, vtdUnits, vtdValidation } from './vtd-settings.js';

const OPTIONS = {
  format: TEXT_OR_JSON,
  hex: flag('the bytes of records and all their fields; never of guests'),
  all: flag('all that refers to it and maps it, not only the first few'),
} as const;

type WhatArguments = CommonArguments &
  VtdArguments &
  Given<typeof OPTIONS> & { dump: string | undefined; addresses: string[] | undefined };

export const whatCommand: CommandModule<object, WhatArguments> = {
  builder: (yargs) =>
    withOptions(vtdOptions(commonOptions(yargs)), OPTIONS)
      .positional('dump', argument('memory dump, or devicetree blob with --memory'))
      .positional('addresses', {
        ...argument('physical addresses (0x1000), pfn:N, DOMAIN@IOVA, or [SSSS:]BB:DD.F@IOVA'),
        array: true,
      })
      .example('kho what core.elf 0x2228010', 'which record, who refers to it, is it preserved')
      .example('kho what core.elf pfn:0x1b086 0x740000', 'several at once')
      .example('kho what core.elf 0000:00:03.0@0x200000', 'where the DMA of a device lands')
      .example('kho what core.elf 0x2228010@0x200000', 'the same by domain')
      .example('kho what core.elf --hex 0x2228010', 'with the whole record'),
  handler: async (args) => {
    const format = oneOf(args.format, 'format', ['text', 'json']);
    const queries = addressList(args.addresses).map(queryOf);
    const path = args.dump ?? '';
    const units = await vtdUnits(args);
    const validation = await vtdValidation(args);
    await withDumpOrMemory(path, loadOptions(args), units.length > 0, async (dump) => {
      requireNamedTree(dump);
      const { handover } = dump;
      tellModes(args, path, units, handover);
      tellStage('searching', path);
      const { findings, missing } = validate(handover, catalogue, {
        ...TOLD_RULES,
        ...validation,
        ...containerOptions(dump),
      });
      const answers = answersOf(path, () => whatIs(handover, queries, { units, findings }));
      const shown = { hex: args.hex === true, all: args.all === true };
      if (format === 'json') await write(args, jsonBytes(whatJson(answers, { bytes: shown.hex, missing })));
      else await write(args, forPeople(args, whatLines(answers, { ...shown, missing, paint: paint(args) })));
      listDiagnostics(args, dump);
      failUnreadable(args, dump);
    });
  },
};

/** Repeated or comma-separated; what has no address in it is refused as it stands. */
function addressList(given: readonly string[] | undefined): readonly string[] {
  const list = parseList(given);
  return list.length > 0 ? list : (given ?? []);
}

function queryOf(text: string): Query {
  const query = parseQuery(text);
  if (typeof query === 'string') throw new UsageError(query);
  return query;
}

/** @throws InputError for a domain or device that is not there */
function answersOf<T>(path: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof QueryError) throw new InputError(path, 'no-domain', error.message);
    throw error;
  }
}

/** `kho trim`: a dump that can be shared: the handover's records, and nothing of anybody's memory. */

import type { CommandModule } from 'yargs';
import { missingText } from '../abi/missing.js';
import type { Machine } from '../memory/elf/header.js';
import { InputError } from '../memory/node/errors.js';
import { size } from '../schema/units.js';
import { type TrimOptions, trimHandover } from '../trim/trim.js';
import { type CommonArguments, commonOptions, loadOptions, message, write } from './common.js';
import { type LoadedDump, withDump } from './load.js';
import { lastValue, UsageError } from './numbers.js';

interface TrimArguments extends CommonArguments {
  dump: string | undefined;
  'whole-pages': boolean | undefined;
}

export const trimCommand: CommandModule<object, TrimArguments> = {
  command: 'trim <dump>',
  describe: 'cut a dump down to the records of its handover',
  builder: (yargs) =>
    commonOptions(yargs)
      .positional('dump', {
        type: 'string',
        demandOption: true,
        describe: 'a memory dump, or a blob or folder with the memory behind it',
      })
      .option('whole-pages', {
        type: 'boolean',
        describe: 'keep whole pages of records (those of the boot protocol excepted)',
      })
      .example('kho trim vmcore -o small.elf', 'decodes to the same model; no guest memory, no seeds')
      .example('kho trim kho.dtb --memory memory.elf.gz -o small.elf', 'the tree and what is behind it'),
  handler: async (args) => {
    if (lastValue(args.output) === undefined && process.stdout.isTTY === true) {
      throw new UsageError('-o SMALL.elf is missing (a core is not written to a terminal)');
    }
    const path = args.dump ?? '';
    await withDump(path, loadOptions(args), async (dump) => {
      const { handover } = dump;
      const { memory } = handover;
      if (memory === undefined) {
        throw new InputError(path, 'no-memory', 'has no memory to trim; name it with --memory FILE');
      }
      if (handover.kind !== 'handover') {
        throw new InputError(path, 'no-handover', `is no handover tree (${handover.kind})`);
      }
      const options = trimOptions(dump, args['whole-pages'] === true);
      const { chunks, kept, covered, refused, hasTree } = trimHandover(handover, memory, options);
      await write(args, chunks);
      message(args, `${path}: ${size(kept)} of records in ${size(covered)} of pages`);
      if (refused > 0) {
        message(args, `${path}: ${size(refused)} of records lie in guest memory or in a seed: left out`);
      }
      for (const line of leftOut(handover)) message(args, `${path}: ${line}`);
      if (!hasTree) {
        message(
          args,
          `${path}: the tree is not in the memory: use the result with --memory, beside the blob`,
        );
      }
    });
  },
};

/** Records that a dump lacks are listed up to this many. */
const MAX_LEFT_OUT = 8;

/** What could not be kept, as the dump itself does not hold it. */
function leftOut({ missing = [] }: LoadedDump['handover']): string[] {
  const lines = missing
    .slice(0, MAX_LEFT_OUT)
    .map((each) => `not kept, as the dump lacks it: the ${missingText(each)}`);
  const more = missing.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more records that the dump lacks`] : lines;
}

/** How a dump is cut down: its machine, what its headers said, and where its tree was found. */
export function trimOptions(
  { handover, found, evidence, direction }: LoadedDump,
  wholePages: boolean,
): TrimOptions {
  const { release, pageSize, releases = [] } = evidence ?? {};
  const lines: string[] = [];
  // What headers said moves into a note. A release that decoding did not use, as the tree came from another
  // kernel, is left out: with one tree left nothing would tell the direction.
  if (release?.inMemory === false && direction !== 'incoming') lines.push(`OSRELEASE=${release.value}\n`);
  if (pageSize?.inMemory === false) lines.push(`PAGESIZE=${pageSize.value}\n`);
  const inMemory = release?.inMemory === true || pageSize?.inMemory === true || releases.length > 0;
  return {
    machine: machineOf(handover),
    wholePages,
    vmcoreinfo: inMemory,
    ...(found?.chosen === undefined ? {} : { chosen: found.chosen }),
    ...(lines.length === 0 ? {} : { note: lines.join('') }),
  };
}

/** The dump's own where its memory says it (every core does); else that of the boot protocol or the page size. */
function machineOf({ memory, setupData, pageSize }: LoadedDump['handover']): Machine {
  const [named] = /\b(?:x86-64|arm64)\b/.exec(memory?.description ?? '') ?? [];
  if (named !== undefined) return named as Machine;
  return setupData !== undefined || pageSize === 4096 ? 'x86-64' : 'arm64';
}

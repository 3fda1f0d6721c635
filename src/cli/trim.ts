/** `kho trim`: a dump that can be shared: the handover's records, and no other memory. */

import type { CommandModule } from 'yargs';
import { missingText } from '../abi/missing.js';
import type { Machine } from '../memory/elf/header.js';
import { InputError } from '../memory/node/errors.js';
import { tellStage } from '../memory/node/telling.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { several, size } from '../schema/units.js';
import { type TrimOptions, trimHandover } from '../trim/trim.js';
import type { TrimUnit } from '../trim/units.js';
import { absentRoot } from '../validate/questions.js';
import { translationEnabled, type VtdUnit } from '../vtd/rules/unit.js';
import { type CommonArguments, commonOptions, loadOptions, message, write } from './common.js';
import type { LoadedDump } from './load.js';
import { requireNamedTree } from './named-tree.js';
import { lastValue, UsageError } from './numbers.js';
import { argument, flag, type Given, withOptions } from './options.js';
import { messageOf } from './repeated.js';
import { withDumpOrMemory } from './validate-vtd.js';
import { tellModes } from './vtd-mode.js';
import { type VtdArguments, vtdDevice, vtdOptions, vtdUnits } from './vtd-settings.js';

const OPTIONS = {
  'whole-pages': flag('keep whole pages of records (those of the boot protocol excepted)'),
} as const;

type TrimArguments = CommonArguments & VtdArguments & Given<typeof OPTIONS> & { dump: string | undefined };

export const trimCommand: CommandModule<object, TrimArguments> = {
  builder: (yargs) =>
    withOptions(vtdOptions(commonOptions(yargs)), OPTIONS)
      .positional('dump', argument('a memory dump, or a blob or folder with its memory'))
      .example('kho trim vmcore -o small.elf', 'decodes to the same model; no guest memory, no seeds')
      .example('kho trim kho.dtb --memory memory.elf.gz -o small.elf', 'the tree and its memory')
      .example('kho trim vmcore --regset iommu_regset -o small.elf', 'the tables of devices too'),
  handler: async (args) => {
    if (lastValue(args.output) === undefined && process.stdout.isTTY === true) {
      throw new UsageError('-o SMALL.elf is missing (a core is not written to a terminal)');
    }
    const path = args.dump ?? '';
    const units = await trimUnits(args);
    await withDumpOrMemory(path, loadOptions(args), units.length > 0, async (dump) => {
      requireNamedTree(dump);
      const { handover } = dump;
      const { memory } = handover;
      if (memory === undefined) {
        throw new InputError(path, 'no-memory', 'has no memory to trim; give it with --memory FILE');
      }
      const treeless = handover.tree === undefined && units.length > 0;
      if (handover.kind !== 'handover' && !treeless) {
        throw new InputError(path, 'no-handover', `is not a handover tree (${handover.kind})`);
      }
      refuseAbsentRoots(args, path, units, memory);
      tellModes(args, path, units, handover);
      tellStage('selecting records of', path);
      const options = { ...trimOptions(dump, args['whole-pages'] === true), units };
      const { chunks, kept, covered, refused, foreign, hasTree } = trimHandover(handover, memory, options);
      tellStage('writing', lastValue(args.output) ?? '', covered, 'written');
      await write(args, chunks);
      message(args, `${path}: ${size(kept)} of records in ${size(covered)} of pages`);
      if (refused > 0) {
        message(
          args,
          `${path}: ${size(refused)} of records are in guest memory, in what devices reach, or in a seed: left out`,
        );
      }
      if (foreign > 0) {
        message(
          args,
          `${path}: ${size(foreign)} that records point to do not look like records (reused memory, or a damaged size): left out, zero`,
        );
      }
      if (handover.takenOver !== undefined) {
        message(
          args,
          `${path}: the kernel of this dump has taken over the tree: the parts that it consumed (the map, LUO, kho_test) are not kept, as their pages may hold anything by now`,
        );
      }
      for (const line of leftOut(handover)) message(args, `${path}: ${line}`);
      if (!hasTree && !treeless) {
        message(
          args,
          `${path}: the tree is not in the memory: use the result with --memory, together with the blob`,
        );
      }
    });
  },
};

/** The units whose tables are kept, each with the function that was asked for. */
async function trimUnits(args: TrimArguments): Promise<readonly (VtdUnit & TrimUnit)[]> {
  const device = vtdDevice(args);
  const units = await vtdUnits(args);
  // Registers that are off lead nowhere: what they point to is not in use.
  const running = units.filter((unit) => translationEnabled(unit) !== false);
  return running.map((unit) => (device === undefined ? unit : { ...unit, device }));
}

/** @throws InputError when no root table is in the dump: what was asked for is not in the output then */
function refuseAbsentRoots(
  args: TrimArguments,
  path: string,
  units: readonly VtdUnit[],
  memory: PhysicalMemory,
): void {
  const absent = units.flatMap((unit) => absentRoot(unit, memory) ?? []);
  if (absent.length > 0 && absent.length === units.length)
    throw new InputError(path, 'no-table', `no tables can be kept: ${several(absent, '; ')}`);
  for (const why of absent) messageOf(args, 'root', `${path}: ${why}`);
}

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
    ...(direction === undefined ? {} : { direction }),
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

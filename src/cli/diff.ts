/** `kho diff`: what differs between two handovers, and whether the later one keeps what the earlier one gave. */
import type { CommandModule } from 'yargs';
import { diffHandovers } from '../diff/diff.js';
import { coverageOf } from '../diff/kept/coverage.js';
import { tellStage } from '../memory/node/telling.js';
import { diffJson, isEqual } from '../report/diff-json.js';
import type { DiffSide } from '../report/diff-sides.js';
import { diffLines } from '../report/diff-text.js';
import { jsonBytes } from '../report/json-chunks.js';
import { counted } from '../schema/units.js';
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
import type { LoadedDump } from './load.js';
import { withBothTrees, withTwoDumps } from './load-pair.js';
import { failUnreadable, requireNamedTree } from './named-tree.js';
import { oneOf, UsageError } from './numbers.js';
import { argument, flag, type Given, TEXT_OR_JSON, withOptions } from './options.js';
import { expectFolios } from './told-work.js';

/** How often a comparison reads the lists of folios: once, and part of them again for what is kept (measured). */
const PASSES = 1.1;

const OPTIONS = {
  strict: flag('compare addresses and the bytes of blobs too'),
  format: TEXT_OR_JSON,
} as const;

type DiffArguments = CommonArguments &
  Given<typeof OPTIONS> & { a: string | undefined; b: string | undefined };

/** Options of which each dump may have its own: given twice, the first is for A and the second for B. */
const OF_EACH = ['memory', 'fdt-addr', 'tree', 'base', 'page-size'] as const;

const EPILOGUE = [
  'Two handovers are compared by logical identity: LUO sessions by name and their files by token, domains and iommufds by persistent_id, mappings by IOVA and by the file they lead to, reserve_mem regions and subtrees by name, everything else by node and property. Addresses are compared only with --strict. Parts missing from one of the dumps are listed as not compared. --memory, --fdt-addr, --tree, --base and --page-size may be given twice: for A, then for B.',
  'With one DUMP that holds both trees, the incoming one (handed to its kernel) is A, and the outgoing one (prepared for the next kernel) is B.',
  'Coverage: A is what the old kernel handed over, B is what the new kernel will keep. Memory that A keeps and B does not is "lost" if B still has its user and that user still refers to this memory (a device reaches it, a file has it), or if its user cannot have moved (a region of reserve_mem, a file of guestmemfs): this counts as a difference. It is "released" if the user is gone, as after a session was retrieved and finished; "moved" if the user has other memory; "replaced" if it was bookkeeping of the old handover; "unkept" if devices reach it and A did not keep it either. Coverage is compared only where both dumps are from one machine since the same cold boot: from one dump, or with the same scratch regions, consecutive kexec counts, and objects that are still at the same addresses.',
  'Exit status: 0 no differences; 1 differences, including those that any kexec makes, or lost memory; 2 unusable arguments or input.',
].join('\n\n');

export const diffCommand: CommandModule<object, DiffArguments> = {
  builder: (yargs) =>
    withOptions(commonOptions(yargs), OPTIONS)
      .positional('a', argument('the earlier one: devicetree blob, core (ELF, kdump), raw image or folder'))
      .positional('b', { type: 'string', describe: 'the later one; without it, both trees of one dump' })
      .example('kho diff before.elf after.elf', 'what changed, and whether anything was lost')
      .example('kho diff vmcore', 'what its kernel got, against what it hands on')
      .example('kho diff --strict a.elf b.elf', 'compares addresses, too')
      .example('kho diff --format json a b | jq .differences', 'for tools')
      .epilogue(EPILOGUE),
  handler: async (args) => {
    const format = oneOf(args.format, 'format', ['text', 'json']);
    const { a: pathA = '', b: pathB } = args;
    if (pathB === undefined) {
      const options = loadOptions(args);
      const named = ['tree', 'fdt-addr'] as const;
      const one = named.find((name) => args[name] !== undefined);
      if (one !== undefined) {
        throw new UsageError(
          `--${one} picks one tree, and "kho diff DUMP" compares two; give the dump twice`,
        );
      }
      await withBothTrees(pathA, options, async (a, b) => report(args, a, b, format, true));
      return;
    }
    if (pathA === '-' && pathB === '-') throw new UsageError('standard input can be one of the dumps only');
    const options = [loadOptions(argumentsOf(args, 0)), loadOptions(argumentsOf(args, 1))] as const;
    await withTwoDumps([pathA, pathB], options, async (a, b) => {
      requireNamedTree(a);
      requireNamedTree(b);
      await report(args, a, b, format, pathA === pathB && a.direction !== 'outgoing');
    });
  },
};

/**
 * The arguments of one of two dumps.
 *
 * @throws UsageError for an option given more than twice, or for `--memory` given once: it belongs to one dump
 */
function argumentsOf(args: DiffArguments, side: 0 | 1): DiffArguments {
  const own = { ...args };
  for (const name of OF_EACH) {
    const value = args[name];
    if (Array.isArray(value)) {
      if (value.length !== 2)
        throw new UsageError(`--${name}: once for both dumps, or twice, for A and for B`);
      own[name] = value[side];
    } else if (name === 'memory' && value !== undefined) {
      throw new UsageError('--memory belongs to one dump: give it twice, for A and for B');
    }
  }
  return own;
}

async function report(
  args: DiffArguments,
  dumpA: LoadedDump,
  dumpB: LoadedDump,
  format: 'text' | 'json',
  sameDump: boolean,
): Promise<void> {
  const strict = args.strict === true;
  const [a, b] = [sideOf(dumpA), sideOf(dumpB)];
  tellStage('comparing', b.path);
  expectFolios(PASSES, a.handover, b.handover);
  const diff = diffHandovers(a.handover, b.handover, { strict });
  const coverage = coverageOf(a.handover, b.handover, { sameDump });
  if (format === 'json') await write(args, jsonBytes(diffJson(a, b, diff, coverage, strict)));
  else await write(args, joined(diffLines(a, b, diff, coverage, paint(args))));
  for (const { path, direction, handover } of [a, b]) {
    const { length } = handover.diagnostics;
    const tree = direction === undefined ? '' : ` (${direction} tree)`;
    if (length > 0) message(args, `${path}${tree}: ${counted(length, 'diagnostic')} (kho dump prints them)`);
  }
  if (!isEqual(diff, coverage)) process.exitCode = STATUS.findings;
  for (const dump of [dumpA, dumpB]) failUnreadable(args, dump);
}

function sideOf({ path, direction, handover }: LoadedDump): DiffSide {
  return { path, handover, ...(direction === undefined ? {} : { direction }) };
}

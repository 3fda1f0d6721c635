/** `kho info`: what a file is and what is in it, in a few lines. */
import type { CommandModule } from 'yargs';
import type { Handover } from '../abi/model.js';
import type { UnrestoredBlocks } from '../abi/upstream/model.js';
import type { Findings } from '../decode/find.js';
import { InputError } from '../memory/node/errors.js';
import type { OpenedMemory } from '../memory/node/open-memory.js';
import { headline, type InfoTree, infoDumpJson, infoJson } from '../report/info-json.js';
import { jsonBytes } from '../report/json-chunks.js';
import type { Paint } from '../report/paint.js';
import { summaryLines } from '../report/summary-text.js';
import { escapeText } from '../schema/escape.js';
import { hex, size } from '../schema/units.js';
import { sumUp } from '../structures/root/rules-unrestored.js';
import { catalogue } from '../validate/catalogue.js';
import { validate } from '../validate/run.js';
import {
  type CommonArguments,
  commonOptions,
  forPeople,
  listDiagnostics,
  loadOptions,
  message,
  paint,
  STATUS,
  write,
} from './common.js';
import { containerOptions, type LoadedDump, type LoadOptions, noTree, withDumps } from './load.js';
import { oneOf } from './numbers.js';
import { argument, flag, type Given, TEXT_OR_JSON, withOptions } from './options.js';

const OPTIONS = {
  format: TEXT_OR_JSON,
  brief: flag('without a verdict: no rule is checked, which takes most of the time of a large dump'),
} as const;

type InfoArguments = CommonArguments & Given<typeof OPTIONS> & { dumps: string[] | undefined };

export const infoCommand: CommandModule<object, InfoArguments> = {
  builder: (yargs) =>
    withOptions(commonOptions(yargs), OPTIONS)
      .positional('dumps', {
        ...argument('devicetree blobs, cores (ELF, kdump), raw images, folders'),
        array: true,
      })
      .example('kho info kho.dtb', 'kind, generation, sizes, counts')
      .example('kho info memory.elf.gz', 'and where in memory the tree was found'),
  handler: async (args) => {
    const format = oneOf(args.format, 'format', ['text', 'json']);
    const colours = paint(args);
    const documents: { [key: string]: unknown }[] = [];
    const options = loadOptions(args);
    const lines: string[] = [];
    for (const path of args.dumps ?? []) {
      try {
        await withDumps(path, options, async (dumps, findings, memory) => {
          if (lines.length > 0) lines.push('');
          const trees = dumps.map((dump) => infoTree(dump, options, args.brief === true));
          const description = dumps[0]?.description ?? memory?.memory.description;
          if (format === 'json') {
            const what = description === undefined ? {} : { description };
            documents.push(infoDumpJson({ path, trees, findings, ...what }));
          }
          const [only] = trees.length === 1 ? trees : [];
          const [first = '', ...others] = findingLines(path, dumps, findings, memory);
          lines.push(first);
          if (only !== undefined) lines.push(`  ${headline(only, colours)}`);
          lines.push(...others);
          dumps.forEach((dump, i) => {
            if (dumps.length > 1)
              lines.push(escapeText(`tree ${i + 1} of ${dumps.length}, ${dump.place ?? ''}`.trimEnd()));
            const tree = trees[i];
            if (tree === undefined) return;
            if (only === undefined) lines.push(`  ${headline(tree, colours)}`);
            lines.push(...dumpLines(tree, colours));
            listDiagnostics(args, dump);
          });
          if (dumps.length === 0) throw noTree(path, findings, memory);
        });
      } catch (error) {
        // The other dumps are told of all the same.
        if (!(error instanceof InputError)) throw error;
        message({}, `kho: ${error.message}`);
        const told = documents.find((each) => each.path === path);
        if (told === undefined) documents.push(infoDumpJson({ path, trees: [], error: error.message }));
        process.exitCode = STATUS.unusable;
      }
    }
    if (format === 'json') await write(args, jsonBytes(infoJson(documents)));
    else await write(args, forPeople(args, lines));
  },
};

/** A tree with its verdict, unless that is left out; what is no handover has none. */
function infoTree(dump: LoadedDump, options: LoadOptions, brief: boolean): InfoTree {
  const { handover, found, direction } = dump;
  const { kind, generation, unreadableRoot } = handover;
  const judged = !brief && kind === 'handover' && (generation !== undefined || unreadableRoot === true);
  return {
    ...{ handover, evidence: evidenceLines(dump, options) },
    ...(found === undefined ? {} : { found }),
    ...(direction === undefined ? {} : { direction }),
    ...(judged ? { result: validate(handover, catalogue, containerOptions(dump)) } : {}),
  };
}

function dumpLines(tree: InfoTree, colours: Paint): string[] {
  const evidence = tree.evidence.map(([name, text]) => `  ${colours('name', name.padEnd(12))} ${text}`);
  return [...summaryLines(tree.handover, tree.found, colours), ...evidence];
}

function findingLines(
  path: string,
  dumps: readonly LoadedDump[],
  { truncated, others }: Findings,
  memory: OpenedMemory | undefined,
): string[] {
  const what = dumps[0]?.description ?? memory?.memory.description ?? 'no dump';
  const lines = [escapeText(`${path}: ${what}`)];
  for (const { addresses, direction, takenOver } of others) {
    const which = direction === undefined ? 'another tree' : `the ${direction} tree`;
    const state = takenOver === undefined ? '' : ', taken over by the running kernel';
    const way = direction === undefined ? '--fdt-addr' : `--tree ${direction}`;
    lines.push(`  ${which} is at ${addresses.map(hex).join(' and ')}${state}, not used (${way} selects it)`);
  }
  for (const { address, totalsize } of truncated) {
    lines.push(`  truncated copy of a tree at ${hex(address)} (claims ${totalsize} bytes), not used`);
  }
  return lines;
}

/** What the kernel of the dump was handed, by its marks in struct page. */
function unrestoredText(handover: Handover, left: UnrestoredBlocks): string {
  const { waiting } = sumUp(handover, left);
  const least = left.unread > 0 ? 'at least ' : '';
  const what = waiting.blocks === 1 ? '1 block' : `${waiting.blocks} blocks`;
  return `${least}${what}, ${size(waiting.bytes)}, of what the running kernel was handed`;
}

/** What the dump says beside the tree, and how it was decided. */
function evidenceLines(
  { direction, evidence, handover }: LoadedDump,
  options: LoadOptions,
): [string, string][] {
  const lines: [string, string][] = [];
  if (direction !== undefined) {
    lines.push([
      'direction',
      handover.takenOver === undefined ? direction : `${direction}, taken over by the running kernel`,
    ]);
  }
  if (handover.unrestored !== undefined)
    lines.push(['not restored', unrestoredText(handover, handover.unrestored())]);
  const { release, releases = [], pageSize } = evidence ?? {};
  if (release !== undefined) lines.push(['release', `${release.value}, from ${release.from}`]);
  else if (releases.length > 0) {
    lines.push(['release', `undecided: VMCOREINFO in memory names ${releases.join(' and ')}`]);
  }
  if (options.pageSize !== undefined) lines.push(['page size by', '--page-size']);
  else if (pageSize !== undefined) lines.push(['page size by', pageSize.from]);
  else if (handover.pageSizeReason !== undefined) lines.push(['page size by', handover.pageSizeReason]);
  else lines.push(['page size by', 'assumption: nothing in the dump shows it (--page-size)']);
  return lines;
}

/** `kho dump`: the contents of a dump as a tree for people, as JSON, or as DTS. */
import type { CommandModule } from 'yargs';
import type { Handover } from '../abi/model.js';
import { dtsLines } from '../fdt/dts.js';
import type { FdtTree } from '../fdt/fdt-tree.js';
import { children, findNode, nodeName, nodePath, rootNode } from '../fdt/tree.js';
import { InputError } from '../memory/node/errors.js';
import { tellStage } from '../memory/node/telling.js';
import { jsonBytes } from '../report/json-chunks.js';
import { memoryLines } from '../report/memory-text.js';
import { modelJson } from '../report/model-json.js';
import { type Paint, wholeLists } from '../report/paint.js';
import {
  type DumpRecord,
  partOf,
  recordAt,
  recordJson,
  recordLines,
  sessionsNamed,
} from '../report/record-text.js';
import { treeLines } from '../report/tree-text.js';
import { bytesToText } from '../schema/text.js';
import {
  type CommonArguments,
  commonOptions,
  joined,
  listDiagnostics,
  loadOptions,
  paint,
  write,
} from './common.js';
import { withDump } from './load.js';
import { failUnreadable, requireNamedTree } from './named-tree.js';
import { lastValue, oneOf, parseNumber, UsageError } from './numbers.js';
import { argument, flag, type Given, withOptions } from './options.js';
import { namesLike } from './refusal.js';
import { expectFolios } from './told-work.js';

const OPTIONS = {
  format: { default: 'tree', describe: 'tree, json or dts' },
  node: 'only the node at this path, and what is below it',
  at: 'only the record that has the byte at this physical address',
  session: 'only the LUO session of this name',
  all: flag('lists to their end, not only their first lines'),
} as const;

type DumpArguments = CommonArguments & Given<typeof OPTIONS> & { dump: string | undefined };

export const dumpCommand: CommandModule<object, DumpArguments> = {
  builder: (yargs) =>
    withOptions(commonOptions(yargs), OPTIONS)
      .positional('dump', argument('devicetree blob, ELF core or folder; - is standard input'))
      .example('kho dump kho.dtb', 'the tree, with addresses as addresses')
      .example('kho dump kho.dtb --memory memory.elf.gz', 'and its files and mem cache')
      .example('kho dump kho.dtb --node /iommufd/iommufds/1', 'one iommufd')
      .example('kho dump --format json core.elf | jq .domains', 'the model, for tools'),
  handler: async (args) => {
    const format = oneOf(args.format, 'format', ['tree', 'json', 'dts']);
    const node = lastValue(args.node);
    const path = args.dump ?? '';
    const colours = args.all === true ? wholeLists(paint(args)) : paint(args);
    if ([node, lastValue(args.at), lastValue(args.session)].filter((each) => each !== undefined).length > 1)
      throw new UsageError('--node, --at and --session are mutually exclusive');
    await withDump(path, loadOptions(args), async (dump) => {
      requireNamedTree(dump);
      tellStage('printing', path);
      const { handover } = dump;
      const records = recordsOf(args, path, handover, colours);
      if (records !== undefined) {
        await writeRecords(args, path, handover, records, { format, colours });
        listDiagnostics(args, dump);
        return;
      }
      // Text has counts of folios, not the folios.
      if (format === 'json') expectFolios(1, handover);
      if (format === 'json') await write(args, jsonBytes(json(path, handover, node)));
      else if (format === 'dts') await write(args, joined(dts(path, handover, node)));
      else await write(args, joined(tree(path, handover, node, colours)));
      listDiagnostics(args, dump);
      failUnreadable(args, dump);
    });
  },
};

/** The records that --at or --session names; undefined without either. */
function recordsOf(
  args: DumpArguments,
  path: string,
  handover: Handover,
  colours: Paint,
): readonly DumpRecord[] | undefined {
  const at = lastValue(args.at);
  const name = lastValue(args.session);
  if (at !== undefined) {
    const record = recordAt(handover, parseNumber(at, 'at'), colours);
    if (record !== undefined) return [record];
    throw new InputError(
      path,
      'no-record',
      `has no record at ${at}; kho what tells what else is known of it`,
    );
  }
  if (name === undefined) return undefined;
  const found = sessionsNamed(handover, name);
  if (found.length > 0) return found.map((session) => ({ kind: 'session', session }));
  const names = (handover.luo?.sessions ?? []).map((session) => bytesToText(session.name).text);
  const like = namesLike(name, names, 3);
  const why =
    names.length === 0
      ? 'it has no sessions'
      : like.length > 0
        ? `did you mean ${like.map((each) => JSON.stringify(each)).join(', ')}?`
        : `there are ${names
            .slice(0, MOST_NAMES)
            .map((each) => JSON.stringify(each))
            .join(', ')}${names.length > MOST_NAMES ? ' and more' : ''}`;
  throw new InputError(path, 'no-session', `has no session ${JSON.stringify(name)}; ${why}`);
}

async function writeRecords(
  args: DumpArguments,
  path: string,
  handover: Handover,
  records: readonly DumpRecord[],
  { format, colours }: { readonly format: string; readonly colours: Paint },
): Promise<void> {
  if (format === 'dts') throw new UsageError('--format dts goes with neither --at nor --session');
  if (format === 'tree') {
    await write(args, joined(records.flatMap((record) => [...recordLines(handover, record, colours)])));
    return;
  }
  const [first] = records;
  const own = first?.kind === 'node' && first.handover === handover ? handover.tree : undefined;
  const document =
    own !== undefined && first?.kind === 'node'
      ? json(path, handover, nodePath(own, first.node))
      : recordJson(handover, records);
  if (document === undefined)
    throw new InputError(
      path,
      'no-record',
      'has no part for that record in JSON; kho what --format json has its fields',
    );
  await write(args, jsonBytes(document));
}

/** The document; with --node its head alone, and of the tree the tokens of the node. */
function json(path: string, handover: Handover, node: string | undefined): { [key: string]: unknown } {
  const model = modelJson(handover);
  if (node === undefined) return model;
  const { schemaVersion, kind, generation, pageSize, diagnostics, fdt } = model;
  const { tree } = handover;
  const start = startOf(path, handover, node);
  const tokens = (fdt as { tree: readonly unknown[] }).tree.slice(start, tree?.next[start]);
  return {
    schemaVersion,
    kind,
    generation,
    pageSize,
    diagnostics,
    fdt: { ...(fdt as object), tree: tokens },
  };
}

function dts(path: string, handover: Handover, node: string | undefined): Iterable<string> {
  const { tree } = handover;
  if (tree === undefined) throw new InputError(path, 'no-tree', 'contains no devicetree blob');
  return dtsLines(tree, node === undefined ? {} : { node: startOf(path, handover, node) });
}

/** Token of a named node. */
function startOf(path: string, { tree }: Handover, node: string): number {
  const start = tree === undefined ? -1 : findNode(tree, node);
  if (start < 0) {
    const like = tree === undefined ? '' : siblingsText(tree, node);
    throw new InputError(path, 'no-node', `has no node ${node}${like}`);
  }
  return start;
}

/** Names that a message lists. */
const MOST_NAMES = 8;

/** What the last part of a path that is there has instead. */
function siblingsText(tree: FdtTree, path: string): string {
  let above = path.replace(/\/+$/, '');
  let node = -1;
  while (node < 0 && above.includes('/')) {
    above = above.slice(0, above.lastIndexOf('/'));
    node = findNode(tree, above === '' ? '/' : above);
  }
  if (node < 0) return '; a path begins with /';
  const names: string[] = [];
  for (const child of children(tree, node)) {
    if (names.length === MOST_NAMES) return `; ${above}/ has ${names.join(', ')} and more`;
    names.push(nodeName(tree, child) ?? '');
  }
  return names.length === 0 ? `; ${above}/ has no nodes` : `; ${above}/ has ${names.join(', ')}`;
}

function* tree(
  path: string,
  handover: Handover,
  node: string | undefined,
  colours: Paint,
): Generator<string> {
  const { tree } = handover;
  const root = tree === undefined ? -1 : rootNode(tree);
  const start = node === undefined ? root : startOf(path, handover, node);
  if (start < 0) return;
  yield* treeLines(handover, start, colours);
  if (node === undefined || start === root) yield* memoryLines(handover, colours);
  // What is behind a child of the root, besides its node.
  else if (tree !== undefined && tree.parent[start] === root)
    yield* memoryLines(partOf(handover, nodeName(tree, start) ?? ''), colours);
}

/** `kho dump`: the contents of a dump as a tree for people, as JSON, or as DTS. */
import type { CommandModule } from 'yargs';
import type { Handover } from '../abi/model.js';
import { dtsLines } from '../fdt/dts.js';
import type { FdtTree } from '../fdt/fdt-tree.js';
import { children, findNode, nodeName, rootNode } from '../fdt/tree.js';
import { InputError } from '../memory/node/errors.js';
import { jsonBytes } from '../report/json-chunks.js';
import { memoryLines } from '../report/memory-text.js';
import { modelJson } from '../report/model-json.js';
import type { Paint } from '../report/paint.js';
import { treeLines } from '../report/tree-text.js';
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
import { lastValue, UsageError } from './numbers.js';

interface DumpArguments extends CommonArguments {
  dump: string | undefined;
  format: string | string[] | undefined;
  node: string | string[] | undefined;
}

export const dumpCommand: CommandModule<object, DumpArguments> = {
  builder: (yargs) =>
    commonOptions(yargs)
      .positional('dump', {
        type: 'string',
        demandOption: true,
        describe: 'devicetree blob, ELF core or folder; - is standard input',
      })
      .option('format', { type: 'string', requiresArg: true, default: 'tree', describe: 'tree, json or dts' })
      .option('node', {
        type: 'string',
        requiresArg: true,
        describe: 'only the node at this path, and what is below it',
      })
      .example('kho dump kho.dtb', 'the tree, with addresses as addresses')
      .example('kho dump kho.dtb --memory memory.elf.gz', 'and its files and mem cache')
      .example('kho dump kho.dtb --node /iommufd/iommufds/1', 'one iommufd')
      .example('kho dump --format json core.elf | jq .domains', 'the model, for tools'),
  handler: async (args) => {
    const format = lastValue(args.format) ?? 'tree';
    const node = lastValue(args.node);
    if (format !== 'tree' && format !== 'json' && format !== 'dts') {
      throw new UsageError(`--format: "${format}" is not tree, json or dts`);
    }
    const path = args.dump ?? '';
    await withDump(path, loadOptions(args), async (dump) => {
      const { handover } = dump;
      if (format === 'json') await write(args, jsonBytes(json(path, handover, node)));
      else if (format === 'dts') await write(args, joined(dts(path, handover, node)));
      else await write(args, joined(tree(path, handover, node, paint(args))));
      listDiagnostics(args, dump);
    });
  },
};

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
  if (node === undefined) yield* memoryLines(handover, colours);
}

/** A tree as devicetree source that `dtc` compiles back to the same names, values, order and reserve map. */

import { FdtToken } from '../records/fdt.js';
import { escapeText } from '../schema/escape.js';
import { hex } from './diagnostics.js';
import { expressibleNode, expressibleProperty, type NodeNames } from './dts-names.js';
import { valueLines } from './dts-values.js';
import type { FdtTree } from './parse.js';
import { children, nodeName, nodePath, propertyName, propertyValue, rootNode } from './tree.js';

/** Something in the tree that devicetree source cannot say; it is in the text as a comment. */
export interface DtsProblem {
  /** Token index. */
  readonly token: number;
  /** Escaped path of the token. */
  readonly path: string;
  readonly message: string;
}

/** What {@link dtsLines} takes besides the tree. */
export interface DtsOptions {
  /** Token of a node to print as the root, with what is below it, instead of the whole tree. */
  readonly node?: number;
  /**
   * Text to print as a comment after a property, e.g. its decoded meaning: native-endian values are not cells.
   * `path` is the property's path (`nodePath`, not escaped); the text is escaped here.
   */
  readonly comment?: (path: string, value: Uint8Array, token: number) => string | undefined;
  /** Called for everything that the text holds only as a comment. */
  readonly report?: (problem: DtsProblem) => void;
}

/** An overlay is a tree of fragments; dtc takes one back only after `/plugin/`, without which references are errors. */
function isOverlay(tree: FdtTree): boolean {
  const root = rootNode(tree);
  if (root < 0) return false;
  for (const fragment of children(tree, root)) {
    for (const child of children(tree, fragment)) if (nodeName(tree, child) === '__overlay__') return true;
  }
  return false;
}

/** Levels that are indented further; a tree of 100,000 levels would otherwise cost their square. */
const MAX_INDENT = 32;

/**
 * Lines of devicetree source (version 1), without line ends. Values are strings when they are lists of printable
 * NUL-terminated strings, else bytestrings, never cells: the handover's values are native-endian.
 * What dtc would refuse or lose (names outside its alphabet, duplicates, properties after subnodes, a second root,
 * bad phandles) becomes comment lines, subnodes included, and is reported. All text from the blob is escaped.
 *
 * @example
 * ```ts
 * import { createFdtWriter, dtsLines, parseFdt } from 'kho-toolkit';
 *
 * const writer = createFdtWriter();
 * writer.beginNode('');
 * writer.property('compatible', new TextEncoder().encode('kho-v4\0'));
 * writer.endNode();
 * for (const line of dtsLines(parseFdt(writer.finish()))) console.log(line);
 * //=> /dts-v1/;
 * //=>
 * //=> / {
 * //=> 	compatible = "kho-v4";
 * //=> };
 * ```
 */
export function* dtsLines(tree: FdtTree, options: DtsOptions = {}): Generator<string, void, void> {
  const report = (token: number, message: string): string => {
    options.report?.({ token, path: escapeText(nodePath(tree, token)), message });
    return `// ${message}`;
  };
  const { node } = options;
  yield '/dts-v1/;';
  if (node === undefined && isOverlay(tree)) yield '/plugin/;';
  yield '';
  if (node !== undefined) yield `// ${escapeText(nodePath(tree, node))}`;
  const reserved = node === undefined ? tree.reserveMap : [];
  for (const { address, size } of reserved) {
    yield `/memreserve/ 0x${address.toString(16)} 0x${size.toString(16)};`;
  }
  if (reserved.length > 0) yield '';

  const phandles = new Set<number>();
  const open: NodeNames[] = [];
  let roots = 0;
  // tokens below this index are inside a node that is printed as comments
  let commentedUntil = 0;
  const end = node === undefined ? tree.count : (tree.next[node] ?? tree.count);
  for (let i = node ?? 0; i < end; i++) {
    const kind = tree.kind[i];
    const indent = '\t'.repeat(Math.min(open.length, MAX_INDENT));
    const mark = i < commentedUntil ? '// ' : '';
    const parent = open.at(-1);
    if (kind === FdtToken.beginNode) {
      const name = nodeName(tree, i) ?? '';
      const problem = mark === '' && i !== node ? rootOrNodeProblem(name, parent, roots) : undefined;
      if (problem !== undefined) {
        yield indent + report(i, problem);
        if (parent !== undefined || roots > 0) commentedUntil = tree.next[i] ?? tree.count;
      }
      if (parent === undefined) roots++;
      else parent.subnodes = true;
      const text = parent === undefined ? '/' : escapeText(name);
      yield `${indent}${i < commentedUntil ? '// ' : ''}${text} {`;
      open.push({ properties: undefined, nodes: undefined, subnodes: false, phandle: undefined });
    } else if (kind === FdtToken.endNode) {
      if (parent === undefined)
        yield report(i, `the FDT_END_NODE at ${hex(tree.at[i] ?? 0)} has no open node to close`);
      else {
        open.pop();
        yield `${'\t'.repeat(Math.min(open.length, MAX_INDENT))}${mark}};`;
      }
    } else if (kind === FdtToken.prop) {
      yield* propertyLines(tree, i, parent, { indent, mark, phandles, options, report });
    }
  }
  if (roots === 0) yield report(-1, 'the blob has no node');
  for (let level = open.length - 1; level >= 0; level--) {
    const mark = commentedUntil === tree.count && level > 0 ? '// ' : '';
    yield `${'\t'.repeat(Math.min(level, MAX_INDENT))}${mark}};`;
  }
  if (open.length > 0)
    yield report(
      tree.count - 1,
      `the blob ends inside ${open.length} open node${open.length === 1 ? '' : 's'}`,
    );
}

function rootOrNodeProblem(name: string, parent: NodeNames | undefined, roots: number): string | undefined {
  if (parent !== undefined) return expressibleNode(name, parent);
  if (roots > 0) return 'a second root node';
  return name.length > 0 ? `the root node has a name: ${escapeText(name)}` : undefined;
}

interface PropertyContext {
  readonly indent: string;
  readonly mark: string;
  readonly phandles: Set<number>;
  readonly options: DtsOptions;
  readonly report: (token: number, message: string) => string;
}

function* propertyLines(
  tree: FdtTree,
  token: number,
  parent: NodeNames | undefined,
  context: PropertyContext,
): Generator<string, void, void> {
  const { indent, options } = context;
  const name = propertyName(tree, token);
  const value = propertyValue(tree, token) ?? new Uint8Array(0);
  let { mark } = context;
  const problem = mark === '' ? expressibleProperty(name, value, parent, context.phandles) : undefined;
  if (problem !== undefined) {
    yield indent + context.report(token, problem);
    mark = '// ';
  }
  const text = name === undefined ? `(name at ${hex(tree.nameOffset[token] ?? 0)})` : escapeText(name);
  const meaning =
    options.comment === undefined ? undefined : options.comment(nodePath(tree, token), value, token);
  if (meaning !== undefined) yield `${indent}// ${escapeText(meaning)}`;
  if (value.length === 0) {
    yield `${indent}${mark}${text};`;
    return;
  }
  let start = `${text} = `;
  for (const line of valueLines(value)) {
    yield `${indent}${mark}${start}${line}`;
    start = '\t';
  }
}

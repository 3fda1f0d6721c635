/**
 * `kho dump --format tree`: the devicetree blob for people. Every node and property is there; values that the
 * ABI binds to a record are printed by its fields, others as text or bytes.
 */
import type { Handover } from '../abi/model.js';
import { recordView } from '../abi/record-view.js';
import { childBinding } from '../decode/bind.js';
import { dataView } from '../decode/bytes.js';
import type { FdtTree } from '../fdt/parse.js';
import { nodeName, propertyName, propertyValue } from '../fdt/tree.js';
import { FdtToken } from '../records/fdt.js';
import type { KhoMem } from '../records/kho.js';
import { escapeText } from '../schema/escape.js';
import { bytesToHex, bytesToText } from '../schema/text.js';
import { pciAddress } from '../schema/units.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { heldTree } from '../structures/riders.js';
import { upstreamRoots } from '../structures/root/tree.js';
import type { NodeBinding, PropertyBinding } from '../structures/tree.js';
import { isRfc } from '../versions/generations.js';
import { recordText } from './field-text.js';
import { cut, khoMemLines } from './mem-text.js';
import { type Paint, plain } from './paint.js';

/** Properties of a node without children that go on the node's own line when they are few and short. */
const ONE_LINE = 4;
const MAX_BYTES = 32;
const MAX_INDENT = 32;

interface Line {
  /** Indentation in levels. */
  readonly depth: number;
  readonly text: string;
}

/**
 * The lines of the tree below one node, itself included.
 *
 * @param start token index of a BEGIN_NODE
 *
 * @example
 * ```ts
 * import { decodeHandover, findNode, planFromSeed, synthesise, treeLines } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const handover = decodeHandover(blob, { memory });
 * if (handover.tree === undefined) throw new Error('no tree');
 * const [first] = treeLines(handover, findNode(handover.tree, '/LUO'));
 * console.log(first); //=> LUO  blob-size 32 B  preserved-data 0x4408da000
 * ```
 */
export function* treeLines(handover: Handover, start: number, paint: Paint = plain): Generator<string> {
  // A truncated copy is shown with the names that it has lost.
  const tree = handover.namedTree ?? handover.tree;
  if (tree === undefined) return;
  const base = depthOf(tree, start);
  for (const { depth, text } of nodeLines(tree, start, bindingOf(handover, tree, start), paint)) {
    yield indentation(depth - base) + text;
  }
}

/** Two spaces a level; beyond 32 levels the level as a number, so that deep trees do not grow with the square of their depth. */
function indentation(level: number): string {
  if (level <= MAX_INDENT) return '  '.repeat(level);
  return `${'  '.repeat(MAX_INDENT)}(level ${level}) `;
}

function depthOf(tree: FdtTree, token: number): number {
  let depth = 0;
  for (let node = tree.parent[token] ?? -1; node >= 0; node = tree.parent[node] ?? -1) depth++;
  return depth;
}

function rootBinding(handover: Handover): NodeBinding | undefined {
  const { kind, generation } = handover;
  if (isRfc(generation)) return rfc2024.root;
  if (generation !== undefined) return upstreamRoots[generation].root;
  if (kind !== 'rider') return undefined;
  return heldTree(handover)?.binding.root;
}

/** The binding of a node: the generation's root binding followed down the node's path. */
function bindingOf(handover: Handover, tree: FdtTree, node: number): NodeBinding | undefined {
  const path: number[] = [];
  for (let at = node; at >= 0; at = tree.parent[at] ?? -1) path.unshift(at);
  let binding = rootBinding(handover);
  for (const step of path.slice(1)) {
    binding = binding === undefined ? undefined : childBinding(binding, nodeName(tree, step) ?? '');
  }
  return binding;
}

function* nodeLines(
  tree: FdtTree,
  start: number,
  binding: NodeBinding | undefined,
  paint: Paint,
): Generator<Line> {
  const bindings: (NodeBinding | undefined)[] = [];
  let depth = depthOf(tree, start);
  const top = depth;
  for (let token = start; token < tree.count; token++) {
    const kind = tree.kind[token];
    if (kind === FdtToken.beginNode) {
      const name = nodeName(tree, token) ?? '';
      const parent = bindings.at(-1);
      const own = token === start ? binding : parent === undefined ? undefined : childBinding(parent, name);
      const compact = compactNode(tree, token, own, paint);
      const shown = paint('node', name === '' ? '/' : escapeText(name));
      if (compact === undefined) {
        yield { depth, text: shown };
        bindings.push(own);
        depth++;
      } else {
        yield { depth, text: `${shown}  ${compact.text}` };
        token = compact.end;
        if (depth === top) return;
      }
    } else if (kind === FdtToken.endNode) {
      bindings.pop();
      depth--;
      if (depth <= top) return;
    } else if (kind === FdtToken.prop) {
      for (const line of propertyLines(tree, token, bindings.at(-1), paint)) {
        yield { depth: depth + line.depth, text: line.text };
      }
    }
  }
}

/** A node with a few one-line properties and no children, as one line; `end` is its END_NODE. */
function compactNode(
  tree: FdtTree,
  node: number,
  binding: NodeBinding | undefined,
  paint: Paint,
): { text: string; end: number } | undefined {
  const parts: string[] = [];
  const values = new Map<string, Uint8Array>();
  let token = node + 1;
  for (; token < tree.count && tree.kind[token] !== FdtToken.endNode; token++) {
    if (tree.kind[token] !== FdtToken.prop || parts.length >= ONE_LINE) return undefined;
    const lines = propertyLines(tree, token, binding, paint);
    const [line] = lines;
    if (lines.length !== 1 || line === undefined) return undefined;
    parts.push(line.text);
    values.set(propertyName(tree, token) ?? '', propertyValue(tree, token) ?? new Uint8Array(0));
  }
  if (parts.length === 0 || token >= tree.count) return undefined;
  return { text: deviceText(binding, values, paint) ?? parts.join('  '), end: token };
}

/** `bus` and `devfn` of one device as lspci writes them. */
function deviceText(
  binding: NodeBinding | undefined,
  values: ReadonlyMap<string, Uint8Array>,
  paint: Paint,
): string | undefined {
  const [bus, ...more] = values.get('bus') ?? [];
  const [devfn, ...rest] = values.get('devfn') ?? [];
  if (binding === undefined || bus === undefined || devfn === undefined) return undefined;
  if (more.length > 0 || rest.length > 0 || values.size !== 2) return undefined;
  return `${paint('value', pciAddress(bus, devfn))}${paint('faint', `  bus 0x${bus.toString(16)} devfn 0x${devfn.toString(16)}`)}`;
}

function propertyLines(tree: FdtTree, token: number, binding: NodeBinding | undefined, paint: Paint): Line[] {
  const name = propertyName(tree, token);
  const bytes = propertyValue(tree, token) ?? new Uint8Array(0);
  const bound = binding?.properties.find(({ property }) => property === name);
  const label = paint('name', name === undefined ? '(name unreadable)' : escapeText(name));
  const typed = bound === undefined ? undefined : boundText(bound, bytes, paint);
  if (typed === undefined) return [{ depth: 0, text: `${label} ${valueText(bytes, paint)}` }];
  if (typeof typed === 'string') return [{ depth: 0, text: `${label} ${typed}` }];
  const [only] = typed.lines;
  if (typed.lines.length === 1 && only !== undefined) return [{ depth: 0, text: `${label} ${only}` }];
  return [
    { depth: 0, text: `${label} ${paint('faint', typed.title)}` },
    ...typed.lines.map((text) => ({ depth: 1, text })),
  ];
}

/** A bound property by its record; undefined when its size does not fit the record. */
function boundText(
  { record, shape }: PropertyBinding,
  bytes: Uint8Array,
  paint: Paint,
): string | { title: string; lines: string[] } | undefined {
  const { size, read } = record;
  if (size === undefined || read === undefined || bytes.length % size !== 0) return undefined;
  if (shape !== 'records' && bytes.length !== size) return undefined;
  if (record.name === 'kho_mem') {
    const records = recordView(record, bytes) as Iterable<KhoMem>;
    const count = bytes.length / size;
    return { title: `${count} ${count === 1 ? 'record' : 'records'}`, lines: khoMemLines(records, paint) };
  }
  if (shape !== 'records') return recordText(record, read(dataView(bytes), 0), paint);
  const lines = [...recordView(record, bytes)].map((value) => recordText(record, value, paint));
  return { title: `${lines.length} records`, lines: cut(lines, paint) };
}

/** A value without a binding: text where all of it is printable NUL-ended strings, else bytes. */
function valueText(bytes: Uint8Array, paint: Paint): string {
  if (bytes.length === 0) return paint('faint', '(empty)');
  const strings = printableStrings(bytes);
  if (strings !== undefined) return paint('text', strings.map((text) => JSON.stringify(text)).join(', '));
  const shown = bytesToHex(bytes.subarray(0, MAX_BYTES)).replace(/../g, '$& ').trim();
  const rest = bytes.length > MAX_BYTES ? ` … ${bytes.length} bytes` : '';
  return paint('value', `[${shown}]`) + paint('faint', rest);
}

function printableStrings(bytes: Uint8Array): string[] | undefined {
  if (bytes.at(-1) !== 0) return undefined;
  const strings: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    const { text, exact } = bytesToText(bytes.subarray(start, end));
    if (text === '' || !exact || escapeText(text) !== text) return undefined;
    strings.push(text);
    start = end + 1;
  }
  return strings;
}

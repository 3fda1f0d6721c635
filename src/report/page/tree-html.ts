/** The devicetree blobs of the page: every node folded, every property with its bytes. */
import type { FdtTree } from '../../fdt/parse.js';
import { nodeName, propertyName, propertyValue, rootNode, valueOffset } from '../../fdt/tree.js';
import { FdtToken } from '../../records/fdt.js';
import { escapeText } from '../../schema/escape.js';
import { bytesToHex, bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { addressHtml, number } from './html.js';
import { html } from './markup.js';
import type { PageModel } from './model.js';
import type { Records } from './records.js';

/** Nodes and properties that are shown of all blobs together. */
const MAX_ITEMS = 2500;
/** Nested elements; deeper nodes are in a row. */
const MAX_NESTED = 24;
const MAX_BYTES = 32;
/** Properties of arrays of addresses: words that are shown. */
const WORD = 8;

/** The root tree, and the blobs of its children that are trees. */
export function* treeHtml({ input, records }: PageModel): Generator<string> {
  const { handover } = input;
  const { subtrees = [], fdtAddress } = handover;
  const budget = { left: MAX_ITEMS, dropped: 0 };
  const tree = handover.namedTree ?? handover.tree;
  if (tree !== undefined) yield* blobHtml('root tree', 'tree', tree, fdtAddress, records, budget, true);
  for (const [i, { name = '', address, tree: own }] of subtrees.entries())
    if (own !== undefined)
      yield* blobHtml(`blob of ${JSON.stringify(name)}`, `tree-${i}`, own, address, records, budget, false);
  if (budget.dropped > 0)
    yield `<p class="faint">and ${number(budget.dropped)} more nodes and properties (kho dump prints all of it)</p>\n`;
}

interface Budget {
  left: number;
  dropped: number;
}

function* blobHtml(
  title: string,
  id: string,
  tree: FdtTree,
  address: bigint | undefined,
  records: Records,
  budget: Budget,
  open: boolean,
): Generator<string> {
  const root = rootNode(tree);
  if (root < 0) return;
  const place = address === undefined ? 'from a file' : `at ${hex(address)}`;
  yield `<details class="list" id="${id}-blob"${open ? ' open="open"' : ''}><summary>${html(title)} <span class="faint">${html(`${place}, ${number(tree.bytes.length)} bytes`)}</span></summary>\n<div class="tree">\n`;
  const levels: boolean[] = [];
  for (let token = root; token < tree.count; token++) {
    const kind = tree.kind[token];
    if (kind === FdtToken.beginNode) {
      const shown = budget.left > 0;
      if (shown) budget.left--;
      else budget.dropped++;
      const nested = shown && levels.length < MAX_NESTED;
      const name = nodeName(tree, token) ?? '';
      const label = name === '' ? '/' : escapeText(name);
      if (nested)
        yield `<details class="node" id="${id}-${token}"${levels.length < 2 ? ' open="open"' : ''}><summary>${html(label)}</summary>\n`;
      else if (shown) yield `<p class="node">${html(`level ${levels.length}: ${label}`)}</p>\n`;
      levels.push(nested);
    } else if (kind === FdtToken.endNode) {
      if (levels.pop() === true) yield '</details>\n';
      if (levels.length === 0) break;
    } else if (kind === FdtToken.prop) {
      if (budget.left-- > 0) yield propertyHtml(tree, token, address, records);
      else budget.dropped++;
    }
  }
  // A blob that is cut off ends inside its nodes.
  while (levels.length > 0) if (levels.pop() === true) yield '</details>\n';
  yield '</div>\n</details>\n';
}

function propertyHtml(tree: FdtTree, token: number, address: bigint | undefined, records: Records): string {
  const name = propertyName(tree, token);
  const value = propertyValue(tree, token) ?? new Uint8Array(0);
  const offset = valueOffset(tree, token) ?? 0;
  const at = address === undefined ? undefined : Number(address) + offset;
  const record = at === undefined ? undefined : records.anchorAt(at);
  const exact =
    record !== undefined &&
    records.sorted.some(({ anchor, address: own }) => anchor === record && own === at);
  const link = exact ? ` <a class="faint" href="#${record}">record</a>` : '';
  const label = name === undefined ? '(name unreadable)' : escapeText(name);
  return `<p class="property"><span class="name">${html(label)}</span> ${valueHtml(value, records)} <span class="faint">${hex(offset)}, ${value.length} bytes</span>${link}</p>\n`;
}

function valueHtml(bytes: Uint8Array, records: Records): string {
  if (bytes.length === 0) return '<span class="faint">(empty)</span>';
  const text = stringOf(bytes);
  if (text !== undefined) return `<span class="text">${html(JSON.stringify(text))}</span>`;
  const shown = bytesToHex(bytes.subarray(0, MAX_BYTES)).replace(/../g, '$& ').trim();
  const rest = bytes.length > MAX_BYTES ? ' …' : '';
  const hexes = `<code>${shown}${rest}</code>`;
  if (bytes.length !== WORD) return hexes;
  const word = new DataView(bytes.buffer, bytes.byteOffset, WORD).getBigUint64(0, true);
  return records.anchorAt(word) === undefined
    ? `${hexes} <span class="value">${hex(word)}</span>`
    : `${hexes} ${addressHtml(word, records)}`;
}

/** The text that a value is, where it is nothing but that. */
function stringOf(bytes: Uint8Array): string | undefined {
  const { text, terminated, exact } = bytesToText(bytes);
  const whole = terminated && exact && bytes.length === new TextEncoder().encode(text).length + 1;
  return whole && text !== '' && escapeText(text) === text ? text : undefined;
}

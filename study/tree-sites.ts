/** Fields of a devicetree blob that are not a record of a binding: tokens, and values of other properties. */
import { type FdtTree, parseFdt } from '../src/fdt/parse.js';
import { children, properties, propertyName, propertyValue, rootNode, valueOffset } from '../src/fdt/tree.js';
import { fdtProp } from '../src/records/fdt.js';
import type { BlobInstance } from '../src/references/instance.js';
import { fieldsOf, type Site } from './fields.js';

/** Bytes of a token before its FDT_PROP header. */
const TOKEN = 4;

/** @param bound where the values begin that a binding has records of */
export function* treeSites({ address, bytes }: BlobInstance, bound: ReadonlySet<number>): Generator<Site> {
  const tree = parseFdt(bytes);
  const nodes = [rootNode(tree)];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (node < 0) continue;
    yield structure('FDT_BEGIN_NODE', address + (tree.at[node] ?? 0));
    for (const property of properties(tree, node)) yield* propertySites(tree, property, address, bound);
    nodes.push(...children(tree, node));
  }
}

function structure(name: string, address: number): Site {
  return { name, kind: 'structure', address, bit: 0, width: 32, endian: 'be' };
}

function* propertySites(
  tree: FdtTree,
  property: number,
  address: number,
  bound: ReadonlySet<number>,
): Generator<Site> {
  const at = address + (tree.at[property] ?? 0);
  yield structure('FDT_PROP', at);
  for (const site of fieldsOf(fdtProp, at + TOKEN)) yield { ...site, kind: 'structure' };
  const name = propertyName(tree, property);
  const value = propertyValue(tree, property);
  const offset = valueOffset(tree, property);
  if (name === undefined || value === undefined || offset === undefined || value.length === 0) return;
  if (bound.has(address + offset)) return;
  yield {
    name: `property ${name}`,
    kind: name === 'compatible' ? 'version' : 'string',
    address: address + offset,
    bit: 0,
    width: value.length * 8,
    endian: 'le',
  };
}

/** Fields of a devicetree blob in memory: header, tokens, and the values of its properties. */
import type { FdtTree } from '../src/fdt/parse.js';
import { children, properties, propertyName, propertyValue, rootNode, valueOffset } from '../src/fdt/tree.js';
import { fdtHeader, fdtProp } from '../src/records/fdt.js';
import { recordTypes } from '../src/records/index.js';
import { khoMem } from '../src/records/kho.js';
import { khoVmalloc } from '../src/records/vmalloc.js';
import type { RecordType } from '../src/schema/record.js';
import { classOf, fieldsOf, type Site } from './fields.js';

/** Records of one field, by the property that holds one. */
const VALUES = new Map(
  recordTypes.flatMap((record): [string, RecordType<unknown>][] => {
    const [field, more] = record.fields;
    return field === undefined || more !== undefined || field.bitWidth === undefined
      ? []
      : [[field.kernelName, record]];
  }),
);
/** Bits of a token before its FDT_PROP header. */
const TOKEN = 4;

export function* treeSites(tree: FdtTree, address: number): Generator<Site> {
  yield* fieldsOf(fdtHeader, address);
  const nodes = [rootNode(tree)];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (node < 0) continue;
    yield structure('FDT_BEGIN_NODE', address + (tree.at[node] ?? 0));
    for (const property of properties(tree, node)) yield* propertySites(tree, property, address);
    nodes.push(...children(tree, node));
  }
}

function structure(name: string, address: number): Site {
  return { name, kind: 'structure', address, bit: 0, width: 32, endian: 'be' };
}

function* propertySites(tree: FdtTree, property: number, address: number): Generator<Site> {
  const at = address + (tree.at[property] ?? 0);
  yield structure('FDT_PROP', at);
  for (const site of fieldsOf(fdtProp, at + TOKEN)) yield { ...site, kind: 'structure' };
  const name = propertyName(tree, property);
  const value = propertyValue(tree, property);
  const offset = valueOffset(tree, property);
  if (name === undefined || value === undefined || offset === undefined || value.length === 0) return;
  const start = address + offset;
  const many =
    name === 'mem' ? khoMem : name === 'folios_info' && value.length === 16 ? khoVmalloc : undefined;
  if (many !== undefined) {
    const size = many.size ?? value.length;
    for (let i = 0; i + size <= value.length; i += size) yield* fieldsOf(many, start + i);
    return;
  }
  const record = VALUES.get(name);
  const [field] = record?.fields ?? [];
  yield {
    name: `property ${name}`,
    kind: name === 'compatible' ? 'version' : field === undefined ? 'string' : classOf(field),
    address: start,
    bit: 0,
    width: value.length * 8,
    endian: 'le',
  };
}

/** The records of a devicetree blob: its header, and the properties that its binding knows. */

import { childBinding } from '../decode/bind.js';
import { type FdtTree, parseFdt } from '../fdt/parse.js';
import { children, findProperty, nodeName, nodePath, rootNode, valueOffset } from '../fdt/tree.js';
import { fdtHeader } from '../records/fdt.js';
import type { NodeBinding, TreeBinding } from '../structures/tree.js';
import type { BlobInstance } from './instance.js';
import type { ReferenceSink } from './sink.js';

/**
 * Adds a blob's header and the records of its properties.
 *
 * @param binding as a listener was told it: a TreeBinding
 */
export function addBlobRecords(
  sink: Pick<ReferenceSink, 'record' | 'array'>,
  blob: BlobInstance,
  binding: object | undefined,
): void {
  const name = blob.rider === undefined ? 'the tree' : `the blob of ${blob.rider}`;
  sink.record(fdtHeader, blob.address, name, { length: blob.bytes.length });
  if (binding === undefined) return;
  const tree = parseFdt(blob.bytes);
  const root = rootNode(tree);
  if (root < 0) return;
  // The depth is that of the binding.
  const open: [node: number, binding: NodeBinding][] = [[root, (binding as TreeBinding).root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, bound] = next;
    addProperties(sink, blob, tree, node, bound);
    for (const child of children(tree, node)) {
      const childBound = childBinding(bound, nodeName(tree, child) ?? '');
      if (childBound !== undefined) open.push([child, childBound]);
    }
  }
}

function addProperties(
  sink: Pick<ReferenceSink, 'record' | 'array'>,
  blob: BlobInstance,
  tree: FdtTree,
  node: number,
  { properties }: NodeBinding,
): void {
  const path = nodePath(tree, node);
  const place = `${blob.rider === undefined ? '' : `${blob.rider}: `}${path}`;
  for (const { property, record, shape } of properties) {
    const token = findProperty(tree, node, property);
    const size = record.size ?? 0;
    const length = tree.length[token] ?? 0;
    if (token < 0 || size === 0 || length < size) continue;
    const at = blob.address + (valueOffset(tree, token) ?? 0);
    const count = shape === 'records' ? Math.floor(length / size) : 1;
    const shown = {
      blob: blob.address,
      path,
      name: property,
      ...(blob.rider === undefined ? {} : { rider: blob.rider }),
    };
    sink.array({
      record,
      count,
      at,
      what: (i) => `${place} ${property}${shape === 'records' ? `[${i}]` : ''}`,
      traits: {
        list: `${blob.rider ?? ''} ${shape === 'records' ? `${path} ` : ''}${property}`,
        length: count,
        property: shown,
      },
    });
  }
}

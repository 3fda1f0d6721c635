import type { FdtTree } from '../../src/fdt/parse.js';
import { nodeNameBytes, propertyNameBytes, propertyValue } from '../../src/fdt/tree.js';
import { createFdtWriter } from '../../src/fdt/writer.js';
import { FdtToken } from '../../src/records/fdt.js';

/** Makes the writer calls that the tokens of a tree stand for. Throws where a name cannot be read. */
export function rewrite(tree: FdtTree): Uint8Array {
  const writer = createFdtWriter();
  for (const { address, size } of tree.reserveMap) writer.reserve(address, size);
  for (let i = 0; i < tree.count; i++) {
    const node = nodeNameBytes(tree, i);
    const name = propertyNameBytes(tree, i);
    const value = propertyValue(tree, i);
    if (node !== undefined) writer.beginNode(node);
    else if (value !== undefined) {
      if (name === undefined) throw new Error(`token ${i} has no readable name`);
      writer.property(name, value);
    } else if (tree.kind[i] === FdtToken.endNode) writer.endNode();
  }
  return writer.finish();
}

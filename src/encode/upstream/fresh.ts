/**
 * Root trees as Linux 6.16 and later write them (upstream 2.2.4). Up to 6.18 the kernel writes the tree in
 * one pass when it is finalized; from 6.19 on it writes the root alone at boot, and adds each child to it in
 * place, so that the newest is first.
 */

import type { Generation } from '../../abi/model.js';
import { createFdtEditor } from '../../fdt/edit.js';
import { type FdtImage, type FdtImageToken, fromImage, structLength } from '../../fdt/image.js';
import { imageFromJson } from '../../fdt/image-from-json.js';
import { parseFdt } from '../../fdt/parse.js';
import { createFdtWriter } from '../../fdt/writer.js';
import { FDT_HEADER_SIZE } from '../../records/fdt.js';
import { type UpstreamGeneration, upstreamRoots } from '../../structures/root/tree.js';
import { FACTS } from '../../versions/generations.js';
import type { TypedNode } from '../bind.js';
import { jsonObject, ModelError } from '../from-json.js';

/** Whether a generation has a root tree of this kind. */
export function isUpstreamRoot(generation: Generation | undefined): generation is UpstreamGeneration {
  return generation !== undefined && generation in upstreamRoots;
}

/**
 * The bytes of a root tree that the kernel's writer gives for the typed parts.
 *
 * @param fdt the document's `fdt` object, whose header tells two writers of kho-v1 apart
 * @returns undefined when a sequential pass over the nodes, as the caller has it, is what the kernel does
 */
export function freshRoot(
  root: TypedNode,
  generation: UpstreamGeneration,
  fdt: { readonly [key: string]: unknown },
): Uint8Array | undefined {
  const truncated = truncatedRoot(root, generation, fdt);
  if (truncated !== undefined) return truncated;
  return root.children.length > 0 && isEdited(root, generation, fdt.header) ? editedRoot(root) : undefined;
}

/** 6.19 and 7.0 edit their kho-v1 tree; where no header tells, a child LUO does. */
function isEdited(root: TypedNode, generation: UpstreamGeneration, header: unknown): boolean {
  if (FACTS[generation].writtenOnce === undefined) return true;
  if (header === undefined) return root.children.some(({ name }) => name === 'LUO');
  return jsonObject(header, 'fdt.header').offMemRsvmap === FDT_HEADER_SIZE;
}

function editedRoot(root: TypedNode): Uint8Array {
  const writer = createFdtWriter();
  writer.beginNode('');
  for (const { name, value } of root.properties) writer.property(name, value);
  writer.endNode();
  const editor = createFdtEditor(parseFdt(writer.finish()));
  for (const child of root.children.toReversed()) {
    const node = addSubnode(() => editor.addSubnode(editor.root, child.name));
    for (const { name, value } of child.properties.toReversed()) editor.setProperty(node, name, value);
  }
  return editor.pack();
}

function addSubnode<T>(add: () => T): T {
  try {
    return add();
  } catch (error) {
    // Two children of one name, which the kernel's writer refuses too.
    throw new ModelError(`subtrees: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * A copy that breaks off before its strings: header, gaps and size stay as the document has them, since they
 * speak of bytes that are not there.
 */
function truncatedRoot(
  root: TypedNode,
  generation: UpstreamGeneration,
  fdt: { readonly [key: string]: unknown },
): Uint8Array | undefined {
  if (fdt.complete !== false || fdt.header === undefined || fdt.size === undefined) return undefined;
  const image = readImage({ ...fdt, tree: [] });
  const { header } = image;
  if (header === undefined || header.offDtStrings < image.size) return undefined;
  const { names } = FACTS[generation];
  const tokens: FdtImageToken[] = [];
  const target = header.sizeDtStruct - image.rest.struct;
  for (const token of tokensOf(root, `${names.join('\0')}\0`)) {
    if (structLength(tokens, false) >= target) break;
    tokens.push(token);
  }
  return fromImage({ ...image, tokens });
}

function readImage(fdt: unknown): FdtImage {
  try {
    return imageFromJson(fdt);
  } catch (error) {
    throw new ModelError(error instanceof Error ? error.message : String(error));
  }
}

function* tokensOf({ name, properties, children }: TypedNode, names: string): Generator<FdtImageToken> {
  yield { kind: 'node', name: new TextEncoder().encode(name) };
  for (const property of properties) {
    yield { kind: 'prop', nameOffset: names.indexOf(`${property.name}\0`), value: property.value };
  }
  for (const child of children) yield* tokensOf(child, names);
  yield { kind: 'end' };
}

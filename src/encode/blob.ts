/** The JSON model → devicetree blob. */

import { GENERATIONS, type Generation, type Handover } from '../abi/model.js';
import { dataView } from '../decode/bytes.js';
import { decodeHandover } from '../decode/handover.js';
import { type FdtImage, fromImage } from '../fdt/image.js';
import { imageFromJson } from '../fdt/image-from-json.js';
import { mismatchedNames, needsLayout, relayout } from '../fdt/image-layout.js';
import { createFdtWriter, type FdtWriter } from '../fdt/writer.js';
import { readFdtHeader, writeFdtHeader } from '../records/fdt.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { upstreamRoots } from '../structures/root/tree.js';
import type { TreeBinding } from '../structures/tree.js';
import { isRfc } from '../versions/generations.js';
import { applyTyped } from './apply.js';
import { type TypedNode, typedTree } from './bind.js';
import { jsonObject, ModelError, modelObject } from './from-json.js';
import { riderRecord, riderTree } from './structures/rider.js';
import { freshRoot, isUpstreamRoot } from './upstream/fresh.js';

/** More than these are counted only. */
const MAX_RENAMED = 8;

/** A blob that was written of a document. */
export interface EncodedBlob {
  readonly bytes: Uint8Array;
  /** Where the typed parts and `fdt.tree` disagreed, and names that were not taken, one sentence each. */
  readonly messages: readonly string[];
}

/**
 * Writes the blob of a document as `dump --format json` makes it, edited or not. Typed parts win over
 * `fdt.tree`; without `fdt.tree` the result is what the kernel's writer gives for the typed parts.
 *
 * @throws ModelError when the document has not the form of a model, naming the place
 *
 * @example
 * ```ts
 * import { decodeHandover, encodeBlob, jsonChunks, modelJson, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * // What `kho dump --format json` prints, edited or not.
 * const document: unknown = JSON.parse([...jsonChunks(modelJson(decodeHandover(blob)))].join(''));
 * console.log(encodeBlob(document).bytes.length === blob.length); //=> true
 * ```
 */
export function encodeBlob(document: unknown): EncodedBlob {
  const json = jsonObject(document, '');
  const fdt = json.fdt === undefined ? {} : jsonObject(json.fdt, 'fdt');
  const target = targetOf(json);
  if (target === undefined) {
    const record = json.kind === 'rider' && json.fdt === undefined ? riderRecord(json) : undefined;
    if (record !== undefined) return { bytes: record, messages: [] };
    if (fdt.tree === undefined) {
      throw new ModelError(
        `fdt.tree is missing, and there is no writer for a ${String(json.kind ?? 'document')} without generation`,
      );
    }
    const image = imageOf(fdt);
    return { bytes: fromImage(image), messages: renamedTexts(image) };
  }
  const { binding, generation } = target;
  const wanted = typedTree(binding.root, modelObject(binding.root, target.part, target.path));
  if (fdt.tree === undefined) {
    const bytes = isUpstreamRoot(generation) ? freshRoot(wanted, generation, fdt) : undefined;
    return { bytes: bytes ?? freshBlob(wanted, fdt.header), messages: [] };
  }
  return applied(imageOf(fdt), target, wanted);
}

/**
 * The blob that the writer of a kernel of the 2024 series gives for the typed parts of a model, whose lists may
 * be views of packed records.
 *
 * @throws RangeError when a value does not fit its field
 */
export function freshRfcBlob(
  model: Pick<Handover, 'domains' | 'iommufds' | 'guestmemfs' | 'ftrace'>,
): Uint8Array {
  return freshBlob(typedTree(rfc2024.root, { ...model }), undefined);
}

/** What a document's blob is made of. */
interface Target {
  readonly binding: TreeBinding;
  readonly generation?: Generation;
  /** The object that holds the typed parts, and where it is. */
  readonly part: { readonly [key: string]: unknown };
  readonly path: string;
  /** The same of a decoded blob. */
  readonly decoded: (handover: Handover) => { readonly [key: string]: unknown };
}

function targetOf(json: { readonly [key: string]: unknown }): Target | undefined {
  const generation = generationOf(json.generation);
  if (generation !== undefined) {
    const binding = isRfc(generation) ? rfc2024 : upstreamRoots[generation];
    const decoded = (handover: Handover) => handover as unknown as { [key: string]: unknown };
    return { binding, generation, part: json, path: '', decoded };
  }
  const tree = json.kind === 'rider' ? riderTree(json) : undefined;
  if (tree === undefined) return undefined;
  const { binding, part, rider } = tree;
  const decoded = (handover: Handover) => (handover[rider.key] ?? {}) as { [key: string]: unknown };
  return { binding, part, path: rider.key, decoded };
}

/** Lays the typed parts over the image of the document's tree. */
function applied(image: FdtImage, { binding, generation, decoded }: Target, wanted: TypedNode): EncodedBlob {
  const handover = decodeHandover(fromImage(image), generation === undefined ? {} : { assume: generation });
  // The root's own string is an edit only where the document has another generation than the tree: a tree that is
  // read as one by assumption keeps what it says.
  const own = handover.generation === generation;
  const found = withoutCompatible(typedTree(binding.root, decoded(handover)), own);
  const { namedTree } = handover;
  const strings =
    namedTree === undefined
      ? image.strings
      : namedTree.bytes.subarray(namedTree.stringsStart, namedTree.stringsEnd);
  const result = applyTyped(image, found, withoutCompatible(wanted, own), (property) =>
    propertyName(strings, property),
  );
  return {
    bytes: fromImage(result.moved ? relayout(result.image) : result.image),
    messages: [...renamedTexts(image), ...result.changes],
  };
}

function withoutCompatible(root: TypedNode, leave: boolean): TypedNode {
  return leave ? { ...root, properties: root.properties.filter(({ name }) => name !== 'compatible') } : root;
}

function generationOf(value: unknown): Generation | undefined {
  if (value === undefined) return undefined;
  const generation = GENERATIONS.find((known) => known === value);
  if (generation === undefined) throw new ModelError(`generation: not one of ${GENERATIONS.join(', ')}`);
  return generation;
}

/** imageFromJson reports shapes with plain errors that already name the place. */
function imageOf(fdt: unknown): FdtImage {
  try {
    const image = imageFromJson(fdt);
    return needsLayout(image) ? relayout(image) : image;
  } catch (error) {
    throw new ModelError(error instanceof Error ? error.message : String(error));
  }
}

/** What an editor may have meant as new names, and what becomes of it; the first few. */
function renamedTexts(image: FdtImage): string[] {
  const renamed = mismatchedNames(image);
  const texts = renamed
    .slice(0, MAX_RENAMED)
    .map(
      (i) =>
        `fdt.tree[${i}]: prop is not the name at its nameOffset, which takes precedence; leave out nameOffset to rename`,
    );
  const more = renamed.length - texts.length;
  return more > 0 ? [...texts, `fdt.tree: ${more} more names like that`] : texts;
}

function propertyName(
  strings: Uint8Array,
  property: { readonly name?: Uint8Array; readonly nameOffset: number | undefined },
): Uint8Array | undefined {
  if (property.name !== undefined) return property.name;
  if (property.nameOffset === undefined) return undefined;
  const end = strings.indexOf(0, property.nameOffset);
  return end < 0 ? undefined : strings.subarray(property.nameOffset, end);
}

/** What libfdt's sequential writer gives; the header fields that it takes from its version stay as the document has them. */
function freshBlob(root: TypedNode, header: unknown): Uint8Array {
  const writer = createFdtWriter();
  writeNode(writer, root);
  const bytes = writer.finish();
  if (header === undefined) return bytes;
  const wanted = jsonObject(header, 'fdt.header');
  const view = dataView(bytes);
  const written = readFdtHeader(view, 0);
  const { lastCompVersion, bootCpuidPhys } = wanted;
  if (typeof lastCompVersion === 'number') written.lastCompVersion = lastCompVersion;
  if (typeof bootCpuidPhys === 'number') written.bootCpuidPhys = bootCpuidPhys;
  writeFdtHeader(view, 0, written);
  return bytes;
}

function writeNode(writer: FdtWriter, node: TypedNode): void {
  writer.beginNode(node.name);
  for (const { name, value } of node.properties) writer.property(name, value);
  for (const child of node.children) writeNode(writer, child);
  writer.endNode();
}

/** The blobs that hang below the root tree: found, recognised by content, decoded. */
import type { Handover, Subtree } from '../../abi/model.js';
import { type FdtTree, parseFdt } from '../../fdt/parse.js';
import { findProperty, propertyValue, rootNode } from '../../fdt/tree.js';
import { readBytes } from '../../memory/read.js';
import { FDT_HEADER, FDT_HEADER_SIZE, FdtHeaderMagic } from '../../records/fdt.js';
import { hex } from '../../schema/units.js';
import { RIDERS, riderOf, riderOfTree } from '../../structures/riders.js';
import { compatibleStrings } from '../bind.js';
import { dataView } from '../bytes.js';
import { readTree, treeSize } from '../find-search.js';
import { attachBlob, attachStructures } from '../structures/attach.js';
import { readRiderRecord, readRiderTree } from '../structures/rider.js';
import type { Context, RiderContext } from './context.js';
import { isClear, withoutForeign } from './reused.js';

/** A larger blob is not kept as bytes; the known ones have a page. */
const MAX_BLOB = 1 << 20;
/** What a byte of a blob counts as held, and what more where it is a tree: its tokens, and all that is said of each. */
const HELD_BYTE = 4;
const HELD_TOKENS = 28;

/** Reads and decodes the blob of every child of the root. */
export function decodeRiders(handover: Handover, rider: RiderContext & { readonly context: Context }): void {
  const seen = new Set<string>();
  for (const subtree of handover.subtrees ?? []) {
    const name = subtree.name ?? '';
    const first = !seen.has(name);
    seen.add(name);
    // Of a tree that was taken over only what the kernel keeps is still itself.
    if (isGone(handover, name)) continue;
    const read = readBlob(subtree, rider);
    if (read === undefined) continue;
    if (isTree(read)) {
      const memory = rider.context?.memory;
      if (memory?.budget?.take('held', HELD_TOKENS * read.length) === false) continue;
      const { address = 0n } = subtree;
      const what = `blob of ${name}`;
      const tree = withoutForeign(rider.reporter, parseFdt(read), address, what, memory);
      if (isTree(tree.bytes)) subtree.tree = tree;
      subtree.blob = tree.bytes;
    } else subtree.blob = bytesOf(rider, subtree, read);
    const { blob } = subtree;
    // A look-up by name finds the first of several equal ones, and so does the model.
    subtree.known = first && decodeRider(handover, rider, name, blob, subtree.tree, subtree.address);
    if (subtree.known || !first) continue;
    if (riderOf(name)?.record?.freed === true && subtree.tree === undefined) delete subtree.blob;
    const { tree } = subtree;
    attachBlob(subtree, rider.context, tree === undefined ? undefined : compatibleOf(tree), (property) =>
      tree === undefined ? undefined : propertyOf(tree, property),
    );
  }
  attachStructures(handover, rider.context);
}

function isGone({ takenOver }: Handover, name: string): boolean {
  return takenOver !== undefined && (takenOver.gone?.includes(name) ?? riderOf(name)?.kept !== true);
}

/** A blob that is no tree. Where it should be one it belongs to somebody else; of an unknown child it may be anything. */
function bytesOf({ reporter }: RiderContext, { name, address = 0n }: Subtree, bytes: Uint8Array): Uint8Array {
  const known = riderOf(name);
  if (known === undefined || known.record !== undefined || isClear(bytes)) return bytes;
  reporter.reused(`blob of ${name}`, Number(address), Number(address) + bytes.length);
  return new Uint8Array(bytes.length);
}

/** Whether bytes begin with a devicetree header. */
export function isTree(blob: Uint8Array): boolean {
  return (
    blob.length >= FDT_HEADER_SIZE && dataView(blob).getUint32(FDT_HEADER.magic) === FdtHeaderMagic.fdtMagic
  );
}

function readBlob(
  { name, address, size, origin }: Subtree,
  { context, reporter: whole }: RiderContext,
): Uint8Array | undefined {
  if (address === undefined || context === undefined) return undefined;
  const reporter = whole.of(riderOf(name)?.part ?? 'blob');
  const { memory } = context;
  // Children may all claim the same MiB: what is kept of them counts together.
  const claimed = size ?? BigInt(treeSize(memory, address) ?? 0);
  const kept = claimed > BigInt(MAX_BLOB) ? MAX_BLOB : Number(claimed);
  if (memory.budget?.take('held', HELD_BYTE * kept) === false) return undefined;
  const location = { ...(origin?.fdtPath === undefined ? {} : { fdtPath: origin.fdtPath }), address };
  if (size !== undefined && size <= BigInt(MAX_BLOB)) {
    const bytes = readBytes(memory, address, Number(size));
    if (bytes === undefined) reporter.absent(`blob of ${name}`, address, location);
    return bytes;
  }
  const bytes = readTree(memory, address);
  if (size !== undefined) {
    reporter.add('subtree-size', `blob-size of ${name} is ${hex(size)}: too large to be kept`, {
      ...location,
      property: 'blob-size',
    });
  } else if (bytes === undefined) {
    const known = readBytes(memory, address, FDT_HEADER_SIZE);
    if (known === undefined) reporter.absent(`blob of ${name}`, address, location);
    else
      reporter.add(
        'subtree-not-fdt',
        `the blob of ${name} at ${hex(address)} is not a devicetree blob`,
        location,
      );
  }
  return bytes !== undefined && bytes.length <= MAX_BLOB ? bytes : undefined;
}

/**
 * Decodes one blob into the part of the model that it is.
 *
 * @param name of the child of the root; undefined for a blob on its own
 * @returns whether its contents are known
 */
export function decodeRider(
  handover: Handover,
  rider: RiderContext,
  name: string | undefined,
  blob: Uint8Array,
  tree: FdtTree | undefined,
  address: bigint | undefined,
): boolean {
  if (tree !== undefined) return decodeTreeRider(handover, rider, name, tree, address);
  const found = RIDERS.find(
    (each) => each.record !== undefined && (name === undefined ? each.record.fits(blob) : each.name === name),
  );
  const part = found === undefined ? undefined : readRiderRecord(found, rider, blob, address);
  if (found !== undefined && part !== undefined) Object.assign(handover, { [found.key]: part });
  return part !== undefined;
}

/** A property of the root of a tree. */
function propertyOf(tree: FdtTree, name: string): Uint8Array | undefined {
  const root = rootNode(tree);
  const property = root < 0 ? -1 : findProperty(tree, root, name);
  return property < 0 ? undefined : propertyValue(tree, property);
}

function compatibleOf(tree: FdtTree): string | undefined {
  return compatibleStrings(propertyOf(tree, 'compatible') ?? new Uint8Array(0))[0];
}

function decodeTreeRider(
  handover: Handover,
  rider: RiderContext,
  name: string | undefined,
  tree: FdtTree,
  address: bigint | undefined,
): boolean {
  const { reporter } = rider;
  const place = name === undefined ? '' : `${name}: `;
  if (name !== undefined) {
    for (const { code, message, offset } of tree.diagnostics) {
      reporter.add(
        `fdt-${code}`,
        place + message,
        address === undefined ? {} : { address: address + BigInt(offset) },
      );
    }
  }
  const compatible = compatibleOf(tree);
  const found = riderOfTree(compatible);
  if (found !== undefined && compatible !== undefined) {
    Object.assign(handover, { [found.key]: readRiderTree(found, rider, tree, compatible, address) });
    return true;
  }
  if (riderOf(name)?.forms.some(({ tree: own }) => own !== undefined) === true) {
    reporter.add(
      'compatible-unknown',
      `${place}${compatible === undefined ? 'no compatible property' : `"${compatible}" is not a known version`}; the blob is kept as bytes`,
      { fdtPath: `/${name}`, property: 'compatible' },
    );
  }
  return false;
}

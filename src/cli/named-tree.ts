/** What a command that prints or copies a tree cannot do without: one where --fdt-addr says. `validate` judges whatever has its place. */
import { FDT_MAGIC } from '../fdt/token-layout.js';
import { rootNode } from '../fdt/tree.js';
import { InputError } from '../memory/node/errors.js';
import { hex } from '../schema/units.js';
import { message, STATUS } from './common.js';
import type { LoadedDump } from './load.js';

/** @throws InputError where the memory that --fdt-addr names begins with no devicetree blob */
export function requireNamedTree({ path, found }: Pick<LoadedDump, 'path' | 'found'>): void {
  if (found?.how !== '--fdt-addr') return;
  const { addresses, bytes } = found;
  const magic = [...bytes.subarray(0, 4)].reduce((value, byte) => value * 256 + byte, 0);
  if (bytes.length >= 4 && magic === FDT_MAGIC) return;
  const [address = 0n] = addresses;
  throw new InputError(
    path,
    'no-tree',
    `has no devicetree blob at ${hex(address)}, which --fdt-addr names; kho validate says how it is damaged`,
  );
}

/** Of a tree that cannot be read at all nothing is known: an answer made of it is none, and the status says so. */
export function failUnreadable(
  args: { quiet?: boolean | undefined },
  { path, handover: { kind, tree } }: Pick<LoadedDump, 'path' | 'handover'>,
): void {
  if (kind !== 'handover' || tree === undefined || rootNode(tree) >= 0) return;
  message(args, `${path}: no node of the tree can be read; kho validate tells why`);
  process.exitCode = STATUS.unusable;
}

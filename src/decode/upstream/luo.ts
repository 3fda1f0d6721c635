/**
 * The Live Update Orchestrator's state, as the form of its version says (structures/luo): sessions, their files, and the
 * global state (FLB) that files depend on.
 */
import type { Luo } from '../../abi/upstream/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import { rootNode } from '../../fdt/tree.js';
import { readBytes } from '../../memory/read.js';
import { LUO_SER_SIZE } from '../../records/luo.js';
import { type LuoForm, luoCompatible, luoForm } from '../../structures/luo/binding.js';
import type { Model } from '../../structures/structure.js';
import { bindNode, type ModelObject } from '../bind.js';
import { dataView } from '../bytes.js';
import { readKept } from '../structures/read.js';
import type { Context, RiderContext } from './context.js';
import { clearRecord } from './reused.js';

export {
  FILE_PAGES,
  fileCapacity,
  flbCapacity,
  SESSION_PAGES,
  sessionCapacity,
} from '../../structures/luo/binding.js';

/** LUO as a tree of its own. */
export function decodeLuoTree(
  { diagnostics, context }: RiderContext,
  tree: FdtTree,
  compatible: string,
  address: bigint | undefined,
): Luo {
  const form = luoForm(compatible);
  const luo: Luo = {
    compatible,
    ...(form === undefined ? {} : { version: form.version }),
    ...(address === undefined ? {} : { origin: { address } }),
  };
  if (form?.tree === undefined) return luo;
  bindNode(tree, rootNode(tree), form.tree.root, luo as unknown as ModelObject, diagnostics);
  if (context === undefined) return luo;
  if (form.head !== undefined && luo.abiHeader !== undefined) {
    const bytes = readBytes(context.memory, luo.abiHeader, form.head.size ?? 0);
    if (bytes === undefined) {
      context.reporter.of('luo').absent('luo_ser record', luo.abiHeader);
      return luo;
    }
    clearRecord(context.reporter, form.head, bytes, luo.abiHeader, 'luo_ser');
    Object.assign(luo, headOf(form, bytes));
  }
  readState(context, luo, form);
  return luo;
}

/** What the central record says. */
function headOf({ head }: LuoForm, bytes: Uint8Array) {
  const value = head?.read?.(dataView(bytes), 0);
  if (value === undefined) return {};
  const { liveupdateNum, sessionsPa, flbsPa } = value;
  return { liveupdateNumber: liveupdateNum, sessionsAddress: sessionsPa, flbsAddress: flbsPa };
}

/** LUO as a record. Undefined when the bytes are not such a record. */
export function decodeLuoRecord(
  { context, reporter }: RiderContext,
  bytes: Uint8Array,
  address: bigint | undefined,
): Luo | undefined {
  const location = { ...(address === undefined ? {} : { address }), field: 'luo_ser.compatible' };
  if (bytes.length < LUO_SER_SIZE) {
    reporter.add(
      'luo-size',
      `the LUO blob has ${bytes.length} bytes, but struct luo_ser has ${LUO_SER_SIZE}`,
      location,
    );
    return undefined;
  }
  const compatible = luoCompatible(bytes);
  const form = luoForm(compatible);
  if (form === undefined || form.tree !== undefined || bytes.length < (form.head?.size ?? 0)) {
    const named = /^[\x20-\x7e]+$/.test(compatible);
    if (!named && address !== undefined && bytes.some((byte) => byte !== 0)) {
      reporter.reused('luo_ser', Number(address), Number(address) + bytes.length);
      bytes.fill(0);
    }
    reporter.add(
      'luo-compatible',
      named
        ? `the LUO blob is "${compatible}", which is not a known version; it is kept as bytes`
        : 'the LUO blob does not begin with a version string: it is freed and reused memory, or damaged',
      location,
    );
    return undefined;
  }
  if (form.head !== undefined) clearRecord(reporter, form.head, bytes, address, 'luo_ser');
  const luo: Luo = {
    compatible,
    version: form.version,
    ...headOf(form, bytes),
    ...(address === undefined ? {} : { origin: { address } }),
  };
  if (context !== undefined) readState(context, luo, form);
  return luo;
}

function readState(context: Context, luo: Luo, form: LuoForm): void {
  const { sessionsAddress, flbsAddress } = luo;
  const model = luo as unknown as Model;
  if (sessionsAddress !== undefined) readKept({ context, owner: '' }, form.sessions, sessionsAddress, model);
  if (flbsAddress !== undefined) readKept({ context, owner: '' }, form.flbs, flbsAddress, model);
}

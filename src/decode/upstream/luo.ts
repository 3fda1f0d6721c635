/**
 * The Live Update Orchestrator's state, as the form of its version says (structures/luo): sessions, their files, and the
 * global state (FLB) that files depend on.
 */
import type { BlockInfo, Luo, LuoFile, LuoFlb, LuoSession } from '../../abi/upstream/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import { rootNode } from '../../fdt/tree.js';
import { physicalAddress, readBytes } from '../../memory/read.js';
import { LUO_SER_SIZE, type LuoFileSer, type LuoSessionSer } from '../../records/luo.js';
import { bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { type LuoForm, luoCompatible, luoForm } from '../../structures/luo/binding.js';
import { chainOf, listCapacity } from '../../structures/record-list.js';
import { bindNode, type ModelObject } from '../bind.js';
import { dataView } from '../bytes.js';
import { attachReleased } from '../structures/attach.js';
import { type PlacedRecord, readArea, readChain, readRecords } from './chain.js';
import { type Context, claim, contextOf, type RiderContext } from './context.js';
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
  if (sessionsAddress !== undefined) readSessions(context, luo, form, sessionsAddress);
  if (flbsAddress !== undefined && flbsAddress !== 0n) readFlbs(context, luo, form, flbsAddress);
}

function readSessions(context: Context, luo: Luo, form: LuoForm, address: bigint): void {
  const own = contextOf(context, 'sessions');
  const { kept, record, what } = form.sessions;
  if ('chain' in kept) {
    const { records, blocks, complete } = readChain(own, address, kept.chain, record, what);
    luo.sessionBlocks = blocks;
    // If nothing of a list can be read, the model has no list, rather than an empty one.
    if (records.length > 0 || complete || blocks.length > 0) luo.sessions = sessions(context, form, records);
    return;
  }
  if (address === 0n) return;
  const area = readArea(own, address, form.sessions, kept.area);
  if (area === undefined) return;
  luo.sessionCount = area.count;
  if (area.records.length > 0 || !area.absent) luo.sessions = sessions(context, form, area.records);
}

function sessions(
  context: Context,
  form: LuoForm,
  records: readonly PlacedRecord<LuoSessionSer>[],
): LuoSession[] {
  return records.map(({ value, address }) => {
    const { files, count } = value.fileSetSer;
    const session: LuoSession = {
      name: value.name,
      count,
      filesAddress: files,
      origin: { address },
    };
    const name = bytesToText(value.name).text;
    const own = contextOf(context, 'files', address);
    const list =
      files === 0n ? { records: [], blocks: [], absent: false } : readFiles(own, form, files, count, name);
    if (list === undefined) return session;
    if (chainOf(form.files) !== undefined) session.fileBlocks = list.blocks;
    if (list.absent && list.records.length === 0) return session;
    session.files = list.records.map((record, i) => file(context, record, `file ${i} of session "${name}"`));
    if (BigInt(list.records.length) !== count) {
      context.reporter.add(
        'luo-file-count',
        `session "${name}" has a count of ${count} files, but only ${list.records.length} can be read`,
        { address, field: 'luo_file_set_ser.count' },
      );
    }
    return session;
  });
}

function readFiles(
  context: Context,
  { files }: LuoForm,
  address: bigint,
  count: bigint,
  session: string,
): { records: PlacedRecord<LuoFileSer>[]; blocks: readonly BlockInfo[]; absent: boolean } | undefined {
  const what = `${files.what} of session "${session}"`;
  const chain = chainOf(files);
  if (chain !== undefined) return readChain(context, address, chain, files.record, what);
  const at = physicalAddress(address);
  if (at === undefined || !claim(context, at)) {
    const why = at === undefined ? 'no physical address' : 'the array of another session';
    context.reporter.add('luo-files', `${what}: ${hex(address)} is ${why}`, {
      address,
      field: 'luo_file_set_ser.files',
    });
    return undefined;
  }
  const capacity = listCapacity(files, context.pageSize);
  const { records, absent } = readRecords(context, address, count, capacity, files.record, what);
  return { records, blocks: [], absent };
}

function file(context: Context, { value, address }: PlacedRecord<LuoFileSer>, owner: string): LuoFile {
  const { compatible, token, data } = value;
  const result: LuoFile = { compatible, token, data, origin: { address } };
  attachReleased(context, result, { kind: 'file', name: bytesToText(compatible).text, data, owner });
  return result;
}

function readFlbs(context: Context, luo: Luo, { flbs }: LuoForm, address: bigint): void {
  if (!('area' in flbs.kept)) return;
  const area = readArea(contextOf(context, 'flbs'), address, flbs, flbs.kept.area);
  if (area === undefined) return;
  luo.flbPages = area.header.pgcnt ?? 0n;
  luo.flbCount = area.count;
  if (area.absent && area.records.length === 0) return;
  luo.flbs = area.records.map(({ value, address: at }): LuoFlb => ({ ...value, origin: { address: at } }));
}

/**
 * The Live Update Orchestrator's state, luo-v1 to luo-v5 (kernel/liveupdate/luo_core.c, luo_session.c,
 * luo_file.c, luo_flb.c): sessions, their files, and the global state (FLB) that files depend on.
 */

import {
  type BlockInfo,
  LUO_VERSIONS,
  type Luo,
  type LuoFile,
  type LuoFlb,
  type LuoSession,
  type LuoVersion,
} from '../../abi/upstream/model.js';
import { luoV1, luoV2 } from '../../abi/upstream/riders.js';
import type { FdtTree } from '../../fdt/parse.js';
import { rootNode } from '../../fdt/tree.js';
import { physicalAddress, readBytes } from '../../memory/read.js';
import {
  LUO_FILE_SER_SIZE,
  LUO_FLB_HEADER_SER_SIZE,
  LUO_FLB_SER_SIZE,
  LUO_SER,
  LUO_SER_COMPOSITE,
  LUO_SER_COMPOSITE_SIZE,
  LUO_SER_SIZE,
  LUO_SER_V2_SIZE,
  LUO_SESSION_HEADER_SER_SIZE,
  LUO_SESSION_SER_V1_SIZE,
  type LuoFileSer,
  type LuoSessionSer,
  luoFileSer,
  luoFlbSer,
  luoSessionSer,
  luoSessionSerV1,
  readLuoFlbHeaderSer,
  readLuoSer,
  readLuoSerComposite,
  readLuoSerV2,
  readLuoSessionHeaderSer,
} from '../../records/luo.js';
import { ownVersion } from '../../schema/composite.js';
import { bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { bindNode, type ModelObject } from '../bind.js';
import { dataView } from '../bytes.js';
import { attachReleased } from '../structures/attach.js';
import { type PlacedRecord, readBlocks, readRecords } from './blocks.js';
import { type Context, claim, contextOf, type RiderContext } from './context.js';

/** Pages of the session area, luo-v1 to luo-v3, and of a session's array of files, luo-v1 to luo-v4. */
export const SESSION_PAGES = 16;
export const FILE_PAGES = 2;

/** Sessions that the area of luo-v1 to luo-v3 holds. */
export function sessionCapacity(pageSize: number): number {
  return Math.floor((SESSION_PAGES * pageSize - LUO_SESSION_HEADER_SER_SIZE) / LUO_SESSION_SER_V1_SIZE);
}

/** Files that the array of a session holds, up to luo-v4. */
export function fileCapacity(pageSize: number): number {
  return (FILE_PAGES * pageSize) / LUO_FILE_SER_SIZE;
}

/** Entries that an FLB page holds. */
export function flbCapacity(pageSize: number): number {
  return Math.floor((pageSize - LUO_FLB_HEADER_SER_SIZE) / LUO_FLB_SER_SIZE);
}

function knownVersion(compatible: string): LuoVersion | undefined {
  return LUO_VERSIONS.find((version) => version === compatible);
}

/** LUO as a tree of its own: luo-v1 and luo-v2. */
export function decodeLuoTree(
  { diagnostics, context }: RiderContext,
  tree: FdtTree,
  compatible: string,
  address: bigint | undefined,
): Luo {
  const version = knownVersion(compatible);
  const luo: Luo = {
    compatible,
    ...(version === undefined ? {} : { version }),
    ...(address === undefined ? {} : { origin: { address } }),
  };
  const binding = version === 'luo-v1' ? luoV1 : luoV2;
  bindNode(tree, rootNode(tree), binding.root, luo as unknown as ModelObject, diagnostics);
  if (context === undefined) return luo;
  if (version === 'luo-v2' && luo.abiHeader !== undefined) {
    const bytes = readBytes(context.memory, luo.abiHeader, LUO_SER_V2_SIZE);
    if (bytes === undefined) {
      context.reporter.of('luo').absent('luo_ser record', luo.abiHeader);
      return luo;
    }
    const { liveupdateNum, sessionsPa, flbsPa } = readLuoSerV2(dataView(bytes), 0);
    Object.assign(luo, { liveupdateNumber: liveupdateNum, sessionsAddress: sessionsPa, flbsAddress: flbsPa });
  }
  readState(context, luo);
  return luo;
}

/** Whether bytes begin like struct luo_ser of luo-v3 and later. */
export function isLuoRecord(bytes: Uint8Array): boolean {
  return bytes.length >= LUO_SER_SIZE && /^luo-v\d+$/.test(ownVersion(compatibleOf(bytes)));
}

/** A composite string has twice the room. */
function compatibleOf(bytes: Uint8Array): string {
  const { text } = bytesToText(bytes.subarray(LUO_SER.compatible, LUO_SER.liveupdateNum));
  if (!text.includes(';') || bytes.length < LUO_SER_COMPOSITE_SIZE) return text;
  return bytesToText(bytes.subarray(LUO_SER_COMPOSITE.compatible, LUO_SER_COMPOSITE.liveupdateNum)).text;
}

/** LUO as a record: luo-v3 to luo-v5. Undefined when the bytes are not such a record. */
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
  const compatible = compatibleOf(bytes);
  const version = knownVersion(ownVersion(compatible));
  if (version === undefined || version === 'luo-v1' || version === 'luo-v2') {
    reporter.add(
      'luo-compatible',
      /^[\x20-\x7e]+$/.test(compatible)
        ? `the LUO blob is "${compatible}", which is not a known version; it is kept as bytes`
        : 'the LUO blob does not begin with a version string: it is freed and reused memory, or damaged',
      location,
    );
    return undefined;
  }
  const { liveupdateNum, sessionsPa, flbsPa } = compatible.includes(';')
    ? readLuoSerComposite(dataView(bytes), 0)
    : readLuoSer(dataView(bytes), 0);
  const luo: Luo = {
    compatible,
    version,
    liveupdateNumber: liveupdateNum,
    sessionsAddress: sessionsPa,
    flbsAddress: flbsPa,
    ...(address === undefined ? {} : { origin: { address } }),
  };
  if (context !== undefined) readState(context, luo);
  return luo;
}

function readState(context: Context, luo: Luo): void {
  if (luo.sessionsAddress !== undefined) readSessions(context, luo, luo.sessionsAddress);
  if (luo.flbsAddress !== undefined && luo.flbsAddress !== 0n) readFlbs(context, luo, luo.flbsAddress);
}

function readSessions(context: Context, luo: Luo, address: bigint): void {
  const { memory, pageSize, reporter } = context;
  if (luo.version === 'luo-v4' || luo.version === 'luo-v5') {
    const { records, blocks, complete } = readBlocks(
      contextOf(context, 'sessions'),
      address,
      luoSessionSer,
      'sessions',
    );
    luo.sessionBlocks = blocks;
    // If nothing of a list can be read, the model has no list, rather than an empty one.
    if (records.length > 0 || complete || blocks.length > 0) luo.sessions = sessions(context, luo, records);
    return;
  }
  if (address === 0n) return;
  const head = readBytes(memory, address, LUO_SESSION_HEADER_SER_SIZE);
  if (head === undefined) {
    reporter.of('sessions').absent('session area', address);
    return;
  }
  const { count } = readLuoSessionHeaderSer(dataView(head), 0);
  luo.sessionCount = count;
  const first = address + BigInt(LUO_SESSION_HEADER_SER_SIZE);
  const { records, absent } = readRecords(
    contextOf(context, 'sessions'),
    first,
    count,
    sessionCapacity(pageSize),
    luoSessionSerV1,
    'sessions',
  );
  if (records.length > 0 || !absent) luo.sessions = sessions(context, luo, records);
}

function sessions(context: Context, luo: Luo, records: readonly PlacedRecord<LuoSessionSer>[]): LuoSession[] {
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
      files === 0n ? { records: [], blocks: [], absent: false } : readFiles(own, luo, files, count, name);
    if (list === undefined) return session;
    if (luo.version === 'luo-v5') session.fileBlocks = list.blocks;
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
  luo: Luo,
  address: bigint,
  count: bigint,
  session: string,
): { records: PlacedRecord<LuoFileSer>[]; blocks: readonly BlockInfo[]; absent: boolean } | undefined {
  const what = `files of session "${session}"`;
  if (luo.version === 'luo-v5') return readBlocks(context, address, luoFileSer, what);
  const at = physicalAddress(address);
  if (at === undefined || !claim(context, at)) {
    const why = at === undefined ? 'no physical address' : 'the array of another session';
    context.reporter.add('luo-files', `${what}: ${hex(address)} is ${why}`, {
      address,
      field: 'luo_file_set_ser.files',
    });
    return undefined;
  }
  const capacity = fileCapacity(context.pageSize);
  const { records, absent } = readRecords(context, address, count, capacity, luoFileSer, what);
  return { records, blocks: [], absent };
}

function file(context: Context, { value, address }: PlacedRecord<LuoFileSer>, owner: string): LuoFile {
  const { compatible, token, data } = value;
  const result: LuoFile = { compatible, token, data, origin: { address } };
  attachReleased(context, result, { kind: 'file', name: bytesToText(compatible).text, data, owner });
  return result;
}

function readFlbs(context: Context, luo: Luo, address: bigint): void {
  const { memory, pageSize, reporter } = context;
  const head = readBytes(memory, address, LUO_FLB_HEADER_SER_SIZE);
  if (head === undefined) {
    reporter.of('flbs').absent('FLB page', address);
    return;
  }
  const { pgcnt, count } = readLuoFlbHeaderSer(dataView(head), 0);
  luo.flbPages = pgcnt;
  luo.flbCount = count;
  const first = address + BigInt(LUO_FLB_HEADER_SER_SIZE);
  const own = contextOf(context, 'flbs');
  const { records, absent } = readRecords(own, first, count, flbCapacity(pageSize), luoFlbSer, 'FLB entries');
  if (absent && records.length === 0) return;
  luo.flbs = records.map(({ value, address: at }): LuoFlb => ({ ...value, origin: { address: at } }));
}

/** The records of LUO: sessions, files, FLBs. */
import type { BlockInfo, Luo, LuoSession } from '../abi/upstream/model.js';
import { blockCapacity } from '../decode/upstream/blocks.js';
import { fileCapacity, flbCapacity, sessionCapacity } from '../decode/upstream/luo.js';
import { khoBlockHeaderSer } from '../records/kho_block.js';
import {
  LUO_FILE_SER_SIZE,
  LUO_SESSION_SER_SIZE,
  luoFileSer,
  luoFlbHeaderSer,
  luoFlbSer,
  luoSer,
  luoSerComposite,
  luoSerV2,
  luoSerV3,
  luoSerV4,
  luoSessionHeaderSer,
  luoSessionSer,
  luoSessionSerV1,
} from '../records/luo.js';
import { bytesToText } from '../schema/text.js';
import type { ReferenceContext } from './sink.js';
import { addStructure, heldBy } from './structures.js';

/** The head that is LUO's blob itself. */
const HEADS = { 'luo-v3': luoSerV3, 'luo-v4': luoSerV4, 'luo-v5': luoSer } as const;

/** Tells LUO's records and what they lead to. */
export function addLuo(context: ReferenceContext, luo: Luo): void {
  const { sink, pageSize } = context;
  const { version, abiHeader, origin, sessions = [], sessionBlocks, flbs = [] } = luo;
  if (abiHeader !== undefined) sink.record(luoSerV2, abiHeader, 'luo_ser');
  if (version !== undefined && version in HEADS && origin?.address !== undefined) {
    const head = luo.compatible.includes(';') ? luoSerComposite : HEADS[version as keyof typeof HEADS];
    sink.record(head, origin.address, 'LUO', { list: 'luo' });
  }
  if (luo.sessionCount !== undefined && luo.sessionsAddress !== undefined) {
    sink.record(luoSessionHeaderSer, luo.sessionsAddress, 'the session area', {
      capacity: sessionCapacity(pageSize),
      length: sessions.length,
    });
  }
  addBlocks(context, sessionBlocks ?? [], 'sessions', blockCapacity(pageSize, LUO_SESSION_SER_SIZE));
  const record = sessionBlocks === undefined ? luoSessionSerV1 : luoSessionSer;
  for (const [i, session] of sessions.entries()) addSession(context, record, session, i);
  if (luo.flbsAddress === undefined || luo.flbCount === undefined) return;
  sink.record(luoFlbHeaderSer, luo.flbsAddress, 'the FLB page', {
    capacity: flbCapacity(pageSize),
    length: flbs.length,
  });
  for (const flb of flbs) {
    const what = `FLB "${bytesToText(flb.name).text}"`;
    if (flb.origin.address !== undefined) sink.record(luoFlbSer, flb.origin.address, what, { list: 'flbs' });
    for (const held of heldBy(flb, what)) addStructure(context, held);
  }
}

function addBlocks(
  { sink, pageSize }: ReferenceContext,
  blocks: readonly BlockInfo[],
  of: string,
  capacity: number,
): void {
  for (const [i, { address, count }] of blocks.entries()) {
    const what = `block ${i} of ${of}`;
    sink.page({ address: Number(address), length: pageSize, chain: `blocks of ${of}`, what });
    sink.record(khoBlockHeaderSer, address, what, {
      list: `blocks of ${of}`,
      capacity,
      length: Number(count),
    });
  }
}

function addSession(
  context: ReferenceContext,
  record: typeof luoSessionSer | typeof luoSessionSerV1,
  session: LuoSession,
  index: number,
): void {
  const { files = [], fileBlocks, origin } = session;
  const { sink, pageSize } = context;
  const text = bytesToText(session.name).text;
  const what = text === '' ? `session ${index}` : `session "${text}"`;
  const capacity =
    fileBlocks === undefined ? fileCapacity(pageSize) : blockCapacity(pageSize, LUO_FILE_SER_SIZE);
  if (origin.address !== undefined)
    sink.record(record, origin.address, what, { list: 'sessions', capacity, length: files.length });
  addBlocks(context, fileBlocks ?? [], `files of ${what}`, capacity);
  for (const [i, file] of files.entries()) {
    const name = `${what} file ${i}`;
    if (file.origin.address !== undefined)
      sink.record(luoFileSer, file.origin.address, name, { list: `files of ${what}` });
    for (const held of heldBy(file, name)) addStructure(context, held);
  }
}

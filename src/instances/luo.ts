/** The records of LUO: sessions, files, memfds, FLBs. */
import type { BlockInfo, Luo, LuoFile, LuoSession, Memfd } from '../abi/upstream/model.js';
import { blockCapacity } from '../decode/upstream/blocks.js';
import { draftFile, draftFlb } from '../decode/upstream/drafts.js';
import { fileCapacity, flbCapacity, sessionCapacity } from '../decode/upstream/luo.js';
import { createReporter } from '../decode/upstream/report.js';
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../memory/physical.js';
import { khoBlockHeaderSer } from '../records/kho_block.js';
import {
  LUO_FILE_SER_SIZE,
  LUO_SESSION_SER_SIZE,
  luoFileSer,
  luoFlbHeaderSer,
  luoFlbSer,
  luoSer,
  luoSerV2,
  luoSerV3,
  luoSerV4,
  luoSessionHeaderSer,
  luoSessionSer,
  luoSessionSerV1,
} from '../records/luo.js';
import { MEMFD_LUO_FOLIO_SER_SIZE, memfdLuoFolioSer, memfdLuoSer, memfdLuoSerV1 } from '../records/memfd.js';
import { bytesToText } from '../schema/text.js';
import { addArea } from './area.js';
import type { ReferenceContext } from './sink.js';

/** The head that is LUO's blob itself. */
const HEADS = { 'luo-v3': luoSerV3, 'luo-v4': luoSerV4, 'luo-v5': luoSer } as const;

/** Tells LUO's records and what they lead to. */
export function addLuo(context: ReferenceContext, luo: Luo): void {
  const { sink, pageSize } = context;
  const { version, abiHeader, origin, sessions = [], sessionBlocks, flbs = [] } = luo;
  if (abiHeader !== undefined) sink.record(luoSerV2, abiHeader, 'luo_ser');
  if (version !== undefined && version in HEADS && origin?.address !== undefined) {
    sink.record(HEADS[version as keyof typeof HEADS], origin.address, 'LUO', { list: 'luo' });
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
  const watched = draftContext(context);
  for (const { name, data, draft, origin: place } of flbs) {
    const text = bytesToText(name).text;
    if (place.address !== undefined) sink.record(luoFlbSer, place.address, `FLB "${text}"`, { list: 'flbs' });
    if (draft !== undefined) draftFlb(watched, text, data);
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
    if (file.memfd !== undefined) addMemfd(context, file.memfd, name);
    else if (file.draft !== undefined) addDraftFile(context, file, name);
  }
}

function addMemfd(context: ReferenceContext, memfd: Memfd, file: string): void {
  const { sink, pageSize, preserved } = context;
  const { version, area, folios, origin } = memfd;
  const record = version === 'memfd-v1' ? memfdLuoSerV1 : memfdLuoSer;
  if (origin.address !== undefined) {
    sink.record(record, origin.address, `memfd of ${file}`, {
      list: 'memfds',
      capacity: Math.floor((area.runs.length * area.runSize) / MEMFD_LUO_FOLIO_SER_SIZE),
      length: folios.length,
    });
  }
  addArea(context, area, `the folios of ${file}`);
  sink.array({
    record: memfdLuoFolioSer,
    count: folios.length,
    at: area,
    what: (i) => `folio ${i} of ${file}`,
    traits: { list: `folios of ${file}` },
  });
  if (sink.contents === undefined) return;
  for (const { length, pfn, count, step } of folios.columns()) {
    for (let row = 0; row < length; row++) {
      // The last folio's size is that of its preserved block.
      const before = ((count[row] as number) - 1) * (step[row] as number);
      const first = pfn[row] as number;
      const order = preserved?.largestAt(first + before) ?? 0;
      const pages = before + (order > 0 ? 2 ** order : 1);
      sink.contents(first * pageSize, Math.min(pages * pageSize, PHYSICAL_LIMIT));
    }
  }
}

function addDraftFile(context: ReferenceContext, { compatible, data }: LuoFile, name: string): void {
  draftFile(draftContext(context), bytesToText(compatible).text, data, name);
}

/** Drafts give no places: their decoders are run once more, and what they read is what they decode. */
function draftContext({ sink, memory, pageSize }: ReferenceContext) {
  const watched: PhysicalMemory = {
    ...memory,
    read(address, length, into) {
      const known = memory.read(address, length, into);
      sink.bytes(address, known);
      return known;
    },
  };
  return { memory: watched, pageSize, reporter: createReporter([], memory), claimed: new Set<number>() };
}

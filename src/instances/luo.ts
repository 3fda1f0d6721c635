/** The records of LUO: sessions, files, FLBs. */
import type { BlockInfo, Luo, LuoSession } from '../abi/upstream/model.js';
import { bytesToText } from '../schema/text.js';
import { type LuoForm, luoForm } from '../structures/luo/binding.js';
import { areaOf, chainOf, listCapacity } from '../structures/record-list.js';
import type { ReferenceContext } from './sink.js';
import { addStructure, heldBy } from './structures.js';

/** Tells LUO's records and what they lead to. */
export function addLuo(context: ReferenceContext, luo: Luo): void {
  const { sink } = context;
  const { abiHeader, origin, sessions = [], sessionBlocks, flbs = [] } = luo;
  const form = luoForm(luo.compatible);
  if (form === undefined) return;
  const { tree, head } = form;
  if (head !== undefined && tree !== undefined && abiHeader !== undefined)
    sink.record(head, abiHeader, 'luo_ser');
  if (head !== undefined && tree === undefined && origin?.address !== undefined)
    sink.record(head, origin.address, 'LUO', { list: 'luo' });
  addHeader(context, form.sessions, luo.sessionCount, luo.sessionsAddress, sessions.length);
  addBlocks(context, form.sessions, sessionBlocks ?? [], 'sessions');
  for (const [i, session] of sessions.entries()) addSession(context, form, session, i);
  addHeader(context, form.flbs, luo.flbCount, luo.flbsAddress, flbs.length);
  for (const flb of flbs) {
    const what = `FLB "${bytesToText(flb.name).text}"`;
    if (flb.origin.address !== undefined)
      sink.record(form.flbs.record, flb.origin.address, what, { list: 'flbs' });
    for (const held of heldBy(flb, what)) addStructure(context, held);
  }
}

/** The header of an allocation of records, where it was read. */
function addHeader(
  { sink, pageSize }: ReferenceContext,
  list: LuoForm['sessions'] | LuoForm['flbs'],
  count: bigint | undefined,
  address: bigint | undefined,
  length: number,
): void {
  const { header, what } = areaOf(list) ?? {};
  if (header === undefined || count === undefined || address === undefined) return;
  sink.record(header, address, `the ${what}`, { capacity: listCapacity(list, pageSize), length });
}

function addBlocks(
  { sink, pageSize }: ReferenceContext,
  list: LuoForm['sessions'] | LuoForm['files'],
  blocks: readonly BlockInfo[],
  of: string,
): void {
  const { header } = chainOf(list) ?? {};
  if (header === undefined) return;
  for (const [i, { address, count }] of blocks.entries()) {
    const what = `block ${i} of ${of}`;
    sink.page({ address: Number(address), length: pageSize, chain: `blocks of ${of}`, what });
    sink.record(header, address, what, {
      list: `blocks of ${of}`,
      capacity: listCapacity(list, pageSize),
      length: Number(count),
    });
  }
}

function addSession(context: ReferenceContext, form: LuoForm, session: LuoSession, index: number): void {
  const { files = [], fileBlocks, origin } = session;
  const { sink, pageSize } = context;
  const text = bytesToText(session.name).text;
  const what = text === '' ? `session ${index}` : `session "${text}"`;
  const capacity = listCapacity(form.files, pageSize);
  if (origin.address !== undefined)
    sink.record(form.sessions.record, origin.address, what, {
      list: 'sessions',
      capacity,
      length: files.length,
    });
  addBlocks(context, form.files, fileBlocks ?? [], `files of ${what}`);
  for (const [i, file] of files.entries()) {
    const name = `${what} file ${i}`;
    if (file.origin.address !== undefined)
      sink.record(form.files.record, file.origin.address, name, { list: `files of ${what}` });
    for (const held of heldBy(file, name)) addStructure(context, held);
  }
}

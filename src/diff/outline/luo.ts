/** LUO by session, token and FLB; the same for every version of its ABI. */
import { missingOf } from '../../abi/missing.js';
import type { DraftRecord, Luo, LuoFile, LuoFlb, LuoSession } from '../../abi/upstream/model.js';
import { bytesToText } from '../../schema/text.js';
import { type Entity, field, type List, strictField, summaryField } from '../entity.js';
import type { Place } from '../place.js';
import { nameKey, nameOf } from './names.js';
import { fileOutline, heldOutline, type StructureContext } from './structures.js';

const LUO: Place = { part: 'luo' };

/** The orchestrator's state. */
export function luoEntity(luo: Luo, context: StructureContext): Entity {
  const { handover } = context;
  const { compatible, liveupdateNumber, sessions, flbs, sessionsAddress, flbsAddress, abiHeader } = luo;
  const files = (sessions ?? []).reduce((sum, session) => sum + (session.files?.length ?? 0), 0);
  // 0 is the address of an empty list, and up to luo-v3 sessions are in an area that is always there.
  const none = sessionsAddress === 0n || sessionsAddress === undefined;
  const noFlbs = flbsAddress === 0n || flbsAddress === undefined;
  return {
    place: LUO,
    key: 'luo',
    fields: [
      field('compatible', compatible),
      {
        ...field('liveupdate_num', liveupdateNumber, 'count'),
        expected: (a, b) => b > a,
      },
      summaryField('sessions', sessions?.length),
      summaryField('files', sessions === undefined ? undefined : files),
      strictField('sessions_pa', sessionsAddress),
      strictField('flbs_pa', flbsAddress),
      strictField('luo_ser', abiHeader),
    ],
    lists: [
      list(
        'sessions',
        sessions ?? (none ? [] : undefined),
        (session) => sessionEntity(session, context),
        missingOf(handover, ['luo', 'sessions']) !== undefined,
      ),
      list(
        'flbs',
        flbs ?? (noFlbs ? [] : undefined),
        (flb) => flbEntity(flb, context),
        missingOf(handover, ['luo', 'flbs']) !== undefined,
      ),
    ],
  };
}

/** @param partial part of the list is not in the dump: what it lacks may have been there */
function list<T>(
  name: string,
  items: readonly T[] | undefined,
  entity: (item: T) => Entity,
  partial: boolean,
): List {
  if (items === undefined) return { name, place: LUO };
  return {
    name,
    place: LUO,
    partial,
    entities: {
      *[Symbol.iterator]() {
        for (const item of items) yield entity(item);
      },
    },
  };
}

function sessionEntity(session: LuoSession, context: StructureContext): Entity {
  const { handover } = context;
  const { name: stored, files, count, filesAddress } = session;
  const name = nameOf(stored);
  const place: Place = { part: 'luo', session: name };
  return {
    place,
    key: nameKey(name),
    fields: [
      summaryField('files', count),
      strictField('files_pa', filesAddress),
      strictField('count', count, 'count'),
      strictField('name', stored),
    ],
    lists: [
      files === undefined
        ? { name: 'files', place }
        : {
            name: 'files',
            place,
            partial: missingOf(handover, ['files'], session.origin.address) !== undefined,
            entities: {
              *[Symbol.iterator]() {
                for (const file of files) yield fileEntity(file, name, context);
              },
            },
          },
    ],
  };
}

function fileEntity(file: LuoFile, session: Uint8Array, context: StructureContext): Entity {
  const { compatible, token, data, draft } = file;
  const place: Place = { part: 'luo', session, token };
  const handler = bytesToText(compatible).text;
  const held = fileOutline(context, file, handler, place);
  return {
    place,
    key: token.toString(16),
    fields: [
      field('compatible', handler),
      draftField(draft),
      ...held.fields,
      // Of a handler that is not known the value may be anything, an address most of the time.
      strictField('data', data, 'hex'),
    ],
    lists: held.lists,
  };
}

/** Of a record that is not in the dump the version is not known. */
function draftField(draft: DraftRecord | undefined): ReturnType<typeof field> {
  return field('draft', draft?.absent === true ? null : draft?.draft);
}

function flbEntity(object: LuoFlb, context: StructureContext): Entity {
  const { name: stored, data, count, draft } = object;
  const flb = nameOf(stored);
  const place: Place = { part: 'luo', flb };
  const { fields, lists } = heldOutline(context, object, place);
  return {
    place,
    key: nameKey(flb),
    fields: [field('count', count, 'count'), draftField(draft), ...fields, strictField('data', data, 'hex')],
    lists,
  };
}

/**
 * The Live Update Orchestrator's state (kernel/liveupdate/luo_core.c, luo_session.c, luo_file.c, luo_flb.c; upstream
 * 3.5) in its versions: what its blob is, and how sessions, their files, and the global state (FLB) that files depend
 * on are kept.
 */
import {
  LUO_SER,
  LUO_SER_COMPOSITE,
  LUO_SER_COMPOSITE_SIZE,
  LUO_SER_SIZE,
  liveupdateNumber,
  luoAbiHeader,
  luoFileSer,
  luoFileSetSer,
  luoFileSetSerV1,
  luoFlbHeader,
  luoFlbHeaderSer,
  luoFlbSer,
  luoSer,
  luoSerComposite,
  luoSerV2,
  luoSerV3,
  luoSerV4,
  luoSessionHeader,
  luoSessionHeaderSer,
  luoSessionSer,
  luoSessionSerV1,
} from '../../records/luo.js';
import { ownVersion } from '../../schema/composite.js';
import type { RecordType } from '../../schema/record.js';
import { beforeNul, bytesToHex, bytesToText } from '../../schema/text.js';
import { factsOf, type Generation } from '../../versions/generations.js';
import { BLOCKS } from '../blocks.js';
import { type Recognised, type Rider, type RiderForm, type RiderPart, riderTree } from '../rider.js';
import {
  type KeptField,
  type ListBinding,
  listCapacity,
  type Model,
  type RecordBinding,
  value as valueField,
} from '../structure.js';
import { container, value } from '../tree.js';
import type { LuoVersion } from './model.js';

/** 6.19 to 7.1. */
export const luoV1 = riderTree('luo-v1', {
  properties: [value('liveupdate-number', 'liveupdateNumber', liveupdateNumber)],
  children: [
    {
      ...container('luo-session', [], [value('luo-session-header', 'sessionsAddress', luoSessionHeader)]),
      compatible: 'luo-session-v2',
    },
    {
      ...container('luo-flb', [], [value('luo-flb-header', 'flbsAddress', luoFlbHeader)]),
      compatible: 'luo-flb-v1',
    },
  ],
});

/** Between luo-v1 and luo-v3, in no release. */
export const luoV2 = riderTree('luo-v2', {
  properties: [value('luo-abi-header', 'abiHeader', luoAbiHeader)],
  children: [],
});

/** One version: its blob, or what the one property of its tree leads to, and lists; those of files are below sessions. */
export interface LuoForm extends RiderForm {
  readonly version: LuoVersion;
  readonly sessions: KeptField;
  readonly files: KeptField;
  readonly flbs: KeptField;
  readonly lists: readonly KeptField[];
}

/** The central record. */
function head(record: RecordType<unknown>): Pick<RiderForm, 'record'> {
  const fields = {
    liveupdateNum: valueField('liveupdateNumber'),
    sessionsPa: valueField('sessionsAddress'),
    flbsPa: valueField('flbsAddress'),
  };
  return { record: { record, what: 'luo_ser', fields } };
}

/** Pages of the session area, luo-v1 to luo-v3, and of a session's array of files, luo-v1 to luo-v4. */
export const SESSION_PAGES = 16;
export const FILE_PAGES = 2;

const FILES: ListBinding = {
  key: 'files',
  what: 'files',
  plain: {
    part: 'files',
    code: 'luo',
    pages: 'fileBlocks',
    place: ({ token }) => ({ token: token as bigint }),
  },
  element: {
    record: luoFileSer,
    what: 'file',
    fields: { data: { kind: 'held', key: 'data', holder: 'file', name: 'compatible' } },
    naming: 'token',
    order: ['compatible', 'token', 'data'],
  },
  identity: ({ token }: Model) => (token as bigint).toString(16),
};
const FILE_ARRAY: KeptField = {
  kind: 'area',
  list: FILES,
  area: { pages: FILE_PAGES, what: 'array of files' },
  count: 'count',
};
const FILE_BLOCKS: KeptField = { kind: 'chain', list: FILES, chain: BLOCKS, count: 'count' };

const FLB_PAGE: KeptField = {
  kind: 'area',
  area: { pages: 1, header: luoFlbHeaderSer, what: 'FLB page' },
  list: {
    key: 'flbs',
    what: 'FLB entries',
    plain: {
      part: 'flbs',
      code: 'luo',
      header: { pgcnt: 'flbPages', count: 'flbCount' },
      place: (flb) => ({ flb: stem(flb) }),
    },
    element: {
      record: luoFlbSer,
      what: 'FLB',
      fields: { data: { kind: 'held', key: 'data', holder: 'flb', name: 'name' } },
      naming: 'name',
      order: ['name', 'count', 'data'],
    },
    identity: (element) => bytesToHex(stem(element)),
    called: nameOf,
  },
};

function nameOf({ name }: Model): string {
  return bytesToText(name as Uint8Array).text;
}

function stem({ name }: Model): Uint8Array {
  return beforeNul(name as Uint8Array);
}

/** Sessions: `pages` of one allocation, or blocks. */
function lists(
  record: RecordType<unknown>,
  fileSet: RecordType<unknown>,
  files: KeptField,
  pages?: number,
): Pick<LuoForm, 'sessions' | 'files' | 'flbs' | 'lists'> {
  const set: RecordBinding = {
    record: fileSet,
    what: 'session',
    fields: { files },
    order: ['count', 'files'],
  };
  const list: ListBinding = {
    key: 'sessions',
    what: 'sessions',
    plain: {
      part: 'sessions',
      code: 'luo',
      pages: 'sessionBlocks',
      header: { count: 'sessionCount' },
      place: (session) => ({ session: stem(session) }),
    },
    element: {
      record,
      what: 'session',
      naming: 'name',
      fields: { fileSetSer: { kind: 'inside', record: set } },
    },
    identity: (element) => bytesToHex(stem(element)),
    called: nameOf,
  };
  const sessions: KeptField =
    pages === undefined
      ? { kind: 'chain', list, chain: BLOCKS }
      : { kind: 'area', list, area: { pages, header: luoSessionHeaderSer, what: 'session area' } };
  return { sessions, files, flbs: FLB_PAGE, lists: [sessions, FLB_PAGE] };
}

const EARLY = lists(luoSessionSerV1, luoFileSetSerV1, FILE_ARRAY, SESSION_PAGES);

/** The newest first. */
export const LUO_FORMS: readonly LuoForm[] = [
  { version: 'luo-v5', ...head(luoSer), ...lists(luoSessionSer, luoFileSetSer, FILE_BLOCKS) },
  { version: 'luo-v4', ...head(luoSerV4), ...lists(luoSessionSerV1, luoFileSetSerV1, FILE_ARRAY) },
  { version: 'luo-v3', ...head(luoSerV3), ...EARLY },
  { version: 'luo-v2', tree: luoV2, pointer: 'abiHeader', ...head(luoSerV2), ...EARLY },
  { version: 'luo-v1', tree: luoV1, ...EARLY },
];

const COMPOSITE = head(luoSerComposite);

/** Of a string that is not known: the record as the newest version has it, lists as the oldest one keeps them. */
function assumed(compatible: string): RiderForm {
  return { ...(compatible === ownVersion(compatible) ? head(luoSer) : COMPOSITE), lists: EARLY.lists };
}

/** The form of a string, whatever it says that it embeds; undefined for one that is not known. */
export function luoForm(compatible: string | undefined): LuoForm | undefined {
  if (compatible === undefined) return undefined;
  const version = ownVersion(compatible);
  const form = LUO_FORMS.find((each) => each.version === version);
  if (version === compatible || form === undefined) return form;
  // A composite string has twice the room; a tree has none.
  return form.tree === undefined ? { ...form, ...COMPOSITE } : undefined;
}

/** The string that a record begins with. */
function luoCompatible(bytes: Uint8Array): string {
  const { text } = bytesToText(bytes.subarray(LUO_SER.compatible, LUO_SER.liveupdateNum));
  if (!text.includes(';') || bytes.length < LUO_SER_COMPOSITE_SIZE) return text;
  return bytesToText(bytes.subarray(LUO_SER_COMPOSITE.compatible, LUO_SER_COMPOSITE.liveupdateNum)).text;
}

function recognise(bytes: Uint8Array): Recognised {
  const field = 'luo_ser.compatible';
  if (bytes.length < LUO_SER_SIZE) {
    const message = `the LUO blob has ${bytes.length} bytes, but struct luo_ser has ${LUO_SER_SIZE}`;
    return { problem: { code: 'luo-size', message, field } };
  }
  const compatible = luoCompatible(bytes);
  const form = luoForm(compatible);
  if (form !== undefined && form.tree === undefined && bytes.length >= (form.record?.record.size ?? 0))
    return { said: { compatible, version: form.version }, form };
  // Of a string that takes all of the field, the text is whatever begins there.
  const named = /^[\x20-\x7e]+$/.test(compatible) && bytes[LUO_SER.liveupdateNum - 1] === 0;
  const message = named
    ? `the LUO blob is "${compatible}", which is not a known version; it is kept as bytes`
    : 'the LUO blob does not begin with a version string: it is freed and reused memory, or damaged';
  return { problem: { code: 'luo-compatible', message, field }, ...(named ? {} : { foreign: true }) };
}

/** Sessions that the area of luo-v1 to luo-v3 holds. */
export function sessionCapacity(pageSize: number): number {
  return listCapacity(EARLY.sessions, pageSize);
}

/** Files that the array of a session holds, up to luo-v4. */
export function fileCapacity(pageSize: number): number {
  return listCapacity(FILE_ARRAY, pageSize);
}

/** Entries that an FLB page holds. */
export function flbCapacity(pageSize: number): number {
  return listCapacity(FLB_PAGE, pageSize);
}

/** Whether its tree leads nowhere (LUO-021), or lacks the node of the FLB page, which 6.19 alone does not write. */
function damageOf(
  { version, abiHeader, sessionsAddress, flbsAddress }: RiderPart,
  generation: Generation | undefined,
): string | undefined {
  const form = luoForm(version as string | undefined);
  const isTree = form !== undefined && form.record === undefined;
  const lacksFlbs = factsOf(generation)?.luoWithoutFlbs !== true && flbsAddress === undefined;
  const isDamaged =
    sessionsAddress === undefined || abiHeader === 0n || (isTree && (sessionsAddress === 0n || lacksFlbs));
  return isDamaged ? 'the LUO state is damaged' : undefined;
}

export const luo: Rider = {
  name: 'LUO',
  key: 'luo',
  part: 'luo',
  forms: LUO_FORMS,
  formOf({ compatible }) {
    const text = typeof compatible === 'string' ? compatible : '';
    return luoForm(text) ?? assumed(text);
  },
  record: {
    fits: (bytes) => bytes.length >= LUO_SER_SIZE && /^luo-v\d+$/.test(ownVersion(luoCompatible(bytes))),
    recognise,
    freed: true,
  },
  damage: damageOf,
  outline: {
    part: 'luo',
    fields: [
      { name: 'compatible', path: ['compatible'] },
      { name: 'liveupdate_num', path: ['liveupdateNumber'], unit: 'count', expected: 'grows' },
      { name: 'sessions', path: ['sessions'], only: 'summary' },
      { name: 'files', path: ['sessions', 'files'], only: 'summary' },
      { name: 'sessions_pa', path: ['sessionsAddress'], only: 'strict' },
      { name: 'flbs_pa', path: ['flbsAddress'], only: 'strict' },
      { name: 'luo_ser', path: ['abiHeader'], only: 'strict' },
    ],
  },
};

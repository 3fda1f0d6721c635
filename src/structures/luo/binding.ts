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
import { BLOCKS } from '../blocks.js';
import { type Rider, riderTree } from '../rider.js';
import {
  type KeptField,
  type ListBinding,
  listCapacity,
  type Model,
  type RecordBinding,
} from '../structure.js';
import { container, type TreeBinding, value } from '../tree.js';
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

/** What the central record says, in every version that has one. */
export interface LuoHead {
  readonly compatible?: Uint8Array;
  readonly liveupdateNum: bigint;
  readonly sessionsPa: bigint;
  readonly flbsPa: bigint;
}

/** One version. */
export interface LuoForm {
  readonly version: LuoVersion;
  /** Its blob, where that is a tree. */
  readonly tree?: TreeBinding;
  /** The central record: the blob itself, or what the tree's one property leads to. */
  readonly head?: RecordType<LuoHead>;
  /** Lists that it leads to; those of files are below sessions. */
  readonly sessions: KeptField;
  readonly files: KeptField;
  readonly flbs: KeptField;
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
): Pick<LuoForm, 'sessions' | 'files' | 'flbs'> {
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
  return { sessions, files, flbs: FLB_PAGE };
}

const EARLY = lists(luoSessionSerV1, luoFileSetSerV1, FILE_ARRAY, SESSION_PAGES);

/** The newest first. */
export const LUO_FORMS: readonly LuoForm[] = [
  {
    version: 'luo-v5',
    head: luoSer as RecordType<LuoHead>,
    ...lists(luoSessionSer, luoFileSetSer, FILE_BLOCKS),
  },
  {
    version: 'luo-v4',
    head: luoSerV4 as RecordType<LuoHead>,
    ...lists(luoSessionSerV1, luoFileSetSerV1, FILE_ARRAY),
  },
  { version: 'luo-v3', head: luoSerV3 as RecordType<LuoHead>, ...EARLY },
  { version: 'luo-v2', tree: luoV2, head: luoSerV2 as RecordType<LuoHead>, ...EARLY },
  { version: 'luo-v1', tree: luoV1, ...EARLY },
];

/** The central record of a string that need not be known: as the newest version has it. */
export function luoHead(compatible: string): RecordType<LuoHead> {
  const newest = compatible === ownVersion(compatible) ? luoSer : luoSerComposite;
  return luoForm(compatible)?.head ?? (newest as RecordType<LuoHead>);
}

/** The form of a string, whatever it says that it embeds; undefined for one that is not known. */
export function luoForm(compatible: string | undefined): LuoForm | undefined {
  if (compatible === undefined) return undefined;
  const version = ownVersion(compatible);
  const form = LUO_FORMS.find((each) => each.version === version);
  if (version === compatible || form === undefined) return form;
  // A composite string has twice the room; a tree has none.
  return form.tree === undefined ? { ...form, head: luoSerComposite as RecordType<LuoHead> } : undefined;
}

/** The string that a record begins with. */
export function luoCompatible(bytes: Uint8Array): string {
  const { text } = bytesToText(bytes.subarray(LUO_SER.compatible, LUO_SER.liveupdateNum));
  if (!text.includes(';') || bytes.length < LUO_SER_COMPOSITE_SIZE) return text;
  return bytesToText(bytes.subarray(LUO_SER_COMPOSITE.compatible, LUO_SER_COMPOSITE.liveupdateNum)).text;
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

export const luo: Rider = {
  name: 'LUO',
  key: 'luo',
  part: 'luo',
  trees: LUO_FORMS.flatMap(({ tree }) => (tree === undefined ? [] : [tree])),
  treeOf: ({ compatible }) => (typeof compatible === 'string' ? luoForm(compatible)?.tree : undefined),
  record: {
    fits: (bytes) => bytes.length >= LUO_SER_SIZE && /^luo-v\d+$/.test(ownVersion(luoCompatible(bytes))),
    freed: true,
  },
};

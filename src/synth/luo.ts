/** LUO's state from its plan: where sessions and files are, as a document for the writers and as an account. */

import { hex } from '../schema/units.js';
import { namedForms } from '../structures/index.js';
import { LUO_FORMS, type LuoForm, luoForm } from '../structures/luo/binding.js';
import { type KeptField, listCapacity } from '../structures/structure.js';
import type { Json } from './document.js';
import { layFolios, withoutList } from './folio-list.js';
import type { Guest } from './guest.js';
import type { LaidMore } from './more.js';
import { hash } from './random.js';
import { layBlocks, type Space } from './space.js';
import type { FilePlan, LuoPlan, SessionPlan } from './upstream-plan.js';

/** A part twice: for the writers, without the lists that are made when they are read, and with them. */
export interface Laid {
  readonly encoded: Json;
  readonly account: Json;
}

/** What bounds a plan of this version: sessions in all, files of a session, FLBs; Infinity for block lists. */
export function luoLimits(version: LuoPlan['version'], pageSize: number) {
  const form = formOf(version);
  const most = (field: KeptField): number =>
    field.kind === 'chain' ? Number.POSITIVE_INFINITY : listCapacity(field, pageSize);
  return {
    sessions: most(form.sessions),
    files: most(form.files),
    flbs: listCapacity(form.flbs, pageSize),
  };
}

function formOf(version: LuoPlan['version']): LuoForm {
  const form = luoForm(version) ?? LUO_FORMS[0];
  if (form === undefined) throw new RangeError('LUO has no version');
  return form;
}

/**
 * Lays out sessions and files; folios are those of `guest`, whose files are those of all sessions in order.
 *
 * @param key and `disorder` say how folio lists are laid out in memory
 */
export function layLuo(
  space: Space,
  plan: LuoPlan,
  guest: Guest,
  order: { readonly key: number; readonly disorder: number },
  more: readonly LaidMore[] = [],
): Laid {
  let next = 0;
  const sessions = plan.sessions.map((session, i) => {
    const first = next;
    next += session.files.length;
    const files = session.files.map((file, j) =>
      layFile(space, plan, file, guest, first + j, `file ${j} of session ${i}`, order),
    );
    files.push(...more.flatMap((each) => each.files[i] ?? []).map(laidFile));
    return laySession(space, plan, session, files);
  });
  const { version } = plan;
  const form = formOf(version);
  const laid = layList(space, form.sessions, sessions.length);
  const hasFlbs = form.record !== undefined || plan.flbPage;
  const common: Json = {
    compatible: version,
    liveupdateNumber: hex(plan.liveupdateNumber),
    ...(form.pointer !== undefined ? { abiHeader: hex(space.keep(0)) } : {}),
    sessionsAddress: laid.address,
    ...(laid.blocks.length === 0 ? {} : { sessionBlocks: laid.blocks }),
    ...(hasFlbs ? flbsJson(space, plan, more) : {}),
  };
  return {
    encoded: { ...common, sessions: sessions.map(({ encoded }) => encoded) },
    account: { ...common, sessions: sessions.map(({ account }) => account) },
  };
}

/** The test's FLBs are kept for every file, those of drafts too. */
function flbsJson(space: Space, { flbs }: LuoPlan, more: readonly LaidMore[]): Json {
  const others = BigInt(more.flatMap(({ files }) => files.flat()).length);
  const own = flbs.map(({ name, data, count }) => ({ name, data: hex(data), count: hex(count + others) }));
  return {
    flbsAddress: hex(space.keep(0)),
    flbPages: '0x1',
    flbs: [...own, ...more.flatMap((each) => each.flbs)],
  };
}

function laySession(space: Space, { version }: LuoPlan, { name }: SessionPlan, files: readonly Laid[]): Laid {
  const { files: list } = formOf(version);
  const laid = files.length === 0 ? { address: '0x0', blocks: [] } : layList(space, list, files.length);
  const common: Json = {
    name,
    count: hex(files.length),
    filesAddress: laid.address,
    ...(laid.blocks.length === 0 ? {} : { fileBlocks: laid.blocks }),
  };
  return {
    encoded: { ...common, files: files.map(({ encoded }) => encoded) },
    account: { ...common, files: files.map(({ account }) => account) },
  };
}

/** Room for a number of records: one allocation, or blocks, each full before the next. */
function layList(
  space: Space,
  field: KeptField,
  records: number,
): { readonly address: string; readonly blocks: readonly { address: string; count: string }[] } {
  if (field.kind === 'area') return { address: hex(space.keep(Math.log2(field.area.pages))), blocks: [] };
  const blocks = records === 0 ? [] : layBlocks(space, records, listCapacity(field, space.pageSize));
  return { address: blocks[0]?.address ?? '0x0', blocks };
}

function layFile(
  space: Space,
  { handler: compatible }: LuoPlan,
  plan: FilePlan,
  guest: Guest,
  number: number,
  what: string,
  { key, disorder }: { readonly key: number; readonly disorder: number },
): Laid {
  const data = hex(space.keep(0));
  const file = guest.files[number];
  if (file === undefined) throw new RangeError('a guest has memory for each file');
  const { key: own, sealed } = handlerForm(compatible);
  return laidFile({
    compatible,
    token: hex(plan.token),
    data,
    [own]: {
      pos: hex(plan.pos),
      size: hex(plan.size),
      ...(sealed ? { seals: hex(plan.seals), flags: '0x0' } : {}),
      nrFolios: hex(file.folios),
      ...layFolios(space, what, file, { key: hash(key, number), disorder }),
    },
  });
}

function laidFile(account: Json): Laid {
  return { encoded: withoutList(account), account };
}

/** What a handler's files are under in the model, and whether their record has seals. */
export function handlerForm(handler: string): { readonly key: string; readonly sealed: boolean } {
  const { subject, forms } = namedForms('file', handler) ?? {};
  if (subject === undefined) throw new RangeError(`${handler} is not a handler of files`);
  return {
    key: subject.key,
    sealed: forms?.[0]?.root.record.fields.some(({ id }) => id === 'seals') === true,
  };
}

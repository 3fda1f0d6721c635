/** Claims of what records lead to, along the bindings. */
import type { Location } from '../abi/model.js';
import type { FieldInfo } from '../schema/record.js';
import { bytesToText } from '../schema/text.js';
import { hex } from '../schema/units.js';
import type { FolioList } from '../structures/folios.js';
import { subjectByKey } from '../structures/index.js';
import type { ListPage } from '../structures/model.js';
import {
  type ChainField,
  type KeptField,
  listOf,
  type Model,
  type PlainList,
  type RecordBinding,
} from '../structures/structure.js';
import type { Claim, Owner, Run, Untold } from './claim.js';
import type { Place } from './place.js';
import type { ReferenceContext } from './sink.js';

/** Tells a claim of the owner that a context has; nothing where it has none, or nobody listens. */
export function claim(
  { sink, owner }: Pick<ReferenceContext, 'sink' | 'owner'>,
  at: Claim['at'],
  what: string,
  runs: Claim['runs'],
  more: Partial<Claim> = {},
): void {
  if (owner !== undefined) sink.claim?.({ ...owner, at, what, runs, ...more });
}

/** Tells that not all memory of the owner that a context has is told. */
export function tellUntold(
  { sink, owner }: Pick<ReferenceContext, 'sink' | 'owner'>,
  lacks: Untold['lacks'],
  why: string,
): void {
  if (owner !== undefined) sink.untold?.({ place: owner.place, lacks, why });
}

/** A part of the handover as the owner of what it has. */
export function partOwner(place: Place): Owner {
  return { place, name: '', subject: {} };
}

/** The context of an element of a list, which has what it leads to. */
export function ofElement(context: ReferenceContext, { place }: PlainList, item: Model): ReferenceContext {
  const { owner, sink } = context;
  if (owner === undefined || sink.claim === undefined) return context;
  const elements = [...(owner.elements ?? []), item];
  const own = { ...placeOwner({ ...owner.place, ...place(item) }), elements };
  return { ...context, owner: owner.rider === undefined ? own : { ...own, rider: owner.rider } };
}

function placeOwner(place: Place): Owner {
  const { session, token, flb } = place;
  if (flb !== undefined) return { place, name: '', subject: { handler: bytesToText(flb).text } };
  if (session === undefined) return { place, name: '', subject: {} };
  const text = sessionText(session);
  return token === undefined
    ? { place, name: `session "${text}"`, subject: { session: text } }
    : { place, name: `token ${hex(token)}, session "${text}"`, subject: { session: text, token } };
}

const sessionTexts = new WeakMap<Uint8Array, string>();

/** The name of a session, read once for all of its files. */
function sessionText(session: Uint8Array): string {
  const text = sessionTexts.get(session) ?? bytesToText(session).text;
  sessionTexts.set(session, text);
  return text;
}

/** The context of a structure that a file, an FLB or the handover has. */
export function ofStructure(context: ReferenceContext, key: string): ReferenceContext {
  const { owner, sink } = context;
  if (owner === undefined || sink.claim === undefined) return context;
  const what = `the ${subjectByKey(key)?.what ?? key}`;
  return {
    ...context,
    owner: { ...owner, name: owner.name === '' ? what : `${what} of ${owner.name}`, structure: key },
  };
}

/** The context of a record that a record leads to. */
export function ofInner(context: ReferenceContext): ReferenceContext {
  return context.owner === undefined ? context : { ...context, owner: { ...context.owner, inner: true } };
}

/** Claims a record and what follows it. */
export function claimRecord(
  context: ReferenceContext,
  { record, follows }: RecordBinding,
  model: Model,
  kept: Pick<Claim, 'preserved'>,
): void {
  const { owner } = context;
  if (owner === undefined) return;
  const start = model.address as bigint;
  const end = start + BigInt(record.size ?? 1);
  const count = follows === undefined ? 0 : (listOf(follows, model)?.items.length ?? 0);
  const runs: Run[] = [{ start, end }];
  if (count > 0)
    runs.push({ start: end, end: end + BigInt(count) * BigInt(follows?.element.record.size ?? 0) });
  claim(context, 'record', `the record of ${owner.name}`, () => runs, kept);
}

/** Whether what a field leads to is restored, as formats/ says. */
export function preservedBlock({ pointer }: FieldInfo): Pick<Claim, 'preserved'> {
  return pointer?.preserved === true ? { preserved: 'block' } : {};
}

/** The same of the pages of a list: what the header of each says of the next is so of all. */
function preservedPages({ chain }: ChainField): Pick<Claim, 'preserved'> {
  const next = chain.header.fields.find(({ pointer }) => pointer?.kind === 'chain');
  return next?.pointer?.preserved === true ? { preserved: 'page' } : {};
}

/**
 * Claims the linked pages of a list.
 *
 * @param of whose list it is, in words
 * @param pages all that were found; undefined where the list was not read
 */
export function claimPages(
  context: ReferenceContext,
  field: ChainField,
  model: Model,
  pages: readonly ListPage[] | undefined,
  more: Pick<Claim, 'by' | 'damaged'>,
  of = '',
): void {
  if (pages === undefined) return;
  const list = `${field.list.what}${of}`;
  const head = model[`${field.list.key}Address`] as bigint;
  const page = BigInt(context.pageSize);
  claim(
    context,
    'pages',
    `a ${field.chain.page} of ${list}`,
    function* () {
      for (const { address } of pages) yield { start: address, end: address + page };
    },
    { ...preservedPages(field), linked: { field, list, head, pages }, ...more },
  );
}

/** Claims the memory of a list that is an array of the model: one allocation, or linked pages. */
export function claimPlain(
  context: ReferenceContext,
  field: KeptField,
  { pages }: PlainList,
  model: Model,
  by: Location,
): void {
  const { owner, pageSize } = context;
  const { list } = field;
  const of = owner === undefined || owner.name === '' ? '' : ` of ${owner.name}`;
  if (field.kind === 'chain') {
    claimPages(context, field, model, model[pages ?? ''] as readonly ListPage[] | undefined, { by }, of);
    return;
  }
  const start = (model[`${list.key}Address`] ?? 0n) as bigint;
  if (start === 0n) return;
  const { area } = field;
  const runs = [{ start, end: start + BigInt(area.pages * pageSize) }];
  claim(context, 'area', `the ${of === '' ? area.what : list.what}${of}`, () => runs, {
    preserved: 'block',
    ...(model[list.key] === undefined ? { unread: true } : {}),
  });
}

/** Claims a vmalloc area: its list pages, then its runs. */
export function claimArea(
  context: ReferenceContext,
  { chunks, runs, runSize }: FolioList['area'],
  more: Pick<Claim, 'area' | 'by' | 'descriptor'>,
): void {
  const { owner, pageSize } = context;
  claim(
    context,
    'list',
    `the list of ${owner?.name}`,
    function* () {
      for (const chunk of chunks) yield { start: chunk, end: chunk + pageSize };
      for (const run of runs) yield { start: run, end: run + runSize };
    },
    { preserved: 'block', ...more },
  );
}

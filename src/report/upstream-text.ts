/** The contents of memory that belong to an upstream tree, for people: the map, the riders, structures. */
import { missingOf, missingText } from '../abi/missing.js';
import type { Handover } from '../abi/model.js';
import type { DraftRecord, Luo, LuoFile, LuoFlb, LuoSession, PreservedPages } from '../abi/upstream/model.js';
import { escapeText } from '../schema/escape.js';
import { quotedText } from '../schema/text.js';
import { hex } from '../schema/units.js';
import type { RiderPart } from '../structures/rider.js';
import { RIDERS } from '../structures/riders.js';
import { counted } from '../validate/text.js';
import { cut, rangeText } from './mem-text.js';
import type { Paint } from './paint.js';
import { heldText, structureSections } from './structure-text.js';
import { absence } from './upstream-summary.js';

/** Ranges of preserved memory that are shown; a map may have millions. */
const MAX_RANGES = 24;

/** Sections after the tree, each after an empty line. */
export function* upstreamLines(handover: Handover, paint: Paint): Generator<string> {
  const { preservedMap, preserved, luo, subtrees = [] } = handover;
  const title = (name: string, text: string): string[] => [
    '',
    `${paint('node', name)}  ${paint('faint', text)}`,
  ];
  if (preservedMap !== undefined) {
    const { form, bitmapSize, depth, complete } = preservedMap;
    const shape = form === 'radix' ? `radix tree of ${depth} levels` : `chunks of ${bitmapSize}-byte bitmaps`;
    yield* title('preserved memory', `${shape}${complete ? '' : ', not complete'}`);
    if (preserved?.pages !== undefined) yield* preservedLines(preserved.pages, paint);
  }
  const riders = (late: boolean): string[] =>
    RIDERS.flatMap(({ name, key, text }) => {
      const part = handover[key] as RiderPart | undefined;
      if (text === undefined || part === undefined || (text.late === true) !== late) return [];
      return [...title(name, text.title(part)), ...text.lines(part, paint)];
    });
  yield* riders(false);
  if (luo !== undefined) yield* luoLines(luo, handover, paint);
  yield* structureSections(handover, paint);
  yield* riders(true);
  for (const subtree of subtrees) {
    const { name = '', draft, known, blob } = subtree;
    if (draft !== undefined) {
      const held = heldText(handover, subtree, paint);
      yield* [
        '',
        `${paint('node', escapeText(name))}  ${draftText(draft, paint)}${held === '' ? '' : `  ${held}`}`,
      ];
    } else if (known === false) {
      yield* title(
        escapeText(name),
        blob === undefined ? 'contents unknown' : `contents unknown, ${counted(blob.length, 'byte')}`,
      );
    }
  }
}

function* preservedLines(pages: PreservedPages, paint: Paint): Generator<string> {
  let shown = 0;
  for (const { start, end } of pages.ranges()) {
    if (shown++ === MAX_RANGES && paint.whole !== true) {
      yield `  ${paint('faint', '… and more (kho dump --all shows them)')}`;
      break;
    }
    yield `  ${rangeText(start, end, paint)}`;
  }
  yield `  ${paint('faint', `${pages.countBlocks()} blocks of order ${pages.orders.join(', ')}`)}`;
}

function* luoLines(luo: Luo, handover: Handover, paint: Paint): Generator<string> {
  const { compatible, liveupdateNumber, sessions, flbs = [] } = luo;
  yield '';
  const lost = absence(handover, ['luo', 'sessions']);
  const count =
    sessions === undefined
      ? 'sessions not in the dump'
      : `${sessions.length} sessions${lost === '' ? '' : ' at least'}`;
  yield `${paint('node', 'LUO')}  ${paint('faint', `${escapeText(compatible)}, live update ${liveupdateNumber ?? '?'}, ${count}`)}`;
  if (lost !== '') yield `  sessions unknown${lost}`;
  for (const session of sessions ?? []) {
    yield* sessionLines(session, handover, paint);
    const cutOff = missingOf(handover, ['files'], session.origin.address);
    if (cutOff !== undefined)
      yield `    files unknown: the ${escapeText(missingText(cutOff))} is not in the dump`;
  }
  const noFlbs = absence(handover, ['flbs']);
  if (noFlbs !== '') yield `  FLBs unknown${noFlbs}`;
  for (const flb of flbs) yield* flbLines(flb, handover, paint);
}

/** An FLB, and what its data is. */
export function* flbLines(flb: LuoFlb, handover: Handover, paint: Paint): Generator<string> {
  const { name, data, count: files, draft } = flb;
  yield `  FLB ${paint('text', quotedText(name))}  data ${paint('address', hex(data))}  ${counted(files, 'file')}`;
  const held = heldText(handover, flb, paint);
  if (draft !== undefined) yield `    ${draftText(draft, paint)}${held === '' ? '' : `  ${held}`}`;
}

/** A session and its files. */
export function* sessionLines(
  { name, count, files }: LuoSession,
  handover: Handover,
  paint: Paint,
): Generator<string> {
  yield `  session ${paint('text', quotedText(name))}  ${paint('faint', counted(count, 'file'))}`;
  for (const line of cut(
    (files ?? []).map((file) => fileLine(file, handover, paint)),
    paint,
  ))
    yield `    ${line}`;
}

/** A file on one line. */
export function fileLine(file: LuoFile, handover: Handover, paint: Paint): string {
  const { compatible, token, data, draft } = file;
  const head = `${paint('text', quotedText(compatible))}  token ${paint('value', hex(token))}`;
  const held = heldText(handover, file, paint);
  const parts = [
    ...(held === '' ? [] : [held]),
    ...(draft === undefined ? [] : [draftText(draft, paint)]),
    ...(held === '' && draft === undefined ? [`data ${paint('address', hex(data))}`] : []),
  ];
  return [head, ...parts].join('  ');
}

function draftText({ draft }: DraftRecord, paint: Paint): string {
  return paint('warning', `draft ${draft}`);
}

/** The contents of memory that belong to an upstream tree, for people: the map, LUO, memblock, kexec-metadata, kho_test. */
import { missingOf, missingText } from '../abi/missing.js';
import type { Handover } from '../abi/model.js';
import type {
  DraftRecord,
  Luo,
  LuoFile,
  LuoFlb,
  LuoSession,
  PreservedPages,
  ReserveMemRegion,
} from '../abi/upstream/model.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { hex } from '../schema/units.js';
import { counted } from '../validate/text.js';
import { cut, rangeText } from './mem-text.js';
import type { Paint } from './paint.js';
import { heldText, structureSections } from './structure-text.js';
import { absence } from './upstream-summary.js';

/** Ranges of preserved memory that are shown; a map may have millions. */
const MAX_RANGES = 24;

/** Sections after the tree, each after an empty line. */
export function* upstreamLines(handover: Handover, paint: Paint): Generator<string> {
  const { preservedMap, preserved, memblock, luo, kexecMetadata, khoTest, subtrees = [] } = handover;
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
  if (kexecMetadata !== undefined) {
    const { version, previousRelease, kexecCount } = kexecMetadata;
    const release = previousRelease === undefined ? '' : quoted(previousRelease, paint);
    yield* title('kexec-metadata', `version ${version}`);
    if (kexecCount !== undefined)
      yield `  handed over by ${release}, kexec ${kexecCount} since the cold boot`;
  }
  if (memblock !== undefined) {
    yield* title(
      'memblock',
      memblock.regions.length === 1
        ? '1 region of reserve_mem'
        : `${memblock.regions.length} regions of reserve_mem`,
    );
    for (const region of memblock.regions) yield regionLine(region, paint);
  }
  if (luo !== undefined) yield* luoLines(luo, handover, paint);
  yield* structureSections(handover, paint);
  if (khoTest !== undefined) {
    const { nrFolios, csum, csumComputed } = khoTest;
    yield* title('kho_test', nrFolios === undefined ? '? folios' : counted(nrFolios, 'folio'));
    const computed =
      csumComputed === undefined ? 'not computed: not all folios are in the dump' : hex(csumComputed);
    yield `  csum ${csum === undefined ? '(none)' : hex(csum)}, ${computed}`;
  }
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

/** A region of reserve_mem. */
export function regionLine(
  { name = '', start = 0n, size: length = 0n }: ReserveMemRegion,
  paint: Paint,
): string {
  return `  ${paint('text', JSON.stringify(escapeText(name)))}  ${rangeText(start, start + length, paint)}`;
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
  yield `  FLB ${quoted(name, paint)}  data ${paint('address', hex(data))}  ${counted(files, 'file')}`;
  const held = heldText(handover, flb, paint);
  if (draft !== undefined) yield `    ${draftText(draft, paint)}${held === '' ? '' : `  ${held}`}`;
}

/** A session and its files. */
export function* sessionLines(
  { name, count, files }: LuoSession,
  handover: Handover,
  paint: Paint,
): Generator<string> {
  yield `  session ${quoted(name, paint)}  ${paint('faint', counted(count, 'file'))}`;
  for (const line of cut(
    (files ?? []).map((file) => fileLine(file, handover, paint)),
    paint,
  ))
    yield `    ${line}`;
}

/** A file on one line. */
export function fileLine(file: LuoFile, handover: Handover, paint: Paint): string {
  const { compatible, token, data, draft } = file;
  const head = `${quoted(compatible, paint)}  token ${paint('value', hex(token))}`;
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

function quoted(bytes: Uint8Array, paint: Paint): string {
  return paint('text', JSON.stringify(escapeText(bytesToText(bytes).text)).replaceAll('\\\\u{', '\\u{'));
}

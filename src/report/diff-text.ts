/** `kho diff` for people: both sides in one line each, differences by place, coverage, and a last line. */
import type { Diff } from '../diff/diff.js';
import type { Difference, Field, Gap, Unit, Value } from '../diff/difference.js';
import type { Coverage, CoverageStatus, Uncovered } from '../diff/kept/coverage.js';
import { escapeText } from '../schema/escape.js';
import { bytesToHex } from '../schema/text.js';
import { hex, size, thousands } from '../schema/units.js';
import { type DiffSide, sideText } from './diff-sides.js';
import { type Paint, plain, type Role } from './paint.js';
import { groupText, itemText, parentText, wholePlaceText } from './place-text.js';

/** Differences shown of one group, gaps, and lines of coverage. */
const MAX_SHOWN = 20;
/** Groups shown in full; of further ones only the number of differences counts. */
const MAX_GROUPS = 200;
/** Bytes shown of a value. */
const SHOWN_BYTES = 16;

/**
 * The whole report; draws the differences.
 *
 * @example
 * ```ts
 * import { coverageOf, decodeHandover, diffHandovers, diffLines, planFromSeed, synthesise } from 'kho-toolkit';
 *
 * const { blob, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const side = { path: 'dump.elf', handover: decodeHandover(blob, { memory }) };
 * const { handover } = side;
 * console.log([...diffLines(side, side, diffHandovers(handover, handover), coverageOf(handover, handover))].length > 0);
 * //=> true
 * ```
 */
export function* diffLines(
  a: DiffSide,
  b: DiffSide,
  diff: Diff,
  coverage: Coverage,
  paint: Paint = plain,
): Generator<string> {
  yield `${paint('node', 'A')} ${sideText(a)}`;
  yield `${paint('node', 'B')} ${sideText(b)}`;
  const expected: Difference[] = [];
  yield* groupedLines(diff, expected, paint);
  if (expected.length > 0) {
    yield '';
    yield paint('node', 'expected after a kexec');
    for (const difference of expected) yield `  ${differenceText(difference, true, paint)}`;
  }
  yield* gapLines(diff, paint);
  yield '';
  yield* coverageLines(coverage, paint);
  yield '';
  yield lastLine(diff, coverage, paint);
}

/** Groups as they come; what every kexec changes is kept for a group of its own. */
function* groupedLines({ differences }: Diff, expected: Difference[], paint: Paint): Generator<string> {
  let group: string | undefined;
  let groups = 0;
  let shown = 0;
  let hidden = 0;
  const rest = (): string[] =>
    hidden === 0 ? [] : [`  ${paint('faint', `and ${thousands(hidden)} more (--format json has them all)`)}`];
  for (const difference of differences) {
    if (difference.expected === true && expected.length < MAX_SHOWN) {
      expected.push(difference);
      continue;
    }
    if (groups > MAX_GROUPS) {
      hidden++;
      continue;
    }
    const own = isWhole(difference) ? parentText(difference.place) : groupText(difference.place);
    if (own !== group) {
      if (groups < MAX_GROUPS) {
        yield* rest();
        hidden = 0;
        shown = 0;
      }
      group = own;
      if (++groups > MAX_GROUPS) {
        hidden++;
        continue;
      }
      yield '';
      yield paint('node', own);
    }
    if (shown++ < MAX_SHOWN) yield `  ${differenceText(difference, false, paint)}`;
    else hidden++;
  }
  yield* rest();
}

/** Whether a thing with a heading of its own is there on one side only. */
function isWhole({ field, place }: Difference): boolean {
  return field === undefined && place.fdtPath === undefined && itemText(place) === '';
}

const MARKS: Readonly<Record<Difference['kind'], readonly [string, Role]>> = {
  added: ['+', 'good'],
  removed: ['-', 'error'],
  changed: ['~', 'warning'],
};

/** `~ token 0x5  size 4 MiB → 8 MiB`. */
function differenceText(difference: Difference, whole: boolean, paint: Paint): string {
  const { kind, place, field, a, b, unit, bytes, contents, secret } = difference;
  const [mark, role] = MARKS[kind];
  const item = whole ? wholePlaceText(place, paint) : itemText(place, paint);
  const head = item === '' ? paint(role, mark) : `${paint(role, mark)} ${item}`;
  if (field === undefined) {
    const has = (contents ?? []).map((each) => fieldText(each, paint)).join(', ');
    const what = item === '' && !whole ? ` ${groupText(place).replace(/^LUO /, '')}` : '';
    return `${head}${what}${has === '' ? '' : `  ${has}`}`;
  }
  const name = paint('name', escapeText(field));
  const value = (side: Value | undefined): string =>
    side === undefined ? '(none)' : secret === true ? '(not shown)' : valueText(side, unit);
  const change = kind === 'changed' ? `${value(a)} → ${value(b)}` : value(a ?? b);
  const sizes = bytes === undefined ? '' : `  ${paint('faint', bytesText(bytes))}`;
  return `${head}${item === '' ? ' ' : '  '}${name} ${change}${sizes}`;
}

function fieldText({ name, value, unit, secret }: Field, paint: Paint): string {
  if (value === null || value === undefined) return '';
  const text = secret === true ? '(not shown)' : valueText(value, unit);
  return `${paint('name', escapeText(name))} ${text}`;
}

function valueText(value: Value, unit: Unit | undefined): string {
  if (typeof value === 'string') return value === '' ? '""' : escapeText(value);
  if (value instanceof Uint8Array) {
    if (value.length === 0) return '(empty)';
    return value.length <= SHOWN_BYTES ? bytesToHex(value) : `${thousands(value.length)} bytes`;
  }
  if (unit === 'size') return size(value);
  if (unit === 'hex' || unit === 'address') return hex(value);
  return unit === 'count' ? thousands(value) : `${value}`;
}

function bytesText({ offset, differing, sizeA, sizeB }: NonNullable<Difference['bytes']>): string {
  const lengths = sizeA === sizeB ? '' : ` (${sizeA} and ${sizeB})`;
  return `${thousands(differing)} ${differing === 1 ? 'byte differs' : 'bytes differ'}${lengths}, the first at ${hex(offset)}`;
}

const MISSING: Readonly<Record<Gap['missing'], string>> = {
  a: 'not in A',
  b: 'not in B',
  both: 'in neither dump',
};

function* gapLines(diff: Diff, paint: Paint): Generator<string> {
  const { gaps } = diff;
  if (gaps.length === 0) return;
  yield '';
  yield `${paint('node', 'not compared')}  ${paint('faint', 'what a dump does not hold is not a difference')}`;
  for (const { place, what, missing } of gaps.slice(0, MAX_SHOWN)) {
    const where = wholePlaceText(place, paint);
    const name = what === undefined || where === what ? where : `${where}  ${escapeText(what)}`;
    yield `  ${name}: ${MISSING[missing]}`;
  }
  const more = gaps.length - MAX_SHOWN + diff.moreGaps();
  if (more > 0) yield `  ${paint('faint', `and ${thousands(more)} more`)}`;
}

const STATUS: Readonly<Record<CoverageStatus, readonly [string, Role]>> = {
  lost: ['lost', 'error'],
  unknown: ['unknown', 'warning'],
  unkept: ['unkept', 'warning'],
  moved: ['moved', 'value'],
  released: ['released', 'value'],
  replaced: ['replaced', 'faint'],
  unreferenced: ['unreferenced', 'value'],
};

function* coverageLines(coverage: Coverage, paint: Paint): Generator<string> {
  const { notAsked, bytes, uncovered, lost, entries, verdict } = coverage;
  const title = paint('node', 'coverage');
  if (notAsked !== undefined) {
    yield `${title}  ${paint('faint', `cannot tell whether B keeps what A handed over: ${escapeText(notAsked)}`)}`;
    return;
  }
  const kept =
    uncovered === 0n
      ? `all ${size(bytes)} that A`
      : `${size(bytes - uncovered)} of the ${size(bytes)} that A`;
  const gone =
    uncovered === 0n
      ? ''
      : `; of the other ${size(uncovered)} ${lost === 0n ? 'nothing' : size(lost)} is lost`;
  const role: Role = verdict === 'lost' ? 'error' : verdict === 'undecided' ? 'warning' : 'good';
  yield `${title}  ${paint(role, verdict)}  B keeps ${kept} handed over${gone}`;
  for (const entry of entries.slice(0, MAX_SHOWN)) yield `  ${uncoveredText(entry, paint)}`;
  if (entries.length > MAX_SHOWN) {
    yield `  ${paint('faint', `and ${thousands(entries.length - MAX_SHOWN)} more (--format json has them all)`)}`;
  }
}

function uncoveredText({ status, place, what, bytes, count, ranges }: Uncovered, paint: Paint): string {
  const [word, role] = STATUS[status];
  const [first] = ranges;
  const phrase =
    place.part === 'preserved' && status === 'unreferenced'
      ? what
      : `${wholePlaceText(place, paint)}: ${what}`;
  const name = place.part === 'domain' ? 'IOVA' : 'offset';
  const position = first?.position === undefined ? '' : `, ${name} ${hex(first.position)}`;
  const where = first === undefined ? '' : `at ${paint('address', hex(first.start))}${position}`;
  const ranged = count === 1 ? where : `in ${thousands(count)} ranges, the first ${where}`;
  const note = status === 'unkept' ? paint('faint', ' (A did not keep it either: kho validate)') : '';
  return `${paint(role, word.padEnd(8))} ${phrase}, ${size(bytes)} ${ranged}${note}`;
}

/** `3 differences: 1 added, 2 changed (1 expected); nothing that A handed over is lost`. */
function lastLine({ tally, gaps }: Diff, { verdict }: Coverage, paint: Paint): string {
  const { added, removed, changed, expected } = tally;
  const total = added + removed + changed;
  const parts = [
    ...(added === 0 ? [] : [`${thousands(added)} added`]),
    ...(removed === 0 ? [] : [`${thousands(removed)} removed`]),
    ...(changed === 0 ? [] : [`${thousands(changed)} changed`]),
  ];
  const of = expected === 0 ? '' : `, ${expected === total ? 'all' : expected} expected after a kexec`;
  const differences =
    total === 0
      ? paint('good', gaps.length === 0 ? 'no differences' : 'no differences in what both dumps hold')
      : paint(
          total === expected ? 'note' : 'warning',
          `${thousands(total)} ${total === 1 ? 'difference' : 'differences'}: ${parts.join(', ')}${of}`,
        );
  const lost = {
    covered: '; B keeps everything that A handed over',
    released: '; nothing that B still needs is lost',
    undecided: '; cannot tell whether B loses memory that is in use',
    lost: `; ${paint('error', 'B loses memory that is still in use')}`,
    'not asked': '',
  };
  return `${differences}${lost[verdict]}`;
}

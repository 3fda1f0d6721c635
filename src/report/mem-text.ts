/** Lists of physical ranges as lines: adjacent records joined, long lists cut with a count of the rest. */
import type { KhoMem } from '../records/kho.js';
import { hex, size } from '../schema/units.js';
import type { Paint } from './paint.js';

/** Lines shown of one list, unless all are asked for. */
const MAX_LINES = 24;

interface Run {
  start: bigint;
  end: bigint;
  noinit: boolean;
  records: number;
}

/** One line a run of records that continue each other, as `start - end  size`. */
export function khoMemLines(records: Iterable<KhoMem>, paint: Paint): string[] {
  const runs: Run[] = [];
  for (const { addr, len } of records) {
    const noinit = (addr & 1n) !== 0n;
    const start = addr & ~1n;
    const last = runs.at(-1);
    if (last !== undefined && last.end === start && last.noinit === noinit) {
      last.end += len;
      last.records++;
    } else {
      runs.push({ start, end: start + len, noinit, records: 1 });
    }
  }
  return cut(
    runs.map(
      ({ start, end, noinit, records }) =>
        rangeText(start, end, paint) +
        (noinit ? `  ${paint('value', 'NOINIT')}` : '') +
        (records > 1 ? paint('faint', `  ${records} records`) : ''),
    ),
    paint,
  );
}

/** `0x1000-0x3000  8 KiB`, the end exclusive. */
export function rangeText(start: bigint, end: bigint, paint: Paint): string {
  return `${paint('address', `${hex(start)}-${hex(end)}`)}  ${paint('value', size(end - start))}`;
}

/** At most MAX_LINES lines, then how many more there are; all where lists are printed whole. */
export function cut(lines: readonly string[], paint: Paint): string[] {
  if (lines.length <= MAX_LINES || paint.whole === true) return [...lines];
  const rest = lines.length - MAX_LINES + 1;
  return [...lines.slice(0, MAX_LINES - 1), paint('faint', `… and ${rest} more (kho dump --all shows them)`)];
}

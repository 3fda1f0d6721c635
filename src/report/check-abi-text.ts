/** `kho check-abi` for people: one struct a line, differences below. */
import type { StructVerdict } from '../btf/compare.js';
import { escapeText } from '../schema/escape.js';
import { type Paint, plain } from './paint.js';

const WORDS: Readonly<Record<StructVerdict['verdict'], string>> = {
  ok: 'ok',
  moved: 'moved',
  size: 'size differs',
  absent: 'not in this kernel',
  missing: 'missing: other kernels of its release have it',
};

/** What was compared with what, in one line. */
export interface AbiSummary {
  /** The releases whose structs the kernel should have. */
  readonly releases: readonly string[];
  /** Structs compared. */
  readonly compared: number;
  readonly differing: number;
  readonly missing: readonly string[];
}

export function* checkAbiLines(
  verdicts: readonly StructVerdict[],
  { releases, compared, differing, missing }: AbiSummary,
  paint: Paint = plain,
): Generator<string> {
  const width = Math.max(0, ...verdicts.map(({ name }) => name.length));
  for (const { name, verdict, size, differences, closest, records } of verdicts) {
    const role =
      verdict === 'ok'
        ? 'good'
        : verdict === 'absent'
          ? 'faint'
          : verdict === 'missing'
            ? 'warning'
            : 'error';
    const bytes = size === undefined ? '' : `  ${size} bytes`;
    const form = records.length > 1 && closest !== undefined ? `  as ${closest}` : '';
    yield `struct ${paint('node', name.padEnd(width))}  ${paint(role, WORDS[verdict])}${bytes}${form}`;
    for (const difference of differences) yield `  ${escapeText(difference)}`;
  }
  const structs = compared === 1 ? '1 struct' : `${compared} structs`;
  const counts = `${differing === 1 ? '1 differs' : `${differing} differ`}, ${missing.length} missing`;
  yield `${structs} compared, as of Linux ${releases.join(', ')}: ${counts}`;
}

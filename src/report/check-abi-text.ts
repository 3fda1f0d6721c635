/** `kho check-abi` for people: one struct a line, differences below. */
import type { StructVerdict } from '../btf/compare.js';
import { escapeText } from '../schema/escape.js';
import { type Paint, plain } from './paint.js';

const WORDS: Readonly<Record<StructVerdict['verdict'], string>> = {
  ok: 'ok',
  moved: 'moved',
  size: 'size differs',
  absent: 'not in this kernel',
};

export function* checkAbiLines(verdicts: readonly StructVerdict[], paint: Paint = plain): Generator<string> {
  const width = Math.max(0, ...verdicts.map(({ name }) => name.length));
  for (const { name, verdict, size, differences, closest, records } of verdicts) {
    const role = verdict === 'ok' ? 'good' : verdict === 'absent' ? 'faint' : 'error';
    const bytes = size === undefined ? '' : `  ${size} bytes`;
    const form = records.length > 1 && closest !== undefined ? `  as ${closest}` : '';
    yield `struct ${paint('node', name.padEnd(width))}  ${paint(role, WORDS[verdict])}${bytes}${form}`;
    for (const difference of differences) yield `  ${escapeText(difference)}`;
  }
}

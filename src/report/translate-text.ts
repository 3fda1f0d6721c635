/** One translation for people: every entry on the way, its bits by name, and where it leads. */
import type { RecordType } from '../schema/record.js';
import { hex, size } from '../schema/units.js';
import { accessText } from '../vtd/text/csv.js';
import type { Translation, TranslationStep } from '../vtd/walk/translate.js';
import { type Paint, plain } from './paint.js';

const NO_ADDRESS = {
  absent: 'not mapped',
  invalid: 'blocked by reserved bits',
  unknown: 'unknown, the table is not in the dump,',
} as const;

const NO_WALK = {
  'beyond-width': 'the address is beyond the width of the table',
  'unsupported-levels': 'tables have 2 to 5 levels',
} as const;

/**
 * @param entryType the record type of an entry by level and shape
 */
export function* translateLines(
  { iova, steps, result }: Translation,
  entryType: (level: number, leaf: boolean) => RecordType<unknown> | undefined,
  paint: Paint = plain,
): Generator<string> {
  yield `IOVA ${paint('address', hex(iova))}`;
  for (const step of steps) yield* stepLines(step, entryType(step.level, step.leaf), paint);
  if (result.kind === 'mapped') {
    yield `→ ${paint('good', hex(result.address))}  in a page of ${size(result.pageSize)}, ${accessText(result.access)} in the leaf, ${accessText(result.effectiveAccess)} over the path`;
  } else if ('level' in result) {
    yield paint('error', `→ ${NO_ADDRESS[result.kind]} at level ${result.level}`);
  } else {
    yield paint('error', `→ ${NO_WALK[result.kind]}`);
  }
}

function* stepLines(
  step: TranslationStep,
  type: RecordType<unknown> | undefined,
  paint: Paint,
): Generator<string> {
  const { level, index, entryAddress, entry, verdict, bits } = step;
  const value = entry === undefined ? 'not in the dump' : hex(entry);
  yield `  level ${level}  ${paint('name', (type?.kernelName ?? '').padEnd(12))} [${String(index).padStart(3)}] at ${paint('address', hex(entryAddress))}  ${paint('value', value)}  ${paint(verdict === 'table' || verdict === 'leaf' ? 'faint' : 'error', verdict)}${bits === undefined ? '' : ` (bits ${hex(bits)})`}`;
  if (entry === undefined || type === undefined) return;
  const parts: string[] = [];
  for (const field of type.fields) {
    if (field.bitOffset === undefined || field.bitWidth === undefined) continue;
    const content = (entry >> BigInt(field.bitOffset)) & ((1n << BigInt(field.bitWidth)) - 1n);
    if (content === 0n) continue;
    // An address field is shown as the address that its bits stand for.
    const isAddress = field.bitWidth > 16;
    parts.push(`${field.kernelName} ${isAddress ? hex(content << BigInt(field.bitOffset)) : content}`);
  }
  yield paint('faint', `           ${parts.length === 0 ? 'all bits 0' : parts.join('  ')}`);
}

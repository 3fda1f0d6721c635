/** One translation for people: every entry on the way, its bits by name, and where it leads. */
import type { RecordType } from '../schema/record.js';
import { hex, size } from '../schema/units.js';
import type { DevicePath, DeviceStep, StructureKind } from '../vtd/context/path.js';
import type { DeviceTranslation } from '../vtd/context/translation.js';
import { accessText } from '../vtd/text/csv.js';
import type { Translation, TranslationResult, TranslationStep } from '../vtd/walk/translate.js';
import { type Paint, plain } from './paint.js';

const NO_ADDRESS = {
  absent: 'not mapped',
  invalid: 'blocked by reserved bits',
  unknown: 'unknown, the table is not in the dump,',
} as const;

const NO_WALK = {
  'beyond-width': 'beyond the width of the table',
  'unsupported-levels': 'below a table that has not 2 to 5 levels',
} as const;

const INDENT = '           ';

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
  } else yield paint('error', `→ ${endText(result)}`);
}

/** Why an address is not mapped. */
export function endText(result: Exclude<TranslationResult, { readonly kind: 'mapped' }>): string {
  return 'level' in result ? `${NO_ADDRESS[result.kind]} at level ${result.level}` : NO_WALK[result.kind];
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
  yield paint('faint', `${INDENT}${bitsText(type, [entry])}`);
}

/** The fields of an entry that are not 0: `P 1  AW 2 (width_48)  SSPTPTR 0x10303f000`. */
function bitsText(type: RecordType<unknown>, words: readonly bigint[]): string {
  const parts: string[] = [];
  for (const { bitOffset, bitWidth, kernelName, unit, values } of type.fields) {
    if (bitOffset === undefined || bitWidth === undefined) continue;
    const word = words[Math.floor(bitOffset / 64)] ?? 0n;
    const low = BigInt(bitOffset % 64);
    const content = (word >> low) & ((1n << BigInt(bitWidth)) - 1n);
    if (content === 0n) continue;
    // An address field is shown as the address that its bits stand for.
    const isAddress = unit === 'address' || bitWidth > 16;
    const name = values?.get(Number(content)) ?? values?.get(content);
    const meaning = name === undefined ? '' : ` (${name})`;
    parts.push(`${kernelName} ${isAddress ? hex(content << low) : content}${meaning}`);
  }
  return parts.length === 0 ? 'all bits 0' : parts.join('  ');
}

const STRUCTURES: Readonly<Record<StructureKind, string>> = {
  'root-entry': 'root entry',
  'context-entry': 'context entry',
  'pasid-directory-entry': 'PASID directory entry',
  'pasid-entry': 'PASID entry',
};

/** The entries that lead from the root table to a device's paging structure, with their bits by name. */
export function* structureLines(
  { steps, translation, ends }: DevicePath,
  paint: Paint = plain,
): Generator<string> {
  for (const step of steps) yield* structureStep(step, paint);
  if (translation !== undefined) yield `→ ${translationText(translation)}`;
  else if (ends === 'mode') yield paint('error', '→ the mode of the unit is neither legacy nor scalable');
  else if (ends === 'pasid-beyond-directory') yield paint('error', '→ the PASID is beyond the directory');
  else yield paint('error', `→ ${missingText(steps)}`);
}

function* structureStep(
  { kind, address, verdict, structure, reserved }: DeviceStep,
  paint: Paint,
): Generator<string> {
  const words = structure?.words ?? [];
  const shown = words.length === 0 ? 'not in the dump' : significant(words).map(hex).join(' ');
  const wrong = (reserved ?? []).flatMap((bits, word) => (bits === 0n ? [] : [`word ${word}: ${hex(bits)}`]));
  const about = wrong.length === 0 ? '' : ` (reserved bits, ${wrong.join(', ')})`;
  yield `  ${paint('name', STRUCTURES[kind].padEnd(21))} at ${paint('address', hex(address))}  ${paint('value', shown)}  ${paint(verdict === 'present' ? 'faint' : 'error', verdict)}${about}`;
  if (structure !== undefined) yield paint('faint', `${INDENT}${bitsText(structure.type, words)}`);
}

/** The words of an entry without the zeros at its end. */
function significant(words: readonly bigint[]): readonly bigint[] {
  const last = words.findLastIndex((word) => word !== 0n);
  return words.slice(0, Math.max(1, last + 1));
}

/** Where the way of a device ends. */
export function missingText(steps: readonly DeviceStep[]): string {
  const last = steps.at(-1);
  if (last === undefined) return 'there is nothing to follow';
  const name = `the ${STRUCTURES[last.kind]} at ${hex(last.address)}`;
  return last.verdict === 'unknown' ? `${name} is not in the dump` : `${name} is not present`;
}

/** `second stage at 0x10303f000, 4 levels, domain id 35`. */
export function translationText(translation: DeviceTranslation): string {
  const { kind, did } = translation;
  const table = ({ address, levels }: { address: number; levels: number }) =>
    `${hex(address)}, ${levels} levels`;
  const id = `domain id ${did}`;
  if (kind === 'second-stage') return `second stage at ${table(translation.second)}, ${id}`;
  if (kind === 'first-stage') return `first stage at ${table(translation.first)}, ${id}`;
  if (kind === 'nested')
    return `first stage at guest address ${table(translation.first)}, nested in the second stage at ${table(translation.second)}, ${id}`;
  if (kind === 'pass-through') return `passes through untranslated, ${id}`;
  return `translation type ${translation.type} is reserved, ${id}`;
}

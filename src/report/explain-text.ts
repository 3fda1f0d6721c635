/** One rule or one record, whole. */

import type { FieldInfo, RecordType } from '../schema/record.js';
import { formsOf } from '../structures/forms.js';
import { exampleOf } from '../validate/example.js';
import type { Rule } from '../validate/rule.js';
import { formReleases, type RecordForm } from '../versions/forms.js';
import { areaOf, areaTitle } from './areas.js';
import { type Paint, plain } from './paint.js';
import { wrappedText } from './wrap.js';

/** Columns of text that a terminal of 100 has left beside the names. */
const WIDTH = 84;

export function* ruleLines(rule: Rule, catalogue: readonly Rule[], paint: Paint = plain): Generator<string> {
  yield `${paint('node', rule.id)}  ${paint(rule.severity, rule.severity)}`;
  yield '';
  yield* wrappedText('  ', rule.title, WIDTH + 14);
  yield '';
  const rows: [name: string, text: string][] = [
    ['otherwise', rule.consequence],
    ['decided by', rule.evidence],
    ['source', rule.source],
    ['area', `${areaOf(rule.id)} (${areaTitle(rule.id)})`],
    ['generations', rule.generations.join(', ')],
  ];
  const { requires = [], follows = [] } = rule;
  if (requires.length + follows.length > 0) rows.push(['after', [...requires, ...follows].join(', ')]);
  const followers = catalogue.filter((each) =>
    [...(each.requires ?? []), ...(each.follows ?? [])].includes(rule.id),
  );
  if (followers.length > 0) rows.push(['before', followers.map(({ id }) => id).join(', ')]);
  if (rule.needs !== undefined && rule.needs.length > 0) rows.push(['needs', rule.needs.join(', ')]);
  for (const [name, text] of rows) {
    yield* labelled(paint('name', name.padEnd(12)), text);
  }
  const example = exampleOf(rule.id);
  if (example === undefined) return;
  yield '';
  yield* labelled(paint('name', 'example'.padEnd(12)), example.fault);
  const { message, at, bytes, found, expected } = example;
  for (const text of [message, at === undefined ? '' : `at ${at}`, bytes ?? '']) {
    if (text !== '') yield* labelled(' '.repeat(12), text);
  }
  if (expected !== undefined) yield* labelled(' '.repeat(12), `found ${found ?? ''}, expected ${expected}`);
}

function* labelled(label: string, text: string): Generator<string> {
  let first = true;
  for (const line of wrappedText('', text, WIDTH)) {
    yield `  ${first ? label : ' '.repeat(12)} ${line}`;
    first = false;
  }
}

/** A record in each of its forms, newest first, with who has it. */
export function* formLines(records: readonly RecordType<unknown>[], paint: Paint = plain): Generator<string> {
  const shown = new Set(records.map(({ name }) => name));
  for (const [i, record] of records.entries()) {
    if (i > 0) yield '';
    const forms = formsOf(record.name);
    yield* recordLines(
      record,
      paint,
      forms.find((form) => form.record === record.name),
    );
    const others = forms.filter((form) => !shown.has(form.record));
    if (others.length > 0) {
      yield '';
      yield `  other forms: ${others.map((form) => `${form.record} (${formText(form)})`).join(', ')}`;
    }
  }
}

/** `luo-v5, Linux 7.2 and later`. */
function formText(form: RecordForm): string {
  const releases = formReleases(form);
  return releases === undefined ? form.of : `${form.of}, ${releases}`;
}

/** Every record, one per line: name, size, what it is. */
export function* recordListLines(records: readonly RecordType<unknown>[]): Generator<string> {
  const width = Math.max(...records.map(({ name }) => name.length));
  for (const { name, size, doc } of records) {
    const [first = ''] = doc.trim().split('\n');
    yield `${name.padEnd(width)}  ${(size === undefined ? 'varying' : `${size} bytes`).padEnd(10)}  ${first}`;
  }
}

/** The field table of a record: offset, width, the kernel's name, what it means. */
export function* recordLines(
  record: RecordType<unknown>,
  paint: Paint = plain,
  form?: RecordForm,
): Generator<string> {
  yield `${paint('node', record.kernelName)}  ${record.size === undefined ? 'of varying size' : `${record.size} bytes`}, ${record.endian === 'le' ? 'little-endian' : 'big-endian'}${form === undefined ? '' : `  ${paint('name', formText(form))}`}`;
  yield `  ${record.doc.trim()}`;
  for (const reference of record.docRef) yield paint('faint', `  ${reference}`);
  yield '';
  const names = record.fields.map((field) => field.kernelName.length);
  const width = Math.max(...names, 4);
  for (const field of record.fields) {
    yield `  ${paint('address', placeText(field).padEnd(12))} ${paint('name', field.kernelName.padEnd(width))}  ${field.doc.trim().replaceAll('\n', ' ')}`;
    for (const [value, name] of field.values ?? [])
      yield paint('faint', `  ${' '.repeat(12)} ${' '.repeat(width)}    ${value} ${name}`);
  }
}

/** Byte offset and width, or bits where the field is not whole bytes. */
function placeText({ bitOffset, bitWidth }: FieldInfo): string {
  if (bitOffset === undefined) return 'after';
  const byte = Math.floor(bitOffset / 8);
  if (bitWidth === undefined) return `+0x${byte.toString(16)}`;
  if (bitOffset % 8 === 0 && bitWidth % 8 === 0) return `+0x${byte.toString(16)} ${bitWidth / 8}`;
  return bitWidth === 1 ? `bit ${bitOffset}` : `bits ${bitOffset + bitWidth - 1}:${bitOffset}`;
}

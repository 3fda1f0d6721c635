/** One rule or one record, whole. */
import type { FieldInfo, RecordType } from '../schema/record.js';
import type { Rule } from '../validate/rule.js';
import { type Paint, plain } from './paint.js';

export function* ruleLines(rule: Rule, paint: Paint = plain): Generator<string> {
  yield `${paint('node', rule.id)}  ${paint(rule.severity, rule.severity)}`;
  yield '';
  yield `  ${rule.title}`;
  yield '';
  const row = (name: string, text: string): string => `  ${paint('name', name.padEnd(12))} ${text}`;
  yield row('otherwise', rule.consequence);
  yield row('decided by', rule.evidence);
  yield row('source', rule.source);
  yield row('generations', rule.generations.join(', '));
  if (rule.requires !== undefined && rule.requires.length > 0) yield row('after', rule.requires.join(', '));
  if (rule.needs !== undefined && rule.needs.length > 0) yield row('needs', rule.needs.join(', '));
}

/** The field table of a record: offset, width, the kernel's name, what it means. */
export function* recordLines(record: RecordType<unknown>, paint: Paint = plain): Generator<string> {
  yield `${paint('node', record.kernelName)}  ${record.size === undefined ? 'of varying size' : `${record.size} bytes`}, ${record.endian === 'le' ? 'little-endian' : 'big-endian'}`;
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

/** Byte offset and width, or bits where the field is no whole bytes. */
function placeText({ bitOffset, bitWidth }: FieldInfo): string {
  if (bitOffset === undefined) return 'behind';
  const byte = Math.floor(bitOffset / 8);
  if (bitWidth === undefined) return `+0x${byte.toString(16)}`;
  if (bitOffset % 8 === 0 && bitWidth % 8 === 0) return `+0x${byte.toString(16)} ${bitWidth / 8}`;
  return bitWidth === 1 ? `bit ${bitOffset}` : `bits ${bitOffset + bitWidth - 1}:${bitOffset}`;
}

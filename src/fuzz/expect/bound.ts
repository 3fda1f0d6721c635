/**
 * Fields of structures that are bound, by what formats/ says of them: values that are defined, flags, padding. No
 * structure is named here; a rule says which it judges so.
 */
import type { RecordType } from '../../schema/record.js';
import { SUBJECTS } from '../../structures/index.js';
import {
  fieldBinding,
  flagKeys,
  type RecordBinding,
  type StructureForm,
} from '../../structures/structure.js';
import { catalogue } from '../../validate/catalogue.js';
import { type Expectation, fires, UNKNOWN } from '../mutation.js';
import type { FieldChange } from './field.js';

/** A record that is bound, and the key of its structure. */
interface Bound {
  readonly binding: RecordBinding;
  readonly subject: string;
}

let bound: ReadonlyMap<RecordType<unknown>, Bound> | undefined;

/** What is to be said of a field of a draft; nothing is known of other records here. */
export function expectBound({ field: { owner, info }, value }: FieldChange): Expectation {
  bound ??= new Map(
    SUBJECTS.flatMap(({ forms, released }) =>
      forms
        .filter((form) => released !== true && isAlone(form, forms))
        .flatMap((form) =>
          recordsOf(form.root).map((binding): [RecordType<unknown>, Bound] => [
            binding.record,
            { binding, subject: form.subject },
          ]),
        ),
    ),
  );
  const found = bound.get(owner);
  if (found === undefined) return UNKNOWN;
  const { binding, subject } = found;
  const field = fieldBinding(binding, info.id);
  const isFlags = field.kind === 'flags';
  if (field.kind !== 'value' && !isFlags) return UNKNOWN;
  // What an element that is out of use has means nothing, but for its flags.
  if (binding.unused !== undefined && !isFlags) return UNKNOWN;
  if (field.kind === 'value' && field.hidden === true)
    return value === 0n ? UNKNOWN : judged('padding', subject, info.id);
  if (info.values === undefined) return UNKNOWN;
  const known = flagKeys(info).map(({ mask }) => mask);
  const defined =
    isFlags || info.unit === 'flags'
      ? (value & ~known.reduce((all, mask) => all | mask, 0n)) === 0n
      : known.includes(value);
  return defined ? UNKNOWN : judged('values', subject, info.id);
}

/** Whether nothing but its name tells the form of a record: other bytes do not make it another form. */
function isAlone(form: StructureForm, forms: readonly StructureForm[]): boolean {
  return forms.every((other) => other === form || !other.names.some((name) => form.names.includes(name)));
}

function judged(what: 'values' | 'padding', subject: string, field: string): Expectation {
  const rules = catalogue.filter(
    ({ judges }) =>
      judges?.what === what && judges.subjects.includes(subject) && !judges.except.includes(field),
  );
  return rules.length === 0 ? UNKNOWN : fires(...rules.map(({ id }) => id));
}

/** The depth is that of the bindings. */
function recordsOf(binding: RecordBinding): RecordBinding[] {
  const below = binding.record.fields.flatMap(({ id }): RecordBinding[] => {
    const field = fieldBinding(binding, id);
    if (field.kind === 'chain' || field.kind === 'records') return recordsOf(field.list.element);
    return field.kind === 'one' ? recordsOf(field.record) : [];
  });
  return [binding, ...below, ...(binding.follows === undefined ? [] : recordsOf(binding.follows.element))];
}

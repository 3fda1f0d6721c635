/**
 * The shapes that most rules have: of a kind of element one after the other is looked at, a field of each is tested, or
 * no two have the same key. Subject and place come from the element, names of fields from formats/.
 */
import type { Location } from '../abi/model.js';
import { grouped } from '../schema/grouped.js';
import type { RecordType } from '../schema/record.js';
import { hex } from '../schema/units.js';
import type { Finding, Reporter, Rule, RuleContext, Severity, Subject } from './rule.js';

/**
 * What is wrong with an element; rule and severity, the element's place, and where it says none the element's subject,
 * are added.
 */
export type Fault = Omit<Finding, 'rule' | 'severity' | 'location'> & {
  readonly severity?: Finding['severity'] | undefined;
  readonly location?: Location;
};

/** What rules on one kind of element share. */
type Shared = 'generations' | 'needs' | 'reads' | 'severity';

/** What a rule says for itself. */
export type Words = Omit<Rule, 'check' | Shared> & Partial<Pick<Rule, Shared>>;

/** Elements of a kind: records, files, pages of a list. */
export interface Elements<T> {
  readonly shared: Pick<Rule, 'generations' | 'needs' | 'reads'>;
  /** All elements; says why the rule does not apply where there are none. */
  each(context: RuleContext, report: Reporter): Iterable<T>;
  /** Whose a finding on it is; nothing where the place in the tree says it. */
  subject?(element: T): Subject;
  /** Where it is, as far as that is the same for all faults. */
  place?(element: T): Location;
}

/** Elements that are records, as `M` has them. */
export interface Records<T, M> extends Elements<T> {
  model(element: T): M;
  /** For people, without a comma at the end. */
  name(element: T): string;
  record(element: T): RecordType<unknown>;
  /** Physical address of the record, where it is known. */
  address(element: T): bigint | undefined;
}

/** A place in memory under the kernel's name of a field; `set.count` is a field of the record that `set` is. */
export function fieldPlace(record: RecordType<unknown>, address: bigint | undefined, id: string): Location {
  const [first = '', ...rest] = id.split('.');
  const info = record.fields.find((field) => field.id === first);
  const at = address === undefined ? undefined : address + BigInt((info?.bitOffset ?? 0) >> 3);
  if (rest.length > 0 && info?.record !== undefined) return fieldPlace(info.record, at, rest.join('.'));
  const field = `${record.kernelName.replace('struct ', '')}.${info?.kernelName ?? first}`;
  return at === undefined ? { field } : { address: at, field };
}

/** Where a field of an element is. */
export function placeIn<T, M>(of: Records<T, M>, element: T, id: string): Location {
  return fieldPlace(of.record(element), of.address(element), id);
}

/** Makes rules that have these in common, and are errors where they say nothing else. */
export function rulesOf(
  shared: Elements<unknown>['shared'],
): (rule: Omit<Rule, Shared> & Partial<Pick<Rule, Shared>>) => Rule {
  return (rule) => ({ severity: 'error', ...shared, ...rule });
}

/** Reports what is wrong with an element. */
export function tell<T>(
  report: Reporter,
  of: Elements<T>,
  element: T,
  { severity, location, ...fault }: Fault,
): void {
  const subject = of.subject?.(element);
  report.finding({
    ...(subject === undefined ? {} : { subject }),
    ...fault,
    location: { ...of.place?.(element), ...location },
    ...(severity === undefined ? {} : { severity }),
  });
}

/** A rule that looks at one element after the other, and tells what is wrong with each. */
export function eachRule<T>(
  of: Elements<T>,
  {
    faults,
    ...words
  }: Words & {
    faults(element: T, context: RuleContext, report: Reporter): Fault | Iterable<Fault> | undefined;
  },
): Rule {
  return {
    severity: 'error',
    ...of.shared,
    ...words,
    check(context, report) {
      for (const element of of.each(context, report)) {
        const found = faults(element, context, report) ?? [];
        for (const fault of Symbol.iterator in found ? found : [found]) tell(report, of, element, fault);
      }
    },
  };
}

/** What a field may be, and what is said where it is not. */
interface FieldTest<T, V> extends Words {
  allows(value: V, element: T, context: RuleContext): boolean;
  /** After the field's name and the element's: `is 0x41` where it is left out. */
  says?(value: V, element: T, context: RuleContext): string;
  /** In hexadecimal where it is left out. */
  found?(value: V): string;
  expected?(value: V, element: T, context: RuleContext): string;
  /** Where it is not the rule's own. */
  severityOf?(value: V): Severity;
}

/** A rule on the value of one field; a record of a form without the field has nothing wrong with it. */
export function fieldRule<T, M, K extends keyof M & string>(
  of: Records<T, M>,
  id: K,
  {
    allows,
    says,
    found = (value) => hex(value as bigint),
    expected,
    severityOf,
    ...words
  }: FieldTest<T, NonNullable<M[K]>>,
): Rule {
  return eachRule(of, {
    ...words,
    faults(element, context) {
      const value = of.model(element)[id];
      if (value === undefined || value === null || allows(value, element, context)) return undefined;
      const location = placeIn(of, element, id);
      const name = location.field?.slice(location.field.indexOf('.') + 1);
      return {
        severity: severityOf?.(value),
        message: `${name} of ${of.name(element)} ${says?.(value, element, context) ?? `is ${found(value)}`}`,
        location,
        found: found(value),
        ...(expected === undefined ? {} : { expected: expected(value, element, context) }),
      };
    },
  });
}

/**
 * What is wrong with a count of more elements than there is room for; undefined where they fit.
 *
 * @param name of the count
 * @param place that they are in
 */
export function roomFault(
  name: string,
  count: number | bigint,
  place: string,
  room: number | bigint,
  location: Location,
): (Omit<Fault, 'severity'> & { readonly location: Location }) | undefined {
  if (count <= room) return undefined;
  return {
    message: `${name} is ${count}, but ${place} has room for ${room}`,
    location,
    found: `${count}`,
    expected: `at most ${room}`,
  };
}

/** A rule that no two elements have the same key; told of each but the first. */
export function uniqueRule<T>(
  of: Elements<T>,
  {
    within,
    key,
    fault,
    ...words
  }: Words & {
    /** What keys are compared within: the session of a file. All are where it is left out. */
    within?(element: T): unknown;
    key(element: T, context: RuleContext): bigint | number | string;
    fault(again: T, first: T): Fault;
  },
): Rule {
  return {
    severity: 'error',
    ...of.shared,
    ...words,
    check(context, report) {
      const elements = [...of.each(context, report)];
      const groups = within === undefined ? [elements] : grouped(elements, within).values();
      for (const group of groups)
        for (const [first, again] of repeated(group, (element) => key(element, context)))
          tell(report, of, again, fault(again, first));
    },
  };
}

/** Elements that have the same key as an earlier one, with that one. */
export function repeated<T>(
  items: Iterable<T>,
  key: (item: T) => string | bigint | number,
): [first: T, again: T][] {
  const seen = new Map<string | bigint | number, T>();
  const found: [T, T][] = [];
  for (const item of items) {
    const first = seen.get(key(item));
    if (first === undefined) seen.set(key(item), item);
    else found.push([first, item]);
  }
  return found;
}

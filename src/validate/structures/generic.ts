/** Rules that every structure of a draft has: written once, against what the bindings say. */
import type { Location } from '../../abi/model.js';
import { chainCapacity } from '../../decode/upstream/chain.js';
import { readBytes } from '../../memory/read.js';
import { subjectByKey } from '../../structures/index.js';
import type { StructureModel } from '../../structures/model.js';
import {
  type ChainField,
  fieldBinding,
  flagKeys,
  isZero,
  type Model,
  type RecordBinding,
} from '../../structures/structure.js';
import { eachRecord, type ModelRecord } from '../../structures/walk.js';
import { folioRule, misplacedRecord, type Piece, preservedRule, startText } from '../preserved.js';
import type { Reporter, Rule, RuleContext } from '../rule.js';
import type { Elements } from '../shapes.js';
import { hex } from '../text.js';
import { at, UPSTREAM } from '../upstream/shared.js';
import { eachHeld, type Held, type Holder, heldRecords, holdersOf } from './held.js';
import { chainsOf, fieldAt } from './place.js';

/** What a rule of a draft says for itself. */
export type DraftRule = Omit<Rule, 'generations' | 'needs' | 'reads'> & Required<Pick<Rule, 'reads'>>;

/** A rule on a structure that a draft hands over in memory. */
export function draft(rule: DraftRule): Rule {
  return { ...rule, generations: UPSTREAM, needs: ['memory'] };
}

type Words = Pick<DraftRule, 'id' | 'source' | 'evidence' | 'consequence' | 'reads'> &
  Partial<Pick<Rule, 'title' | 'severity' | 'requires'>>;

/** Reports whatever applies to none of the subjects as such. */
function anyHolder({ handover }: RuleContext, keys: readonly string[], report: Reporter) {
  const holders = keys.flatMap((key) => holdersOf(handover, key));
  if (holders.length === 0)
    report.skip(`there is no ${keys.map((key) => subjectByKey(key)?.what ?? key).join(', and no ')}`);
  return holders;
}

/** The name of an element, a record below another, or the structure itself: `IOMMU device 2 of the IOMMU state`. */
export function recordName(
  { binding, element }: ModelRecord,
  { name, form }: Pick<Held, 'name' | 'form'>,
): string {
  if (element !== undefined) return `${binding.what} ${element.index}`;
  return binding === form.root ? name.replace(/,$/, '') : `the ${binding.what} of ${name.replace(/,$/, '')}`;
}

/** Every record is preserved and starts a block of the map: it is restored as a folio. */
export function restoredRecord(keys: readonly string[], what: string, { reads, ...words }: Words): Rule {
  const holders: Elements<Holder> = {
    shared: { generations: UPSTREAM, needs: ['memory'], reads },
    each: (context, report) => anyHolder(context, keys, report),
    subject: ({ subject }) => subject,
  };
  return folioRule(holders, {
    title: `every record of ${what} is preserved, and starts a page and a block of the map`,
    ...words,
    folios: ({ data, name, location }) => [{ what: `the record of ${name}`, address: data, location }],
  });
}

/** A page of a list: its place among these, the list, and the field that leads to it. */
interface LinkedPage extends Piece {
  readonly index: number;
  readonly field: ChainField;
  readonly location: Location;
}

/** Every page of a list in linked pages is preserved and starts a block. */
export function restoredPages(key: string, what: string, { reads, ...words }: Words): Rule {
  return preservedRule(heldRecords(key, reads), {
    title: `every page of ${what} is preserved, and starts a block of the map`,
    ...words,
    *pieces(held, { handover }): Generator<LinkedPage> {
      for (const { list, head, field, link } of linksOf(held)) {
        const pages = (list.pages ?? []).map(({ address }) => address);
        // Of a page that the dump does not hold it is known all the same whether it is preserved.
        const next = list.pages?.at(-1)?.next ?? head;
        if (next !== 0n && next % BigInt(handover.pageSize) === 0n && list.missing !== undefined)
          pages.push(next);
        for (const [index, start] of pages.entries()) {
          const location =
            index === 0 ? link : at(pages[index - 1], headerField(field.chain.header.name, 'next'));
          yield { start, preserved: 'page', index, field, location };
        }
      }
    },
    fault: (lack, { start, index, field, location }) => ({
      ...(lack.kind === 'larger' ? { severity: 'warning' } : {}),
      message: `${field.chain.page} ${index} of the ${field.list.what}, at ${hex(start)}, ${startText(lack)}`,
      location,
      found: hex(start),
      expected: 'a preserved block of order 0',
    }),
  });
}

function headerField(record: string, field: string): string {
  return `${record}.${field === 'next' && record === 'iommu_array_hdr_ser' ? 'next_array_phys' : field}`;
}

/** The lists of a structure in linked pages, each with the place of the field that leads to it. */
export function linksOf({ form, model }: { form: Held['form']; model: StructureModel }) {
  return chainsOf(form, model as unknown as Model).map((chain) => ({
    ...chain,
    link: fieldAt(form.root, model.address, chain.id),
  }));
}

/** The version that a record names is one of those that its forms have. */
export function knownVersion(key: string, words: Words): Rule {
  const what = subjectByKey(key)?.what ?? key;
  return draft({
    title: `the version of the ${what} is known`,
    severity: 'error',
    ...words,
    check({ handover }, report) {
      const holders = holdersOf(handover, key);
      if (holders.length === 0) report.skip(`there is no ${what}`);
      for (const { draft: found, held, forms, data, subject } of holders) {
        // Of a record that cannot be there restoredRecord tells.
        if (held !== undefined || found?.version === undefined) continue;
        if (misplacedRecord(handover, data) !== undefined) continue;
        const [form] = forms.filter(({ version }) => version !== undefined);
        const values = forms.flatMap(({ version }) => version?.values ?? []);
        report.finding({
          subject,
          message: `version of the ${what} is ${found.version}`,
          location: form === undefined ? at(data) : fieldAt(form.root, data, form.version?.field ?? ''),
          found: `${found.version}`,
          expected: values.map(String).sort().join(' or '),
        });
      }
    },
  });
}

/** Every page of a list counts no more than it holds. */
export function pageCounts(key: string, words: Words): Rule {
  return draft({
    title: 'no page counts more objects than it holds',
    severity: 'error',
    ...words,
    check(context, report) {
      const { pageSize } = context.handover;
      for (const { form, model, subject } of eachHeld(context, key, report)) {
        for (const { list, field } of linksOf({ form, model })) {
          const capacity = chainCapacity(field.chain, pageSize, field.list.element.record.size ?? 1);
          for (const [i, { address, count }] of (list.pages ?? []).entries()) {
            if (count <= BigInt(capacity)) continue;
            const info = field.chain.header.fields.find(({ unit }) => unit === 'count');
            report.finding({
              subject,
              message: `${field.chain.page} ${i} of the ${field.list.what} counts ${count}, but has room for ${capacity}`,
              location: at(
                address + BigInt((info?.bitOffset ?? 0) / 8),
                `${field.chain.header.name}.${info?.kernelName ?? 'count'}`,
              ),
              found: `${count}`,
              expected: `at most ${capacity}`,
            });
          }
        }
      }
    },
  });
}

/** Every field with values, or with flags, that formats/ defines has one of them. */
export function definedValues(
  keys: readonly string[],
  what: string,
  words: Words & { readonly except?: readonly string[] },
): Rule {
  const { except = [], ...rest } = words;
  return draft({
    title: `the fields of ${what} have values that are defined`,
    severity: 'warning',
    judges: { what: 'values', subjects: keys, except },
    ...rest,
    check(context, report) {
      if (anyHolder(context, keys, report).length === 0) return;
      for (const held of keys.flatMap((key) => eachHeld(context, key, report))) {
        for (const each of eachRecord(held.form.root, held.model as unknown as Model)) {
          if (isBlank(context, each)) continue;
          const unused = each.model[each.binding.unused ?? ''] === true;
          for (const { id, expected, found } of undefinedValues(each)) {
            // What a deleted object has left means nothing; its flags do.
            if (except.includes(id) || (unused && !isFlags(each.binding, id))) continue;
            const place = fieldAt(each.binding, each.model.address as bigint, id);
            report.finding({
              subject: held.subject,
              message: `${lastPart(place.field)} of ${recordName(each, held)} is ${found}`,
              location: place,
              found,
              expected,
            });
          }
        }
      }
    },
  });
}

function isFlags(binding: RecordBinding, id: string): boolean {
  return fieldBinding(binding, id).kind === 'flags';
}

function lastPart(field = ''): string {
  return field.slice(field.indexOf('.') + 1);
}

function* undefinedValues({
  binding,
  model,
}: ModelRecord): Generator<{ id: string; found: string; expected: string }> {
  for (const info of binding.record.fields) {
    const field = fieldBinding(binding, info.id);
    if (info.values === undefined || (field.kind !== 'value' && field.kind !== 'flags')) continue;
    const raw = model[field.key];
    if (typeof raw !== 'number' && typeof raw !== 'bigint') continue;
    if (field.kind === 'flags' || info.unit === 'flags') {
      const known = flagKeys(info).reduce((sum, { mask }) => sum | mask, 0n);
      const rest = BigInt(raw) & ~known;
      if (rest !== 0n) yield { id: info.id, found: hex(BigInt(raw)), expected: `no bits but ${hex(known)}` };
      continue;
    }
    const values = [...info.values.keys()].map((value) => BigInt(value));
    if (!values.includes(BigInt(raw)))
      yield {
        id: info.id,
        found: `${raw}`,
        expected: [...info.values].map(([value, name]) => `${value} (${name})`).join(', '),
      };
  }
}

/** Padding, and bytes of a record that its vendor part leaves, are zero. */
export function reservedZero(
  keys: readonly string[],
  what: string,
  words: Words & { readonly except?: readonly string[] },
): Rule {
  const { except = [], ...rest } = words;
  return draft({
    title: `padding of ${what} is zero`,
    severity: 'warning',
    judges: { what: 'padding', subjects: keys, except },
    ...rest,
    check(context, report) {
      if (anyHolder(context, keys, report).length === 0) return;
      for (const held of keys.flatMap((key) => eachHeld(context, key, report))) {
        for (const each of eachRecord(held.form.root, held.model as unknown as Model)) {
          for (const info of each.binding.record.fields) {
            const field = fieldBinding(each.binding, info.id);
            const key = field.kind === 'value' && field.hidden === true ? field.key : undefined;
            const rest = field.kind === 'variant' ? `${field.key}Rest` : undefined;
            const found = each.model[key ?? rest ?? ''];
            if (found === undefined || isZero(found) || except.includes(info.id)) continue;
            const place = fieldAt(each.binding, each.model.address as bigint, info.id);
            report.finding({
              subject: held.subject,
              message: `${rest === undefined ? lastPart(place.field) : 'the rest of the vendor part'} of ${recordName(each, held)} is not zero`,
              location: place,
              ...(typeof found === 'number' || typeof found === 'bigint'
                ? { found: hex(BigInt(found)) }
                : {}),
              expected: '0',
            });
          }
        }
      }
    },
  });
}

/** Whether the bytes of an element are all zero: it is counted and was never written. */
export function isBlank(
  { handover: { memory } }: RuleContext,
  { binding, model, element }: ModelRecord,
): boolean {
  if (element === undefined || memory === undefined) return false;
  return isZeroAt(memory, model.address as bigint, binding.record.size ?? 0);
}

/** Whether bytes are in the dump and zero. */
export function isZeroAt(
  memory: NonNullable<RuleContext['handover']['memory']>,
  address: bigint,
  size: number,
): boolean {
  return readBytes(memory, address, size)?.every((byte) => byte === 0) === true;
}

/** Where the structures of drafts hang, for rules: on LUO's FLBs and files, and on children of the root tree. */

import { missingOf, missingText, type Part } from '../../abi/missing.js';
import type { Handover, Location } from '../../abi/model.js';
import { filesOf } from '../../abi/upstream/holders.js';
import type { DraftRecord, LuoFile, LuoFlb, LuoSession } from '../../abi/upstream/model.js';
import { luoFileSer, luoFlbSer } from '../../records/luo.js';
import { bytesToText } from '../../schema/text.js';
import { formById, namedForms, subjectByKey } from '../../structures/index.js';
import type { StructureModel } from '../../structures/model.js';
import type { StructureForm } from '../../structures/structure.js';
import { misplacedRecord } from '../preserved.js';
import { FILES } from '../reads.js';
import type { Reporter, RuleContext, Subject } from '../rule.js';
import { fieldPlace, type Records } from '../shapes.js';
import { fileSubject, handlerSubject } from '../subject.js';
import { quoted } from '../upstream/blobs.js';
import { UPSTREAM } from '../upstream/shared.js';

/** A structure by the name that it hangs under, whether or not its record could be read. */
export interface Holder<T extends StructureModel = StructureModel> {
  /** Its record as decoded; undefined where the dump does not hold it, or where nobody knows its version. */
  readonly held?: { readonly form: StructureForm; readonly model: T };
  /** Forms of its name, the newest first. */
  readonly forms: readonly StructureForm[];
  /** Physical address of its record, as stored. */
  readonly data: bigint;
  /** For people: `the IOMMU state`, or `iommufd of token 0x22, session "vm"`. */
  readonly name: string;
  readonly subject: Subject;
  /** The field that holds the address. */
  readonly location: Location;
  readonly draft?: DraftRecord;
  /** Of a file: its session, itself, and its position. */
  readonly of?: { readonly session: LuoSession; readonly file: LuoFile; readonly index: number };
}

/** A structure whose record was read. */
export type Held<T extends StructureModel = StructureModel> = Holder<T> & {
  readonly form: StructureForm;
  readonly model: T;
};

const known = new WeakMap<Handover, Map<string, readonly Holder[]>>();

/** Every structure of a subject, by its key in the registry, in the order of the handover. */
export function holdersOf<T extends StructureModel>(handover: Handover, key: string): readonly Holder<T>[] {
  let all = known.get(handover);
  if (all === undefined) {
    all = new Map();
    for (const [subject, holder] of [...flbHolders(handover), ...fileHolders(handover)])
      all.set(subject, [...(all.get(subject) ?? []), holder]);
    known.set(handover, all);
  }
  return (all.get(key) ?? []) as readonly Holder<T>[];
}

/**
 * Every structure of a subject whose record was read and is where a record can be: of one that is not preserved, or
 * not the start of a page, a rule of its own tells, and what stands there is nothing that anybody wrote.
 */
export function heldOf<T extends StructureModel>(handover: Handover, key: string): readonly Held<T>[] {
  return holdersOf<T>(handover, key).flatMap((holder) =>
    holder.held === undefined || misplacedRecord(handover, holder.data) !== undefined
      ? []
      : [{ ...holder, ...holder.held }],
  );
}

/**
 * Whether every file is known, or every one of a session: one that the dump does not hold may be of any kind, so that
 * nobody can say that there is none. Says so where it is not.
 */
export function knowsFiles(handover: Handover, report: Reporter, session?: LuoSession): boolean {
  const missing =
    session === undefined
      ? missingOf(handover, FILES)
      : missingOf(handover, ['files'], session.origin.address);
  if (missing === undefined) return true;
  report.absent(`the ${missingText(missing)}`, missing.address);
  return false;
}

/** As {@link heldOf}, for a rule that does not apply where there is none. */
export function eachHeld<T extends StructureModel>(
  { handover }: RuleContext,
  key: string,
  report: Reporter,
): readonly Held<T>[] {
  const found = heldOf<T>(handover, key);
  if (found.length > 0) return found;
  const subject = subjectByKey(key);
  if (holdersOf(handover, key).length === 0) report.skip(`there is no ${subject?.what ?? key}`);
  else report.skip(`no record of the ${subject?.plural ?? key} could be read`, 'prerequisite');
  return [];
}

/** Structures of a subject, for rules on their records. */
export function heldRecords<T extends StructureModel>(
  key: string,
  reads: readonly Part[],
): Omit<Records<Held<T>, T>, 'each'> & { each(context: RuleContext, report: Reporter): readonly Held<T>[] } {
  return {
    shared: { generations: UPSTREAM, needs: ['memory'], reads },
    each: (context, report) => eachHeld<T>(context, key, report),
    subject: ({ subject }) => subject,
    name: ({ name }) => name,
    model: ({ model }) => model,
    record: ({ form }) => form.root.record,
    address: ({ model }) => model.address,
  };
}

function* flbHolders(handover: Handover): Generator<[string, Holder]> {
  const top = handover as unknown as Readonly<Record<string, StructureModel | undefined>>;
  for (const [i, flb] of (handover.luo?.flbs ?? []).entries()) {
    const text = bytesToText(flb.name).text;
    const named = namedForms('flb', text);
    if (named === undefined) continue;
    const { subject, forms } = named;
    const own = (flb as unknown as typeof top)[subject.key];
    const above = top[subject.key];
    const model = own ?? (above?.address === flb.data && !isLater(handover, i, flb) ? above : undefined);
    yield [
      subject.key,
      holder(model, {
        forms,
        data: flb.data,
        name: `the ${subject.what}`,
        subject: handlerSubject(flb),
        location: fieldPlace(luoFlbSer, flb.origin.address, 'data'),
        ...(flb.draft === undefined ? {} : { draft: flb.draft }),
      }),
    ];
  }
}

/** Whether an FLB before this one has the same name and record. */
function isLater({ luo }: Handover, index: number, { name, data }: LuoFlb): boolean {
  const text = bytesToText(name).text;
  return (luo?.flbs ?? [])
    .slice(0, index)
    .some((each) => each.data === data && bytesToText(each.name).text === text);
}

function* fileHolders(handover: Handover): Generator<[string, Holder]> {
  for (const of of filesOf(handover)) {
    const { session, file } = of;
    const named = namedForms('file', bytesToText(file.compatible).text);
    if (named === undefined || named.subject.released === true) continue;
    const { subject, forms } = named;
    const model = (file as unknown as Readonly<Record<string, StructureModel | undefined>>)[subject.key];
    yield [
      subject.key,
      holder(model, {
        forms,
        data: file.data,
        name: `the ${subject.what} of token 0x${file.token.toString(16)}, session ${quoted(session.name)},`,
        subject: fileSubject(session, file),
        location: fieldPlace(luoFileSer, file.origin.address, 'data'),
        ...(file.draft === undefined ? {} : { draft: file.draft }),
        of,
      }),
    ];
  }
}

function holder(model: StructureModel | undefined, rest: Omit<Holder, 'held'>): Holder {
  const form = model === undefined ? undefined : formById(model.form);
  return model === undefined || form === undefined ? rest : { held: { form, model }, ...rest };
}

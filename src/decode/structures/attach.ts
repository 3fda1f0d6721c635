/** Reads what LUO's files and FLBs, and children of the root, hold that the registry knows, and puts it into the model. */
import type { Handover, Subtree } from '../../abi/model.js';
import { filesOf, flbsOf } from '../../abi/upstream/holders.js';
import type { DraftRecord } from '../../abi/upstream/model.js';
import { readBytes } from '../../memory/read.js';
import { bytesToText } from '../../schema/text.js';
import { namedForms } from '../../structures/index.js';
import type { Model, StructureForm, Subject } from '../../structures/structure.js';
import { dataView } from '../bytes.js';
import { type Context, contextOf } from '../upstream/context.js';
import { clearInForeignPage } from '../upstream/reused.js';
import { type Facts, learn, noFacts } from './facts.js';
import { fixed, modelOf, readStructure } from './read.js';
import { chooseForm } from './select.js';

/** Something that a structure hangs on. */
interface Holder {
  draft?: DraftRecord;
}

/** A structure that is to be read. */
interface Held {
  readonly holder: Holder;
  readonly subject: Subject;
  readonly forms: readonly StructureForm[];
  readonly data: bigint;
  /** Where it hangs, for people. */
  readonly owner: string;
}

/** Reads the structures of LUO's FLBs, then those of its files, whose form often only the former tell. */
export function attachStructures(handover: Handover, context: Context): void {
  const facts = noFacts();
  const flbs = flbsOf(handover).flatMap((flb): Held[] => {
    const name = bytesToText(flb.name).text;
    return held(flb, 'flb', name, flb.data, `the FLB ${name}`);
  });
  const files = [...filesOf(handover)].flatMap(({ session, file, index }) =>
    held(
      file,
      'file',
      bytesToText(file.compatible).text,
      file.data,
      `file ${index} of session "${bytesToText(session.name).text}"`,
    ),
  );
  for (const list of [flbs, files]) {
    const certain = list.filter(isCertain);
    for (const each of certain) attach(handover, context, each, facts);
    for (const each of list) if (!certain.includes(each)) attach(handover, context, each, facts);
  }
}

function held(holder: Holder, kind: Subject['holder'], name: string, data: bigint, owner: string): Held[] {
  const named = namedForms(kind, name);
  return named === undefined || named.subject.released === true ? [] : [{ holder, ...named, data, owner }];
}

/** Whether its name, or the version inside, tells the form. */
function isCertain({ forms }: Held): boolean {
  return forms.length === 1 || forms.every(({ version }) => version !== undefined);
}

function attach(handover: Handover, context: Context, each: Held, facts: Facts): void {
  const { holder, subject, forms, data, owner } = each;
  const own = contextOf(context, subject.part, data);
  const choice = chooseForm(own, forms, data, facts);
  const [name = ''] = forms[0]?.names ?? [];
  if (choice.kind === 'version') {
    const version = isForeign(own, forms[0], data, owner) ? 0 : choice.version;
    holder.draft = {
      draft: `${name} version ${version}, not decoded`,
      source: forms[0]?.source ?? '',
      version,
    };
    return;
  }
  const form = choice.kind === 'form' ? choice.form : forms[0];
  if (form === undefined) return;
  const undecided = choice.kind === 'form' ? choice.undecided : [];
  const record = readStructure({ context: own, owner }, form.root, data, `record of ${owner}`);
  if (record === undefined) {
    // Its name is known nevertheless, so it is not an unknown one.
    holder.draft = { draft: `${name}, its record not in the dump`, source: form.source, absent: true };
    return;
  }
  const model = finished(form, undecided, record);
  if (undecided.length === 0) learn(facts, form, model);
  const others = undecided.map(({ title }) => title).join(', or ');
  holder.draft = {
    draft: others === '' ? form.title : `${form.title}, or ${others}: the bytes do not show which`,
    source: form.source,
  };
  if (others !== '') {
    own.reporter.add('structure-form', `${owner}: ${holder.draft.draft}`, { address: data });
  }
  const top = handover as unknown as Model;
  // A second state of one kind hangs where it was found: the first is the one that the kernel finds.
  const target = subject.top === true && top[subject.key] === undefined ? top : (holder as Model);
  target[subject.key] = model;
}

/** Whether the page of a record of an unknown version is somebody else's; if so, says so. */
function isForeign(
  { memory, reporter }: Context,
  form: StructureForm | undefined,
  address: bigint,
  owner: string,
): boolean {
  const bytes = form === undefined ? undefined : readBytes(memory, address, fixed(form.root.record).size);
  if (bytes === undefined) return false;
  return clearInForeignPage(reporter, memory, { bytes, at: Number(address) }, `record of ${owner}`);
}

function finished(form: StructureForm, undecided: readonly StructureForm[], record: Model): Model {
  return {
    form: form.id,
    ...(undecided.length === 0 ? {} : { undecided: undecided.map(({ id }) => id) }),
    ...record,
  };
}

/**
 * What is known of the blob of a child of the root.
 *
 * @param read property of the blob's tree, where it is one
 */
export function attachBlob(
  subtree: Subtree,
  context: Context,
  compatible: string | undefined,
  read: (property: string) => Uint8Array | undefined,
): void {
  const { name = '', blob, address = 0n } = subtree;
  for (const form of namedForms('child', name)?.forms ?? []) {
    const own = contextOf(context, 'draft', address);
    const record =
      form.tree === undefined
        ? fromBlob(own, form, blob, address)
        : form.tree.compatible === compatible
          ? fromProperty(own, form, read(form.tree.property), name)
          : undefined;
    if (record === undefined) continue;
    subtree.draft = { draft: form.title, source: form.source };
    (subtree as unknown as Model)[form.subject] = finished(form, [], record);
    return;
  }
}

function fromBlob(
  context: Context,
  form: StructureForm,
  blob: Uint8Array | undefined,
  address: bigint,
): Model | undefined {
  const { size, read } = fixed(form.root.record);
  if (blob === undefined || blob.length < size) return undefined;
  const value = read(dataView(blob), 0) as Record<string, number | bigint>;
  const { version } = form;
  if (version !== undefined && !version.values.some((known) => known === value[version.field]))
    return undefined;
  return modelOf({ context, owner: form.title }, form.root, value, address);
}

function fromProperty(
  context: Context,
  form: StructureForm,
  property: Uint8Array | undefined,
  name: string,
): Model | undefined {
  if (property?.length !== BigUint64Array.BYTES_PER_ELEMENT) return undefined;
  const address = dataView(property).getBigUint64(0, true);
  return readStructure({ context, owner: `the child ${name}` }, form.root, address, `record of ${name}`);
}

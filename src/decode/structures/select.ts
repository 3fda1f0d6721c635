/** Which form of a structure its bytes are of. */
import { readBytes } from '../../memory/read.js';
import type { Model, StructureForm } from '../../structures/structure.js';
import { dataView } from '../bytes.js';
import type { Context } from '../upstream/context.js';
import type { Reporter } from '../upstream/report.js';
import { noneReused } from '../upstream/reused.js';
import { contradictions, type Facts } from './facts.js';
import { fixed, readStructure } from './read.js';

/** Bytes after a record that are looked at: the kernel allocates its pages zeroed. */
const BEHIND = 16;

/** A record that cannot be one of a form speaks against it like so many wrong fields. */
const UNLIKE = 8;

/** What can be told of a form. */
export type Choice =
  | { readonly kind: 'form'; readonly form: StructureForm; readonly undecided: readonly StructureForm[] }
  | { readonly kind: 'version'; readonly version: number | bigint }
  | { readonly kind: 'absent' };

/**
 * Tells forms of one name apart: by the version inside, else by evidence. Of several that fit equally well the first
 * is taken, and the others are told.
 *
 * @param forms of one name, the newest first
 * @param address physical address of the record
 */
export function chooseForm(
  context: Context,
  forms: readonly StructureForm[],
  address: bigint,
  facts: Facts,
): Choice {
  const versioned = forms.find(({ version }) => version !== undefined);
  if (versioned?.version !== undefined) {
    const { field } = versioned.version;
    const { size, read } = fixed(versioned.root.record);
    const bytes = readBytes(context.memory, address, size);
    if (bytes === undefined) return { kind: 'absent' };
    const found = (read(dataView(bytes), 0) as Record<string, number | bigint>)[field];
    const form = forms.find(({ version }) => version?.values.some((known) => known === found));
    if (form !== undefined) return { kind: 'form', form, undecided: [] };
    return { kind: 'version', version: found ?? 0 };
  }
  const [first] = forms;
  if (first === undefined) return { kind: 'absent' };
  if (forms.length === 1) return { kind: 'form', form: first, undecided: [] };
  const candidates = forms.flatMap((form) => {
    const faults = faultsOf(context, form, address, facts);
    return faults === undefined ? [] : [{ form, faults }];
  });
  const least = Math.min(...candidates.map(({ faults }) => faults));
  const best = candidates.filter(({ faults }) => faults === least).map(({ form }) => form);
  const alongside = best.filter((form) => form.alongside?.some((id) => facts.forms.has(id)) === true);
  const same = best.filter(({ id }) => facts.forms.has(id));
  for (const left of [alongside, same]) if (left[0] !== undefined && left.length === 1) return only(left[0]);
  const [form = first, ...undecided] = alongside.length > 0 ? alongside : best;
  return candidates.length === 0 ? { kind: 'absent' } : { kind: 'form', form, undecided };
}

function only(form: StructureForm): Choice {
  return { kind: 'form', form, undecided: [] };
}

/** How much speaks against a form; undefined where its record is not in the dump. */
function faultsOf(context: Context, form: StructureForm, address: bigint, facts: Facts): number | undefined {
  let reported = 0;
  const reporter: Reporter = {
    add: () => void reported++,
    absent() {},
    reused() {
      reported += UNLIKE;
    },
    reusedMemory: noneReused(),
    of: () => reporter,
    finish() {},
  };
  const trial: Context = { ...context, reporter, claimed: new Set() };
  const model = readStructure({ context: trial, owner: '' }, form.root, address, '');
  if (model === undefined) return undefined;
  return reported + contradictions(form, model, facts) + (isEnd(context, form, model, address) ? 0 : 1);
}

/** Whether nothing is after the record and its elements. */
function isEnd({ memory }: Context, { root }: StructureForm, model: Model, address: bigint): boolean {
  const { follows } = root;
  const list = follows === undefined ? undefined : (model[follows.key] as { items: readonly Model[] });
  const size =
    fixed(root.record).size +
    (follows === undefined ? 0 : (list?.items.length ?? 0) * fixed(follows.element.record).size);
  const behind = readBytes(memory, address + BigInt(size), BEHIND);
  return behind === undefined || behind.every((byte) => byte === 0);
}

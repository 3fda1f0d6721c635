/** Structures that a dump has beside those with a plan of their own: their values from the seed, along their bindings. */

import { heldBlob } from '../encode/structures/held.js';
import { orderOf } from '../memory/blocks.js';
import type { FieldInfo } from '../schema/record.js';
import { bytesToHex } from '../schema/text.js';
import { hex } from '../schema/units.js';
import { SUBJECTS, subjectByKey } from '../structures/index.js';
import {
  type FieldBinding,
  fieldBinding,
  flagKeys,
  type ListBinding,
  type Model,
  type RecordBinding,
  type StructureForm,
  type Subject,
  type ValueField,
} from '../structures/structure.js';
import { bdfText } from '../structures/values.js';
import { PLANNED } from '../versions/drafts.js';
import { flbOwner } from '../versions/flb.js';
import { draftOf, fileJson, type Json, structureDocument } from './document.js';
import { layFolios } from './folio-list.js';
import { SynthError } from './options.js';
import type { Random } from './random.js';
import { layBlocks, placeOf, type Space } from './space.js';

/** Names of structures that {@link formsNamed} takes: of every one that is bound and has no plan of its own. */
export const MORE_NAMES: readonly string[] = [
  ...new Set(
    SUBJECTS.filter(({ forms }) => !forms.some(({ id }) => PLANNED.has(id))).flatMap(({ forms }) =>
      forms.flatMap(({ names, tree }) => (tree === undefined ? names : [])),
    ),
  ),
];

/**
 * The newest forms of these names, each after those that it cannot be without.
 *
 * @throws SynthError for a name that is not one of {@link MORE_NAMES}
 */
export function formsNamed(names: readonly string[]): StructureForm[] {
  const found = new Set<StructureForm>();
  const add = (name: string): void => {
    if (!MORE_NAMES.includes(name)) return;
    const form = SUBJECTS.flatMap(({ forms }) => forms).find((each) => each.names.includes(name));
    if (form === undefined || found.has(form)) return;
    for (const { id } of form.root.record.fields) {
      const field = fieldBinding(form.root, id);
      const needed =
        field.kind === 'value' && field.file !== undefined ? subjectByKey(field.file) : undefined;
      if (needed !== undefined) add(needed.forms[0]?.names[0] ?? '');
    }
    found.add(form);
    const owner = flbOwner(name);
    for (const other of MORE_NAMES) {
      // An FLB is kept for files, and some files need one.
      if (owner?.needed === true && owner.handlers.test(other)) add(other);
      const flb = flbOwner(other);
      if (flb?.needed === true && flb.handlers.test(name)) add(other);
    }
  };
  for (const name of names) {
    if (!MORE_NAMES.includes(name))
      throw new SynthError('with', `"${name}" is not one of ${MORE_NAMES.join(', ')}`);
    add(name);
  }
  return [...found];
}

/** What hangs on LUO beside files of guest memory. */
export interface LaidMore {
  /** Files that follow those of guest memory in each session. */
  readonly files: readonly (readonly Json[])[];
  readonly flbs: readonly Json[];
  /** Parts at the top of a document. */
  readonly parts: Json;
}

/** A child of the root whose blob is a record. */
export interface MoreChild {
  readonly name: string;
  readonly blob: Uint8Array;
  /** What a document has of it. */
  readonly account: Json;
}

/** Lays them out: what FLBs hold first, as files name parts of it. The files are those of the first session. */
export function layMore(space: Space, forms: readonly StructureForm[], random: Random): LaidMore {
  const filling: Filling = { space, random, tokens: new Map(), held: new Map() };
  const files = heldBy(forms, 'file').map((form) => ({ form, token: random.bits(64) }));
  for (const { form, token } of files) filling.tokens.set(form.subject, token);
  const states = heldBy(forms, 'flb').map((form) => ({ form, state: fillStructure(filling, form) }));
  for (const { form, state } of states) filling.held.set(form.subject, state);
  return {
    files: [files.map(({ form, token }) => fileJson(form, token, fillStructure(filling, form)))],
    flbs: states.map(({ form, state }) => {
      const [name = ''] = form.names;
      const owner = flbOwner(name);
      const users = files.filter(({ form: { names } }) => owner?.handlers.test(names[0] ?? '') === true);
      return {
        name,
        data: state.address,
        count: hex(users.length),
        ...draftOf(form),
        [form.subject]: state,
      };
    }),
    parts: {},
  };
}

/** The blobs of children. */
export function layMoreChildren(space: Space, forms: readonly StructureForm[], random: Random): MoreChild[] {
  const filling: Filling = { space, random, tokens: new Map(), held: new Map() };
  return heldBy(forms, 'child').flatMap((form) => {
    const [name = ''] = form.names;
    const { address: _, ...structure } = fillStructure(filling, form);
    const blob = heldBlob(placeOf(space), { name, [form.subject]: structure }, undefined, name);
    return blob === undefined
      ? []
      : [{ name, blob, account: { ...draftOf(form), [form.subject]: structure } }];
  });
}

function heldBy(forms: readonly StructureForm[], holder: Subject['holder']): StructureForm[] {
  return forms.filter(({ subject }) => subjectByKey(subject)?.holder === holder);
}

interface Filling {
  readonly space: Space;
  readonly random: Random;
  /** Tokens of the session's files, by the keys of their structures. */
  readonly tokens: Map<string, bigint>;
  /** Structures that are laid out already, by their keys. */
  readonly held: Map<string, Json>;
}

/** Most elements of a list. */
const MOST = 4;

function fillStructure(filling: Filling, form: StructureForm): Json {
  const { root } = form;
  const values = fill(filling, root);
  const list = root.follows === undefined ? [] : (values[root.follows.key] as readonly Json[]);
  const bytes = sizeOf(root) + list.length * (root.follows === undefined ? 0 : sizeOf(root.follows.element));
  return structureDocument(form, { address: hex(keep(filling, bytes)), ...values });
}

function keep({ space }: Filling, bytes: number): number {
  return space.keep(orderOf(bytes, space.pageSize));
}

function sizeOf({ record }: RecordBinding): number {
  return record.size ?? 0;
}

/**
 * Values of a record, and of what it leads to.
 *
 * @param index its position where it is in a list
 */
function fill(filling: Filling, binding: RecordBinding, index?: number): { [key: string]: unknown } {
  const { space, random } = filling;
  const values: { [key: string]: unknown } = {};
  const { fields } = binding.record;
  const bound = fields.map((info): [FieldInfo, FieldBinding] => [info, fieldBinding(binding, info.id)]);
  const lists = new Map<string, number>();
  /** Bytes of the folios, which is the first size that the record has. */
  let total: number | undefined;
  const listed = (list: ListBinding, count: string | undefined, most: number): Json[] => {
    const items = Array.from({ length: random.between(1, most) }, (_, i) => fill(filling, list.element, i));
    if (count !== undefined) lists.set(count, items.length);
    values[list.key] = items;
    return items;
  };
  for (const [info, field] of bound)
    if (field.kind === 'value' && field.among !== undefined)
      values[field.key] = amongValue(filling, field, info);
  for (const [info, field] of bound) {
    if (field.kind === 'records') listed(field.list, field.count, info.length ?? MOST);
    else if (field.kind === 'chain') {
      const items = listed(field.list, undefined, MOST);
      const head = field.chain.header.size ?? 0;
      const size = sizeOf(field.list.element);
      const pages = layBlocks(space, items.length, Math.floor((space.pageSize - head) / size));
      values[`${field.list.key}Address`] = pages[0]?.address;
      values[`${field.list.key}Pages`] = pages;
      for (const [i, item] of items.entries())
        Object.assign(item, { address: hex(BigInt(pages[0]?.address ?? 0) + BigInt(head + i * size)) });
    } else if (field.kind === 'one') {
      const target = fill(filling, field.record);
      const { follows } = field.record;
      const after =
        follows === undefined ? 0 : (target[follows.key] as unknown[]).length * sizeOf(follows.element);
      values[`${field.key}Address`] = hex(keep(filling, sizeOf(field.record) + after));
      values[field.key] = target;
    } else if (field.kind === 'folios') {
      const order = typeof values.order === 'number' ? values.order : 0;
      const places = Array.from(
        { length: random.between(1, MOST) },
        () => space.keep(order) / space.pageSize,
      );
      Object.assign(
        values,
        layFolios(space, `folios of the ${binding.what}`, listFile(places), { key: 0, disorder: 0 }),
      );
      lists.set(field.count, places.length);
      total = places.length * space.pageSize * 2 ** order;
    }
  }
  if (binding.follows !== undefined) listed(binding.follows, binding.follows.count, MOST);
  for (const [info, field] of bound) {
    if (field.kind === 'value' && field.hidden !== true) {
      const size = info.unit === 'bytes' ? total : undefined;
      values[field.key] ??= lists.get(info.id) ?? size ?? plain(filling, binding, field, info, index);
      if (size !== undefined) total = 0;
    } else if (field.kind === 'flags')
      for (const { key } of flagKeys(info))
        if (key !== binding.unused && random.chance(1 / 3)) values[key] = true;
  }
  for (const [, field] of bound) {
    const name = field.kind === 'variant' ? field.select(values as Model, values as Model) : undefined;
    const part = field.kind === 'variant' && name !== undefined ? field.variants[name] : undefined;
    if (part !== undefined) Object.assign(values, fill(filling, part, index));
  }
  return values;
}

/** A list of folios that are at these page frames, each the next of the file. */
function listFile(places: readonly number[]): Parameters<typeof layFolios>[2] {
  return {
    folios: places.length,
    each(first, count, visit) {
      for (const [i, pfn] of places.slice(first, first + count).entries())
        visit({ pfn, index: first + i }, first + i);
    },
  };
}

/** What an element of another structure has under the same key. */
function amongValue({ held, random }: Filling, { key, among }: ValueField, info: FieldInfo): unknown {
  const items = (held.get(among?.subject ?? '')?.[among?.list ?? ''] ?? []) as readonly Json[];
  return items.length === 0 ? sized(info, 1) : random.pick(items)[key];
}

/** A number or bytes, by what formats/ says that the field is. */
function plain(
  { space, random, tokens }: Filling,
  { pciFunction }: RecordBinding,
  { key, file, form }: ValueField,
  info: FieldInfo,
  position: number | undefined,
): unknown {
  const index = position ?? 0;
  const { kind, unit, values, pointer, bitWidth = 64, length = 0, element } = info;
  if (file !== undefined) return tokens.get(file) ?? 0n;
  if (form === 'bdf') return bdfText(0x100 + index * 8);
  if (key === pciFunction?.segment) return 0;
  if (kind === 'bytes') {
    const bytes = Uint8Array.from({ length: bitWidth / 8 }, () =>
      info.text === true ? 0 : random.below(256),
    );
    if (info.text === true)
      bytes.set(new TextEncoder().encode(`${key}-${index}`).subarray(0, bytes.length - 1));
    return bytesToHex(bytes);
  }
  if (kind === 'array')
    return Array.from({ length }, () => (element === undefined ? 0 : sized(element, random.below(0x10000))));
  if (values !== undefined) {
    const known = [...values.keys()];
    return unit === 'flags'
      ? sized(
          info,
          known.reduce<bigint>((sum, bit) => (random.chance(1 / 3) ? sum | BigInt(bit) : sum), 0n),
        )
      : random.pick(known);
  }
  if (unit === 'address' || pointer !== undefined) return sized(info, space.keep(0));
  if (unit === 'pfn') return sized(info, space.keep(0) / space.pageSize);
  if (unit === 'bytes' && kind === 'uint' && bitWidth > 16)
    return sized(info, random.between(1, 64) * space.pageSize);
  // Elements differ, and rise: some lists are sorted.
  return sized(info, position !== undefined ? 1 + index : random.below(2 ** Math.min(bitWidth - 1, 15)));
}

function sized({ bitWidth = 64 }: FieldInfo, value: number | bigint): number | bigint {
  return bitWidth > 32 ? BigInt(value) : Number(value);
}

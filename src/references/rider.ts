/** Where the records of riders are, and the memory that they have, along their bindings. Knows no rider by name. */
import type { Location } from '../abi/model.js';
import type { VmallocArea } from '../structures/folios.js';
import type { Rider, RiderForm, TaggedList } from '../structures/rider.js';
import { fieldBinding, type Model } from '../structures/structure.js';
import type { NodeBinding } from '../structures/tree.js';
import { addArea } from './area.js';
import type { Owner, Run } from './claim.js';
import { claim, claimArea, claimPlain, partOwner } from './owners.js';
import type { ReferenceContext } from './sink.js';
import { addKept } from './structures.js';

/** Tells the record of a rider, and what it and its tree lead to; the blob is told besides. */
export function addRider(of: ReferenceContext, rider: Rider, part: Model): void {
  const { key, name, outline } = rider;
  const form = rider.formOf(part);
  const { record, pointer, partial, lists = [], tagged } = form;
  const context = { ...of, owner: partOwner({ part: outline.part }) };
  const own = (part.origin as { readonly address?: bigint } | undefined)?.address;
  const address = pointer === undefined ? own : (part[pointer] as bigint | undefined);
  if (record !== undefined && pointer !== undefined && address !== undefined) {
    const run = { start: address, end: address + BigInt(context.pageSize) };
    claim(context, 'record', record.record.kernelName, () => [run], { preserved: 'block' });
  }
  if (record !== undefined && partial !== true && address !== undefined) {
    if (pointer === undefined) context.sink.record(record.record, address, name, { list: key });
    else context.sink.record(record.record, address, record.what);
  }
  claimNodes(context, rider, part);
  // What stays for good is told before what is read anew.
  for (const field of lists.toReversed()) {
    const by = listPointer(form, field.list.key, own);
    if (field.list.plain !== undefined) claimPlain(context, field, field.list.plain, part, by);
  }
  addKept(context, lists, part);
  if (tagged !== undefined) addTagged(context, rider, form, tagged, part);
}

/** The field of the rider's record that leads to a list. */
function listPointer({ record }: RiderForm, key: string, own: bigint | undefined): Location {
  const place = own === undefined ? {} : { address: own };
  const info = record?.record.fields.find(({ id }) => {
    const field = fieldBinding(record, id);
    return field.kind === 'value' && field.key === `${key}Address`;
  });
  return info === undefined ? place : { ...place, field: `${record?.what}.${info.kernelName}` };
}

/** Claims the memory that nodes of a rider's tree name, each for itself; it stays where it is. */
function claimNodes({ sink }: ReferenceContext, { name, outline }: Rider, part: Model): void {
  const { key, naming, place, contents } = outline.nodes ?? {};
  if (key === undefined || place === undefined || contents === undefined) return;
  for (const node of part[key] as readonly Model[]) {
    const [start, size] = [node[contents.start], node[contents.size]] as (bigint | undefined)[];
    if (start === undefined || size === undefined) continue;
    const called = (node[naming ?? ''] ?? '') as string;
    const owner: Owner = {
      place: { part: outline.part, [place]: called },
      name: `${name} ${place} "${called}"`,
      subject: { node: called },
    };
    const run = { start, end: start + size, position: 0 };
    claim({ sink, owner }, 'contents', 'contents', () => [run], { preserved: 'bytes', fixed: true });
  }
}

/** Memory of a larger order than this there is none of. */
const MAX_ORDER = 60;

function addTagged(
  context: ReferenceContext,
  { name: node }: Rider,
  { tree }: RiderForm,
  list: TaggedList,
  part: Model,
): void {
  const { sink, pageSize } = context;
  const { key, owner: name, element, record, address, tag, from } = list;
  const area = part.area as VmallocArea | undefined;
  const items = part[key] as (Iterable<Model> & { readonly length: number }) | undefined;
  const what = (i: number): string => `${name} ${element} ${i}`;
  const { place } = context.owner as Owner;
  function* runs(): Generator<Run> {
    for (const item of items ?? []) {
      const start = item[address] as bigint;
      const order = Math.min(item[tag] as number, MAX_ORDER);
      yield { start, end: Number(start) + pageSize * 2 ** order };
    }
  }
  if (items !== undefined) {
    const entries = area === undefined ? {} : { entries: { record, at: area, what } };
    const own = { sink, owner: { place, name, subject: {} } };
    claim(own, 'contents', key, runs, { preserved: 'block', ...entries });
  }
  if (area === undefined) return;
  const origin = (part.origin as { readonly address?: bigint } | undefined)?.address;
  const property = tree === undefined ? undefined : propertyOf(tree.root, from);
  claimArea({ ...context, owner: { place, name, subject: { node } } }, area, {
    area,
    by: {
      ...(origin === undefined ? {} : { address: origin }),
      ...(property === undefined ? {} : { property }),
    },
    descriptor: property === undefined ? {} : { property },
  });
  addArea(context, area, name);
  sink.array({
    record,
    count: items?.length ?? 0,
    at: area,
    what,
    traits: { list: `${name} ${key}` },
  });
}

/** The property that a key of the model stands for, of a node or of those below it: few, as a binding has them. */
function propertyOf({ properties, children }: NodeBinding, key: string): string | undefined {
  const own = properties.find((each) => each.key === key)?.property;
  if (own !== undefined) return own;
  for (const child of children) {
    const below = propertyOf(child, key);
    if (below !== undefined) return below;
  }
  return undefined;
}

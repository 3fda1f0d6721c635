/** Where the records of riders are, and the memory that they speak of, along their bindings. Knows no rider by name. */
import type { VmallocArea } from '../structures/folios.js';
import type { Rider, TaggedList } from '../structures/rider.js';
import type { Model } from '../structures/structure.js';
import { addArea } from './area.js';
import type { ReferenceContext } from './sink.js';
import { addKept } from './structures.js';

/** Tells the record of a rider, and what it and its tree lead to; the blob is told besides. */
export function addRider(context: ReferenceContext, rider: Rider, part: Model): void {
  const { key, name, outline } = rider;
  const { record, pointer, partial, lists = [], tagged } = rider.formOf(part);
  const own = (part.origin as { readonly address?: bigint } | undefined)?.address;
  const address = pointer === undefined ? own : (part[pointer] as bigint | undefined);
  if (record !== undefined && partial !== true && address !== undefined) {
    if (pointer === undefined) context.sink.record(record.record, address, name, { list: key });
    else context.sink.record(record.record, address, record.what);
  }
  const { contents } = outline.nodes ?? {};
  if (contents !== undefined) {
    for (const node of part[outline.nodes?.key ?? ''] as readonly Model[]) {
      const [start, size] = [node[contents.start], node[contents.size]];
      if (start !== undefined && size !== undefined)
        context.sink.contents?.(start as bigint, Number(size as bigint));
    }
  }
  addKept(context, lists, part);
  if (tagged !== undefined) addTagged(context, tagged, part);
}

function addTagged(context: ReferenceContext, list: TaggedList, part: Model): void {
  const { sink, pageSize } = context;
  const { key, owner, element, record, address, tag } = list;
  const area = part.area as VmallocArea | undefined;
  const items = part[key] as (Iterable<Model> & { readonly length: number }) | undefined;
  if (area !== undefined) {
    addArea(context, area, owner);
    sink.array({
      record,
      count: items?.length ?? 0,
      at: area,
      what: (i) => `${owner} ${element} ${i}`,
      traits: { list: `${owner} ${key}` },
    });
  }
  for (const item of items ?? [])
    sink.contents?.(item[address] as bigint, pageSize * 2 ** (item[tag] as number));
}

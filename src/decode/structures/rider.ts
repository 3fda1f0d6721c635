/** Reads the blob of a rider along its binding: a tree or a record, and what it leads to. Knows no rider by name. */
import type { Part } from '../../abi/missing.js';
import type { Diagnostic } from '../../abi/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import { rootNode } from '../../fdt/tree.js';
import { readBytes } from '../../memory/read.js';
import type { KhoVmalloc } from '../../records/vmalloc.js';
import type { Rider, RiderForm, TaggedList } from '../../structures/rider.js';
import { fieldBinding, type Model, type RecordBinding } from '../../structures/structure.js';
import { bindNode, type ModelObject } from '../bind.js';
import { dataView } from '../bytes.js';
import { believedEntries } from '../upstream/believed.js';
import { type Context, contextOf, type RiderContext } from '../upstream/context.js';
import { clearSingle, clearUnlike, isClear, restOfPage } from '../upstream/reused.js';
import { areaAddress, readArea, readVmalloc } from '../upstream/vmalloc.js';
import { fixed, readKept } from './read.js';

/** What a blob without memory has for a page. */
const PAGE = 4096;

/** A blob that is a tree of this rider. */
export function readRiderTree(
  rider: Rider,
  { diagnostics, context, old }: RiderContext,
  tree: FdtTree,
  compatible: string,
  address: bigint | undefined,
): Model {
  const own = rider.forms.find((each) => each.tree?.compatible === compatible) ?? {};
  const form = rider.formOfTree?.(tree, old) ?? own;
  const part: Model = {
    compatible,
    ...(form.version === undefined ? {} : { version: form.version }),
    ...originOf(address),
  };
  if (form.tree === undefined) return part;
  bindNode(tree, rootNode(tree), form.tree.root, part as ModelObject, diagnostics);
  if (context !== undefined && form.pointer !== undefined && part[form.pointer] !== undefined) {
    const { record } = form;
    const at = part[form.pointer] as bigint;
    const bytes = record === undefined ? undefined : readBytes(context.memory, at, fixed(record.record).size);
    if (record === undefined || bytes === undefined) {
      context.reporter.of(rider.part).absent(`${record?.what} record`, at);
      return part;
    }
    clearSingle(context.reporter, context.memory, record.record, { bytes, at: Number(at) }, record.what);
    Object.assign(part, recordOf(record, bytes));
  }
  readBelow(rider, form, part, context, diagnostics);
  return part;
}

/**
 * A blob that is a record of this rider.
 *
 * @returns undefined, and reported, where it is none
 */
export function readRiderRecord(
  rider: Rider,
  { context, reporter, diagnostics }: RiderContext,
  blob: Uint8Array,
  address: bigint | undefined,
): Model | undefined {
  let found = rider.record?.recognise(blob);
  if (address !== undefined && found?.foreign === true && !isClear(blob)) {
    reporter.reused(`blob of ${rider.name}`, Number(address), Number(address) + blob.length);
    blob.fill(0);
    found = rider.record?.recognise(blob);
  }
  const { said, form, problem } = found ?? {};
  if (problem !== undefined) {
    const { code, message, field } = problem;
    reporter.add(code, message, {
      ...(address === undefined ? {} : { address }),
      ...(field === undefined ? {} : { field }),
    });
  }
  if (said === undefined) return undefined;
  if (form?.record !== undefined) {
    const { record, what } = form.record;
    // What a file has by itself is the file's.
    if (address !== undefined)
      clearSingle(reporter, context?.memory, record, { bytes: blob, at: Number(address) }, what);
  }
  const record = form?.record === undefined ? {} : recordOf(form.record, blob);
  const part: Model = { ...record, ...said, ...originOf(address) };
  if (form !== undefined) readBelow(rider, form, part, context, diagnostics);
  return part;
}

function originOf(address: bigint | undefined) {
  return address === undefined ? {} : { origin: { address } };
}

/** The values of a record; none of its fields leads anywhere by itself. */
function recordOf(binding: RecordBinding, bytes: Uint8Array): Model {
  const { record, what } = binding;
  const values = fixed(record).read(dataView(bytes), 0) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    record.fields.map(({ id }) => {
      const field = fieldBinding(binding, id);
      if (field.kind !== 'value') throw new TypeError(`${what}: the record of a rider has plain values`);
      return [field.key, values[id]];
    }),
  );
}

/** Lists, and what is computed. */
function readBelow(
  { part: missing, computed }: Rider,
  { lists = [], tagged }: RiderForm,
  part: Model,
  context: Context | undefined,
  diagnostics: Diagnostic[],
): void {
  if (context !== undefined) {
    for (const field of lists) {
      const head = part[`${field.list.key}Address`];
      if (head !== undefined) readKept({ context, owner: '' }, field, head as bigint, part);
    }
  }
  if (tagged !== undefined) readTagged(tagged, part, missing, context);
  const value = context === undefined ? undefined : computed?.of(part, context.memory, context.pageSize);
  if (computed === undefined || value === undefined) return;
  part[computed.key] = value;
  const problem = computed.problem(part, value);
  if (problem !== undefined) diagnostics.push(problem);
}

function readTagged(list: TaggedList, part: Model, missing: Part, context: Context | undefined): void {
  const { key, from, packed, count: countKey, location, code } = list;
  const source = part[from];
  if (packed === true) {
    const { bytes } = (source ?? {}) as { readonly bytes?: Uint8Array };
    if (bytes !== undefined) part[key] = tagged(list, bytes, context?.pageSize ?? PAGE);
    return;
  }
  const count = part[countKey] as number | undefined;
  if (context === undefined || source === undefined || count === undefined) return;
  const own = contextOf(context, missing);
  const area = readVmalloc(own, source as KhoVmalloc, `the ${list.what}`);
  part.area = area;
  const size = fixed(list.record).size;
  const length = believedEntries(context, area, count, size, { owner: list.owner, code, location });
  const bytes = new Uint8Array(length * size);
  const known = readArea(context, area, 0, bytes.length, bytes);
  for (let done = 0; done < known; done += area.runSize) {
    const end = Math.min(area.runSize, known - done);
    const piece = { bytes: bytes.subarray(done, done + end), at: Number(areaAddress(area, done)) };
    const around = restOfPage(context, piece.at + end);
    clearUnlike(context.reporter, list.record, piece, 0, end, list.what, around);
  }
  if (known < bytes.length) own.reporter.absent(list.what, area.runs[0] ?? 0);
  else part[key] = tagged(list, bytes, context.pageSize);
}

/** A view: lists grow with the dump. */
function tagged({ record, address, tag }: TaggedList, bytes: Uint8Array, pageSize: number) {
  const { size, read } = fixed(record);
  const view = dataView(bytes);
  const length = Math.floor(bytes.length / size);
  return {
    length,
    *[Symbol.iterator]() {
      for (let i = 0; i < length; i++) {
        const { value } = read(view, i * size) as { readonly value: bigint };
        const low = value & BigInt(pageSize - 1);
        yield { [address]: value - low, [tag]: Number(low) };
      }
    },
  };
}

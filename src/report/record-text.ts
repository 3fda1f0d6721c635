/** `kho dump --at` and `--session`: one record, in the lines that the whole dump has for it. */
import type { Handover } from '../abi/model.js';
import type { LuoFile, LuoFlb, LuoSession } from '../abi/upstream/model.js';
import { findNode } from '../fdt/tree.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText, quotedText } from '../schema/text.js';
import { hex } from '../schema/units.js';
import { formById, structuresOf } from '../structures/index.js';
import type { StructureList } from '../structures/model.js';
import type { Rider, RiderPart } from '../structures/rider.js';
import { riderOf } from '../structures/riders.js';
import type { Model } from '../structures/structure.js';
import { listsOf } from '../structures/text.js';
import { whatIs } from '../what/what.js';
import { modelJson } from './model-json.js';
import type { Paint } from './paint.js';
import { elementLines } from './structure-text.js';
import { treeLines } from './tree-text.js';
import { fileLine, flbLines, sessionLines } from './upstream-text.js';

/** A record that the dump has lines for. */
export type DumpRecord =
  | { readonly kind: 'session'; readonly session: LuoSession }
  | { readonly kind: 'file'; readonly session: LuoSession; readonly file: LuoFile }
  | { readonly kind: 'flb'; readonly flb: LuoFlb }
  /** A node of a rider's tree: the rider with that one alone. */
  | { readonly kind: 'rider'; readonly rider: Rider; readonly part: RiderPart }
  /** An element of a structure that stands by itself. */
  | { readonly kind: 'element'; readonly address: bigint }
  | { readonly kind: 'node'; readonly handover: Handover; readonly node: number }
  /** Lines of fields: the dump shows it as a part of something else. */
  | { readonly kind: 'fields'; readonly lines: readonly string[] };

/** The sessions of a name. */
export function sessionsNamed({ luo }: Handover, name: string): LuoSession[] {
  return (luo?.sessions ?? []).filter((session) => bytesToText(session.name).text === name);
}

/** The record that has a byte; undefined where none has. */
export function recordAt(handover: Handover, address: bigint, paint: Paint): DumpRecord | undefined {
  const query = { kind: 'physical', text: hex(address), address } as const;
  const [answer] = whatIs(handover, [query], { referrers: false });
  for (const is of answer?.is ?? []) {
    const at = BigInt(is.address);
    const record =
      ofLuo(handover, at) ?? ofElement(handover, at, paint) ?? ofNode(handover, is.fdtPath, address);
    if (record !== undefined) return record;
  }
  const [is] = answer?.is ?? [];
  if (is === undefined) return undefined;
  const rows = is.whole?.() ?? [];
  const width = Math.max(0, ...rows.map(({ field }) => field.length));
  return {
    kind: 'fields',
    lines: [
      `${paint('node', escapeText(is.record))}  ${escapeText(is.what)}  ${paint('faint', `${is.size} bytes at ${hex(is.address)}`)}`,
      ...rows.map(
        ({ field, meaning }) =>
          `  ${paint('name', escapeText(field).padEnd(width))}  ${paint('value', escapeText(meaning))}`,
      ),
    ],
  };
}

function ofLuo({ luo }: Handover, at: bigint): DumpRecord | undefined {
  for (const session of luo?.sessions ?? []) {
    if (session.origin.address === at) return { kind: 'session', session };
    for (const file of session.files ?? [])
      if (file.origin.address === at || hasReleased(file, at)) return { kind: 'file', session, file };
  }
  const flb = luo?.flbs?.find(({ origin }) => origin.address === at);
  return flb === undefined ? undefined : { kind: 'flb', flb };
}

/** Whether a structure that releases have, and a file holds, is at an address. */
function hasReleased(file: LuoFile, at: bigint): boolean {
  for (const { subject, value } of structuresOf(file))
    if (subject.released === true && (value as Model).address === at) return true;
  return false;
}

function ofElement(handover: Handover, address: bigint, paint: Paint): DumpRecord | undefined {
  const [line] = elementLines(handover, address, paint);
  return line === undefined ? undefined : { kind: 'element', address };
}

/** The node of the tree, or of the blob of a child that has the address. */
function ofNode(handover: Handover, path: string | undefined, at: bigint): DumpRecord | undefined {
  if (path === undefined) return undefined;
  const { tree, fdtAddress } = handover;
  const inTree = tree !== undefined && fdtAddress !== undefined && at >= fdtAddress;
  if (inTree && at < fdtAddress + BigInt(tree.bytes.length)) {
    const node = findNode(tree, path);
    return node < 0 ? undefined : { kind: 'node', handover, node };
  }
  const rider = handover.subtrees?.find(
    ({ address, blob }) => address !== undefined && at >= address && at < address + BigInt(blob?.length ?? 0),
  );
  const record = ofRider(handover, riderOf(rider?.name), path);
  if (record !== undefined) return record;
  if (rider?.tree === undefined) return undefined;
  const node = findNode(rider.tree, path);
  const { kind: _kind, generation: _generation, ...own } = handover;
  return node < 0 ? undefined : { kind: 'node', handover: { ...own, kind: 'rider', tree: rider.tree }, node };
}

/** The node of a rider's tree that its outline names by the last part of the path. */
function ofRider(handover: Handover, rider: Rider | undefined, path: string): DumpRecord | undefined {
  const nodes = rider?.outline.nodes;
  if (rider === undefined || nodes === undefined) return undefined;
  const part = (handover[rider.key] ?? {}) as RiderPart;
  const items = (part[nodes.key] ?? []) as readonly RiderPart[];
  const item = items.find((each) => path === `/${each[nodes.naming]}`);
  return item === undefined ? undefined : { kind: 'rider', rider, part: { ...part, [nodes.key]: [item] } };
}

/** The lines of a record. */
export function* recordLines(handover: Handover, record: DumpRecord, paint: Paint): Generator<string> {
  switch (record.kind) {
    case 'session':
      yield* sessionLines(record.session, handover, paint);
      return;
    case 'file':
      yield `  session ${paint('text', quotedText(record.session.name))}`;
      yield `    ${fileLine(record.file, handover, paint)}`;
      return;
    case 'flb':
      yield* flbLines(record.flb, handover, paint);
      return;
    case 'rider':
      yield* record.rider.text?.lines(record.part, paint) ?? [];
      return;
    case 'element':
      yield* elementLines(handover, record.address, paint);
      return;
    case 'node':
      yield* treeLines(record.handover, record.node, paint);
      return;
    case 'fields':
      yield* record.lines;
  }
}

/** The document with the records alone, beside its head; undefined for records that it has no part for. */
export function recordJson(
  handover: Handover,
  records: readonly DumpRecord[],
): { [key: string]: unknown } | undefined {
  const { luo } = handover;
  const [first] = records;
  if (first === undefined) return undefined;
  const head = (own: Partial<Handover>): Handover => {
    const { kind, generation, pageSize, diagnostics } = handover;
    return { kind, pageSize, diagnostics, ...(generation === undefined ? {} : { generation }), ...own };
  };
  const { fdt } = modelJson(handover);
  // The head of the blob, as with --node, and none of its tokens.
  const part = (own: Partial<Handover>): { [key: string]: unknown } => ({
    ...modelJson(head(own)),
    ...(fdt === undefined ? {} : { fdt: { ...(fdt as object), tree: [] } }),
  });
  if (luo !== undefined && (first.kind === 'session' || first.kind === 'file')) {
    const sessions = records.flatMap((record) =>
      record.kind === 'session'
        ? [record.session]
        : record.kind === 'file'
          ? [{ ...record.session, files: [record.file] }]
          : [],
    );
    const { flbs: _flbs, ...own } = luo;
    return part({ luo: { ...own, sessions } });
  }
  if (luo !== undefined && first.kind === 'flb') {
    const { sessions: _sessions, ...own } = luo;
    return part({ luo: { ...own, flbs: [first.flb] } });
  }
  if (first.kind === 'rider') return part({ [first.rider.key]: first.part });
  if (first.kind === 'element') return part(onlyElement(handover, first.address));
  return undefined;
}

/** The structures with the element at an address, all other elements left out. */
function onlyElement(handover: Handover, address: bigint): Partial<Handover> {
  const found: { [key: string]: unknown } = {};
  for (const { subject, value } of structuresOf(handover)) {
    const structure = value as Model;
    const form = formById(structure.form as string);
    const lists = form === undefined ? [] : listsOf(form.root);
    const narrowed = lists.map(({ key }): [string, StructureList<Model>] => {
      const { items } = structure[key] as StructureList<Model>;
      return [key, { items: items.filter((item) => item.address === address) }];
    });
    if (narrowed.some(([, { items }]) => items.length > 0))
      found[subject.key] = { ...structure, ...Object.fromEntries(narrowed) };
  }
  return found;
}

/** What the dump says of a child of the root, besides its node: the model with that part alone. */
export function partOf(handover: Handover, child: string): Handover {
  const { kind, generation, pageSize, diagnostics, memory, missing, subtrees = [] } = handover;
  const key = riderOf(child)?.key ?? (child === 'guestmemfs' ? child : undefined);
  // FLBs hold what is at the top.
  const held = key === 'luo' ? [...structuresOf(handover)] : [];
  const part = key === undefined || handover[key] === undefined ? {} : { [key]: handover[key] };
  return {
    ...{ kind, pageSize, diagnostics },
    ...(generation && { generation }),
    ...(memory && { memory }),
    ...(missing && { missing }),
    subtrees: subtrees.filter(({ name }) => name === child),
    ...part,
    ...Object.fromEntries(held.map(({ subject, value }) => [subject.key, value])),
  };
}

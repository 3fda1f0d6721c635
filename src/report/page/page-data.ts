/** The data of a page's script, from what the page shows. */
import { hex } from '../../schema/units.js';
import { areaTitle } from '../areas.js';
import type { Stretch } from './axis.js';
import {
  type BarsData,
  barsData,
  type FindingData,
  type NameData,
  type PageData,
  type StretchData,
} from './data.js';
import { FRAME } from './kept.js';
import { type PageModel, WIDTH } from './model.js';
import { type Plain, toPlain } from './plain.js';

/** Things that can be searched for by name, records besides. */
const MAX_NAMES = 6000;

/** Everything that the script of the page knows. */
export function pageData(model: PageModel): PageData {
  const { input, axis, lanes, spaces, owners, records, groups } = model;
  const { handover, result, units = [] } = input;
  const told = groups.reduce((sum, { shown, more }) => sum + shown.length + more.length, 0);
  const allFindings = told === (result?.findings.length ?? 0);
  const evidence = model.evidence?.finish({ units, believed: records.believed, allFindings });
  return {
    version: 1,
    frame: FRAME,
    pageSize: handover.pageSize,
    width: WIDTH,
    axis: axis.map(stretchData),
    owners: owners.list.map(({ text, anchor }) => [text, anchor ?? ''] as const),
    lanes: lanes.map(({ id, title, kind, about, levels }) => ({
      id,
      title,
      kind,
      about,
      levels: levels.map(barsData),
    })),
    spaces: spaces.map(({ title, name, anchor, devices, axis: own, links }) => ({
      title,
      name,
      anchor,
      devices,
      axis: own.map(stretchData),
      links: targets(barsData(links)),
    })),
    records: records.sorted.map(({ address, size, anchor, what }) => [address, size, anchor, what] as const),
    rules: [
      ...groups.map(({ id, anchor, total }) => [id, `${total} findings`, anchor] as const),
      ...(result?.passed ?? []).map((id) => [id, 'passed', 'rules'] as const),
      ...(result?.skipped ?? []).map(({ rule, why }) => [rule, `skipped: ${why}`, 'skipped'] as const),
    ],
    findings: findingData(model),
    texts: findingTexts(model),
    names: [...namesOf(model)].slice(0, MAX_NAMES),
    file: input.meta.name,
    ...(evidence === undefined ? {} : { evidence }),
  };
}

function stretchData({ start, end, x, width }: Stretch): StretchData {
  return [start, end, x, width];
}

/** Where links lead is what they are for: nothing of it may be left out. */
function targets(data: BarsData): BarsData {
  return data.p === undefined ? { ...data, p: data.s.map(() => null) } : data;
}

function findingData({ groups }: PageModel): FindingData[] {
  return groups.flatMap(({ shown, more }, rule) => [
    ...shown.map(({ anchor, address }): FindingData => [rule, address ?? -1, anchor]),
    ...more.map(({ address }): FindingData => [rule, address ?? -1, '']),
  ]);
}

function findingTexts({ groups }: PageModel): Plain[] {
  return groups.flatMap(({ shown, more }) =>
    [...shown, ...more].map(({ finding: { severity, message, location, subject } }) =>
      toPlain([severity, message, location, subject ?? {}]),
    ),
  );
}

function* namesOf({ groups, objects, spaces, records, input }: PageModel): Generator<NameData> {
  for (const { id, rule, anchor } of groups) yield [`${id} ${rule?.title ?? ''}`, areaTitle(id), anchor];
  for (const { anchor, session, token, kind, what, names } of objects.list) {
    const own = [
      kind,
      session === undefined ? '' : JSON.stringify(session),
      token === undefined ? '' : `token ${hex(token)}`,
      what,
    ];
    yield [[...own, ...names].filter((text) => text !== '').join(' '), kind, anchor];
  }
  for (const { title, devices, owners, anchor } of spaces)
    yield [[title, ...devices, ...owners].join(' '), 'IO address space', anchor];
  for (const { name = '', address } of input.handover.subtrees ?? [])
    yield [
      `${name}${address === undefined ? '' : ` blob at ${hex(address)}`}`,
      'child of the root tree',
      'tree',
    ];
  for (const { title, anchor, total } of records.groups) yield [title, `list of ${total}`, anchor];
  for (const { records: list } of records.groups)
    for (const { what, record, anchor } of list) yield [`${what} ${record.kernelName}`, 'record', anchor];
}

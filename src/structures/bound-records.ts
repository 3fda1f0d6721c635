/** The records of a form, whatever a dump holds of them. */
import type { RecordType } from '../schema/record.js';
import { folioSer } from './folios.js';
import { SUBJECTS } from './index.js';
import { MAP_RECORDS } from './map/pages.js';
import type { RiderForm } from './rider.js';
import { RIDERS } from './riders.js';
import { upstreamRoots } from './root/tree.js';
import type { FieldBinding, RecordBinding } from './structure.js';
import type { NodeBinding } from './tree.js';

type AnyRecord = RecordType<unknown>;

/** The record of a binding and all that its fields lead to, each once, what is pointed to first. */
export function boundRecords({ record, fields = {}, follows }: RecordBinding): AnyRecord[] {
  const inner = Object.values(fields).flatMap(fieldRecords);
  const elements = follows === undefined ? [] : boundRecords(follows.element);
  return [...new Set([...inner, ...elements, record])];
}

/** Names of the structs that each handler of files has which is in a release, those of all its versions. */
export const HANDLER_STRUCTS: readonly (readonly string[])[] = SUBJECTS.filter(
  ({ holder, released }) => holder === 'file' && released === true,
).map(({ forms }) => [
  ...new Set(forms.flatMap(({ root }) => boundRecords(root)).map(({ kernelName }) => structName(kernelName))),
]);

function structName(kernelName: string): string {
  return kernelName.replace(/^struct /, '');
}

/** Files of formats/ that what releases hand over is laid out in. */
export const RELEASED_FILES: ReadonlySet<string> = new Set(
  [
    ...Object.values(upstreamRoots).flatMap(({ root }) => treeRecords(root)),
    ...RIDERS.flatMap(({ forms }) => forms.flatMap(riderRecords)),
    ...SUBJECTS.flatMap(({ released, forms }) =>
      released === true ? forms.flatMap(({ root }) => boundRecords(root)) : [],
    ),
    ...MAP_RECORDS,
  ].map(({ file }) => file),
);

function treeRecords({ properties, children }: NodeBinding): AnyRecord[] {
  return [...properties.map(({ record }) => record as AnyRecord), ...children.flatMap(treeRecords)];
}

function riderRecords({ tree, record, lists = [], tagged }: RiderForm): AnyRecord[] {
  return [
    ...(tree === undefined ? [] : treeRecords(tree.root)),
    ...(record === undefined ? [] : boundRecords(record)),
    ...lists.flatMap(fieldRecords),
    ...(tagged === undefined ? [] : [tagged.record as AnyRecord]),
  ];
}

function fieldRecords(field: FieldBinding): AnyRecord[] {
  switch (field.kind) {
    case 'chain':
      return [field.chain.header, ...boundRecords(field.list.element)];
    case 'area': {
      const { header } = field.area;
      return [...(header === undefined ? [] : [header]), ...boundRecords(field.list.element)];
    }
    case 'inside':
    case 'one':
      return boundRecords(field.record);
    case 'records':
      return boundRecords(field.list.element);
    case 'variant':
      return Object.values(field.variants).flatMap(boundRecords);
    case 'folios':
      return [folioSer];
    case 'value':
    case 'flags':
    case 'held':
      return [];
  }
}

/** Preserved iommufds: the page tables that user space named (drivers/iommu/iommufd of the series; upstream 4.6). */
import { iommufdHwptSer, iommufdHwptSerList, iommufdSer, iommufdSerList } from '../../records/draft_iommu.js';
import type { RecordType } from '../../schema/record.js';
import { hex } from '../../schema/units.js';
import { type Model, type RecordBinding, type StructureForm, type Subject, value } from '../structure.js';

const SUBJECT = 'iommufd';

function hwpts(record: RecordType<unknown>, element: RecordType<unknown>): RecordBinding {
  return {
    record,
    what: 'iommufd',
    fields: { count: value('nrHwpts', { countOf: 'hwpts', wide: true }) },
    follows: {
      key: 'hwpts',
      what: 'page tables',
      count: 'count',
      element: {
        record: element,
        what: 'page table',
        hidden: ['pad'],
        fields: {
          domain: value('domain', { refers: { subject: 'iommu', list: 'domains' } }),
          token: value('token', { wide: true }),
        },
      },
      identity: ({ token }: Model) => hex(token as bigint),
    },
  };
}

const forms: readonly StructureForm[] = [
  {
    id: 'iommufd-v1',
    subject: SUBJECT,
    title: 'iommufd-v1, later form',
    names: ['iommufd-v1'],
    source: 'upstream 4.6',
    root: hwpts(iommufdSer, iommufdHwptSer),
    alongside: ['iommu-liveupdate', 'iommu-liveupdate-v1'],
  },
  {
    id: 'iommufd-v1-list',
    subject: SUBJECT,
    title: 'iommufd-v1 as posted in February 2026',
    names: ['iommufd-v1'],
    source: 'upstream 4.6',
    root: hwpts(iommufdSerList, iommufdHwptSerList),
    alongside: ['iommu-v1-list', 'iommu-v1-early'],
  },
];

export const iommufd: Subject = {
  key: SUBJECT,
  holder: 'file',
  what: 'iommufd',
  plural: 'iommufds',
  part: 'iommufd',
  forms,
};

/** HugeTLB memory over a live update (upstream 4.8). */
import { hstateSer, hugeMemfdSer, hugetlbSer } from '../../records/draft_memory.js';
import { type Model, type Subject, value } from '../structure.js';

const SOURCE = 'upstream 4.8';

export const hugetlb: Subject = {
  key: 'hugetlb',
  holder: 'flb',
  what: 'HugeTLB state',
  plural: 'HugeTLB states',
  part: 'draft',
  area: { id: 'HUGETLB', title: 'HugeTLB memory over a live update (draft)' },
  forms: [
    {
      id: 'hugetlb-v1',
      subject: 'hugetlb',
      title: 'hugetlb-v1',
      names: ['hugetlb-v1'],
      source: SOURCE,
      root: {
        record: hugetlbSer,
        what: 'HugeTLB state',
        fields: {
          nrHstates: value('nrHstates'),
          hstates: {
            kind: 'records',
            count: 'nrHstates',
            list: {
              key: 'hstates',
              what: 'page sizes',
              element: { record: hstateSer, what: 'page size' },
              identity: ({ order }: Model) => `order ${order}`,
            },
          },
        },
      },
    },
  ],
};

export const hugeMemfd: Subject = {
  key: 'hugeMemfd',
  holder: 'file',
  what: 'HugeTLB memfd',
  plural: 'HugeTLB memfds',
  part: 'draft',
  forms: [
    {
      id: 'huge-memfd-v1',
      subject: 'hugeMemfd',
      title: 'huge-memfd-v1',
      names: ['huge-memfd-v1'],
      source: SOURCE,
      root: {
        record: hugeMemfdSer,
        what: 'HugeTLB memfd',
        fields: {
          order: value('order', { among: { subject: 'hugetlb', list: 'hstates' } }),
          folios: { kind: 'folios', count: 'nrFolios' },
        },
      },
    },
  ],
};

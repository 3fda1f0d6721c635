/** guest_memfd files over a live update (include/linux/kho/abi/kvm.h of the series; upstream 4.9). */
import { guestMemfdLuoSer } from '../../records/draft_memory.js';
import { bits, type Subject, value } from '../structure.js';

export const guestMemfd: Subject = {
  key: 'guestMemfd',
  holder: 'file',
  what: 'guest_memfd',
  plural: 'guest_memfds',
  part: 'draft',
  area: { id: 'GMEM', title: 'guest_memfd files (draft)' },
  forms: [
    {
      id: 'guest_memfd_luo_v1',
      subject: 'guestMemfd',
      title: 'guest_memfd_luo_v1',
      names: ['guest_memfd_luo_v1'],
      source: 'upstream 4.9',
      root: {
        record: guestMemfdLuoSer,
        what: 'guest_memfd',
        fields: {
          flags: bits('flags'),
          vmToken: value('vmToken', { file: 'kvmVm' }),
          folios: { kind: 'folios', count: 'nrFolios' },
        },
      },
    },
  ],
};

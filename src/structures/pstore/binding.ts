/** Kernel logs over a live update (fs/pstore, include/linux/kho/abi/pstore.h of the series; upstream 4.10). */
import { pstoreKhoRecord, pstoreKhoSer } from '../../records/draft_memory.js';
import { type Subject, value } from '../structure.js';

const SOURCE = 'upstream 4.10';
const fields = { timeNsec: value('timeNsec', { wide: true }) };

export const pstore: Subject = {
  key: 'pstore',
  holder: 'child',
  what: 'pstore record',
  plural: 'pstore records',
  part: 'draft',
  area: { id: 'PSTORE', title: 'kernel logs over a live update (draft)' },
  forms: [
    {
      id: 'pstore-kho',
      subject: 'pstore',
      title: 'pstore-kho version 1',
      names: ['pstore-kho'],
      version: { field: 'version', values: [1] },
      source: SOURCE,
      root: { record: pstoreKhoSer, what: 'pstore record', hidden: ['pad'], fields },
    },
    {
      id: 'pstore-kho-v1',
      subject: 'pstore',
      title: 'pstore-kho-v1',
      names: ['pstore-kho'],
      tree: { compatible: 'pstore-kho-v1', property: 'pstore_kho_record' },
      source: SOURCE,
      root: { record: pstoreKhoRecord, what: 'pstore record', fields },
    },
  ],
};

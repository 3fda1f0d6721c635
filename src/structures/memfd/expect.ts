/** What a checker has to say of changed records and entries of a memfd. */
import { filesOf } from '../../abi/upstream/holders.js';
import {
  above,
  anything,
  capacity,
  type Expectations,
  type FieldChange,
  type FieldRule,
  hasDrafts,
  ofRecords,
  where,
} from '../../fuzz/expect/field.js';
import { ACCEPTED, type Expectation, fires, UNKNOWN } from '../../fuzz/mutation.js';
import { luoFileSer } from '../../records/luo.js';
import { memfdLuoFolioSer, memfdLuoSer, memfdLuoSerV1 } from '../../records/memfd.js';
import { DRAFTS, folioListsOf } from '../index.js';

const SIGN = 1n << 63n;
const PAGES = 1n << 32n;
const SEALS = 0x3fn;
const FLAGS = 3n;
/** A part of the file has no folio. */
const NOT_COVERED = ['MEMFD-021', 'MEMFD-022'];

/** Lists of folios of other files have one rule each for all that an entry can be. */
function folio(rule: string): Expectation {
  return fires(rule, 'GMEM-004', 'HUGETLB-003');
}

/** Whether other files list folios too, in records of the same kind: which rule judges one is not known then. */
const hasOtherLists = ({ handover }: FieldChange['target']): boolean =>
  [...filesOf(handover)].some(({ file }) =>
    [...folioListsOf(file)].some(({ subject }) => DRAFTS.includes(subject)),
  );

const fileSize: FieldRule = ({ value, old, target }) => {
  const page = BigInt(target.handover.pageSize);
  if (value > (PAGES - 1n) * page) return fires('MEMFD-005');
  const [before, now] = [(old + page - 1n) / page, (value + page - 1n) / page];
  if (now === before) return ACCEPTED;
  // The last folio may reach beyond the end of the file, by less than the largest that there is.
  return now >= before + page / 8n ? fires(...NOT_COVERED) : UNKNOWN;
};

/** A list that is cut leaves the end of the file out; what follows a list is zeros. */
const folioCount: FieldRule = (change) => {
  if (above(capacity)(change)) return fires('MEMFD-006');
  if (change.value === change.old) return ACCEPTED;
  return change.value < change.old ? fires(...NOT_COVERED) : fires('MEMFD-009');
};

/** The value of the only handler that releases have: the address of a record, in a page of its own. */
const data: FieldRule = (change) => {
  const { value, others, target } = change;
  // What the value of another handler may be is not told here.
  if (hasDrafts(change)) return UNKNOWN;
  if (value === 0n || value >= 1n << 52n) return fires('MEMFD-001');
  const page = BigInt(target.handover.pageSize);
  if (others.some((other) => other !== 0n && other / page === value / page)) return fires('MEMFD-018');
  return UNKNOWN;
};

export const expectations: Expectations = {
  fields: {
    ...ofRecords([luoFileSer], { data }),
    ...ofRecords([memfdLuoSer, memfdLuoSerV1], {
      pos: where(({ value }) => value >= SIGN, ['MEMFD-004'], anything),
      size: fileSize,
      nrFolios: folioCount,
    }),
    ...ofRecords([memfdLuoSer], {
      // Without the four that F_SEAL_EXEC brings along there is a note.
      seals: where(({ value }) => (value & ~SEALS) !== 0n, ['MEMFD-002'], anything),
      flags: where(({ value }) => value !== 0n, ['MEMFD-003']),
    }),
    ...ofRecords([memfdLuoFolioSer], {
      pfn(change) {
        const { value, others, aim, target } = change;
        if (value === 0n) return folio('MEMFD-009');
        if (others.includes(value)) return folio('MEMFD-014');
        const spare = target.spare === undefined ? -1n : BigInt(target.spare / target.handover.pageSize);
        return aim === 'outside' || value === spare ? folio('MEMFD-008') : UNKNOWN;
      },
      flags({ value, target }) {
        if (hasOtherLists(target)) return UNKNOWN;
        if ((value & ~FLAGS) !== 0n) return fires('MEMFD-013');
        return value === FLAGS ? ACCEPTED : fires('MEMFD-020');
      },
      // Wherever the folio goes, its old place is not covered.
      index: ({ value, others, target }) =>
        hasOtherLists(target)
          ? UNKNOWN
          : fires(...(others.includes(value) ? ['MEMFD-012'] : [...NOT_COVERED, 'MEMFD-012'])),
    }),
  },
  lists: {
    [memfdLuoFolioSer.name]: {
      twice: folio('MEMFD-014'),
      // Page frame 0 in the list of a draft's file is no folio.
      zeroed: (target) => (hasDrafts({ target }) ? UNKNOWN : folio('MEMFD-009')),
      swapped: UNKNOWN,
    },
  },
};

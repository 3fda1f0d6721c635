/** What a checker has to say of changed records of LUO. */
import {
  above,
  capacity,
  type Expectations,
  empty,
  type FieldChange,
  type FieldRule,
  hasDrafts,
  noPage,
  ofRecords,
  repeated,
  unterminated,
  where,
} from '../../fuzz/expect/field.js';
import { ACCEPTED, fires, UNKNOWN } from '../../fuzz/mutation.js';
import {
  liveupdateNumber,
  luoFileSer,
  luoFileSetSer,
  luoFileSetSerV1,
  luoFlbHeaderSer,
  luoFlbSer,
  luoSer,
  luoSessionHeader,
  luoSessionHeaderSer,
  luoSessionSer,
  luoSessionSerV1,
} from '../../records/luo.js';
import { factsOf } from '../../versions/generations.js';
import { luoForm } from './binding.js';
import { mayBeNameless } from './rules-sessions.js';

/** Whether files are in block lists. */
const isList = ({ target }: FieldChange): boolean =>
  luoForm(target.handover.luo?.compatible)?.files.kind === 'chain';

/** Each live update counts one more than the one before. */
const fromOne: FieldRule = ({ value }) => (value === 0n ? fires('LUO-022') : ACCEPTED);

/** Files in an array: only what exceeds it is wrong for sure. */
const fileCount: FieldRule = (change) => {
  if ((change.instance.length ?? 0) === 0) return change.old === 0n ? fires('LUO-009', 'LUO-011') : UNKNOWN;
  if (isList(change)) return fires('LUO-011');
  return change.value > capacity(change) ? fires('LUO-011') : UNKNOWN;
};

const fileArea: FieldRule = (change) => {
  if ((change.instance.length ?? 0) === 0) return UNKNOWN;
  const owned = isList(change) ? 'BLOCK-007' : 'LUO-019';
  if (change.value === 0n) return fires('LUO-009', 'LUO-011', 'LUO-019');
  if (change.others.includes(change.value)) return fires(owned);
  return isList(change) && noPage(change) ? fires('BLOCK-004') : UNKNOWN;
};

const sessionName: FieldRule = (change) => {
  if (unterminated(change)) return fires('LUO-006');
  // A note where the kernel writes such names.
  if (empty(change)) return mayBeNameless(change.target.handover) ? UNKNOWN : fires('LUO-007');
  return repeated(change) ? fires('LUO-008') : ACCEPTED;
};

const handler: FieldRule = (change) => {
  if (unterminated(change)) return fires('LUO-013');
  // Another handler's string may be one that reads the file's record.
  // Of what no release reads, nothing says which handlers there are.
  if (factsOf(change.target.handover.generation)?.unreleased !== undefined) return UNKNOWN;
  return repeated(change) ? UNKNOWN : fires('LUO-012');
};

const flbName: FieldRule = (change) => {
  if (unterminated(change) || repeated(change)) return fires('FLB-003');
  return fires('FLB-005');
};

/** The dumps' FLBs are the test's, which every file holds: another count is too low or too high. */
const flbCount: FieldRule = (change) => {
  const { value, old, target } = change;
  if (value === 0n || value >= 1n << 31n) return fires('FLB-004');
  if (hasDrafts(change)) return UNKNOWN;
  if ((target.handover.luo?.sessions?.length ?? 0) === 0) return UNKNOWN;
  return value === old ? ACCEPTED : fires(value < old ? 'FLB-008' : 'FLB-006');
};

export const expectations: Expectations = {
  fields: {
    ...ofRecords([luoSessionHeader], { value: ({ value }) => (value === 0n ? fires('LUO-021') : UNKNOWN) }),
    ...ofRecords([liveupdateNumber], { value: fromOne }),
    ...ofRecords([luoSer], { compatible: where(() => true, ['LUO-002']), liveupdateNum: fromOne }),
    ...ofRecords([luoSessionHeaderSer], { count: where(above(capacity), ['LUO-005']) }),
    ...ofRecords([luoSessionSer, luoSessionSerV1], { name: sessionName }),
    ...ofRecords([luoFileSetSer, luoFileSetSerV1], { count: fileCount, files: fileArea }),
    ...ofRecords([luoFileSer], {
      compatible: handler,
      // Structures of drafts name files by it.
      token: where(
        ({ value, others }) => others.includes(value),
        ['LUO-014'],
        (change) => (hasDrafts(change) && change.value !== change.old ? UNKNOWN : ACCEPTED),
      ),
    }),
    ...ofRecords([luoFlbHeaderSer], {
      pgcnt: where(({ value }) => value !== 1n, ['FLB-001']),
      count: where(above(capacity), ['FLB-002']),
    }),
    ...ofRecords([luoFlbSer], { name: flbName, count: flbCount }),
  },
  lists: {
    [luoSessionSer.name]: {
      twice: fires('LUO-008'),
      zeroed: ({ handover }) => (mayBeNameless(handover) ? UNKNOWN : fires('LUO-007')),
      swapped: ACCEPTED,
    },
    // Of Linux 6.19 too, in which a session may be without a name.
    [luoSessionSerV1.name]: { twice: fires('LUO-008'), zeroed: UNKNOWN, swapped: ACCEPTED },
    [luoFileSer.name]: {
      twice: fires('LUO-014'),
      // Of what no release reads, nothing says which handlers there are.
      zeroed: ({ handover }) =>
        factsOf(handover.generation)?.unreleased === undefined ? fires('LUO-012') : UNKNOWN,
      // An iommufd comes after the files that it maps.
      swapped: (target) => (hasDrafts({ target }) ? UNKNOWN : ACCEPTED),
    },
    [luoFlbSer.name]: { twice: fires('FLB-003'), zeroed: fires('FLB-004'), swapped: ACCEPTED },
  },
};

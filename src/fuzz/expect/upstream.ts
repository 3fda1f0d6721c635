/** Fields of Linux 6.16 and later (formats/, upstream.md sections 2 and 3). */
import { filesOf } from '../../abi/upstream/holders.js';
import { DRAFTS, folioListsOf } from '../../structures/index.js';
import { luoForm } from '../../structures/luo/binding.js';
import { factsOf } from '../../versions/generations.js';
import { ACCEPTED, type Expectation, fires, UNKNOWN } from '../mutation.js';
import {
  always,
  anything,
  empty,
  type FieldChange,
  type FieldRule,
  noPage,
  repeated,
  unterminated,
  where,
} from './field.js';

const SIGN = 1n << 63n;
/** Lists of folios of other files have one rule each for all that an entry can be. */
function folio(rule: string): Expectation {
  return fires(rule, 'GMEM-004', 'HUGETLB-003');
}
/** What becomes of a list of folios when one is there twice, is zeroed, or trades places. */
export const folioLists = {
  memfd_luo_folio_ser: { twice: folio('MEMFD-014'), zeroed: folio('MEMFD-009'), swapped: UNKNOWN },
} as const;
/** A part of a memfd has no folio. */
const NOT_COVERED = ['MEMFD-021', 'MEMFD-022'];
const PAGES = 1n << 32n;

const capacity = ({ instance }: FieldChange): bigint => BigInt(instance.capacity ?? 0);
/** Whether other files than memfds list folios, in records of the same kind: which rule judges one is not known then. */
const hasOtherLists = ({ handover }: FieldChange['target']): boolean =>
  [...filesOf(handover)].some((file) =>
    [...folioListsOf(file)].some(({ subject }) => DRAFTS.includes(subject)),
  );
/** Whether files are in block lists. */
const isList = ({ target }: FieldChange): boolean =>
  luoForm(target.handover.luo?.compatible)?.files.kind === 'chain';
const above =
  (limit: (change: FieldChange) => bigint) =>
  (change: FieldChange): boolean =>
    change.value > limit(change);

/** A link of a chain of pages: 0 ends it early, a page of the chain closes a loop. */
function link(
  pointer: readonly string[],
  loop: readonly string[],
  cut: FieldRule = () => UNKNOWN,
): FieldRule {
  return (change) => {
    if (change.value === 0n) return cut(change);
    if (change.aim === 'self') return fires(...loop);
    return noPage(change) ? fires(...pointer) : UNKNOWN;
  };
}

/** The number of records of a block; files are counted a second time in their session. */
const blockCount: FieldRule = (change) => {
  if (change.value === 0n || change.value > capacity(change)) return fires('BLOCK-003');
  return change.instance.list?.startsWith('blocks of files') === true ? fires('LUO-011') : UNKNOWN;
};

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
  // A note up to 7.1, which writes such names.
  if (empty(change))
    return factsOf(change.target.handover.generation)?.luo === 'record' ? fires('LUO-007') : UNKNOWN;
  return repeated(change) ? fires('LUO-008') : ACCEPTED;
};

const handler: FieldRule = (change) => {
  if (unterminated(change)) return fires('LUO-013');
  // Another handler's string may be one that reads the file's record.
  // Of what no release reads, nothing says which handlers there are.
  if (factsOf(change.target.handover.generation)?.unreleased !== undefined) return UNKNOWN;
  return repeated(change) ? UNKNOWN : fires('LUO-012');
};

const seals: FieldRule = ({ value }) => {
  if ((value & ~0x3fn) !== 0n) return fires('MEMFD-002');
  // Without the four that F_SEAL_EXEC brings along there is a note.
  return ACCEPTED;
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

/** The size of a chunk's blocks is computed for each bitmap, and for none where there are none. */
const chunkOrder: FieldRule = ({ value, instance, target }) => {
  const chunk = target.handover.preservedMap?.chunks?.find(
    ({ address }) => address === BigInt(instance.address),
  );
  return value > 18n && chunk?.numElms !== 0 ? fires('KHO-134') : UNKNOWN;
};

/** A name of a release that writes something else is told; any other text is as good as another. */
const releaseName: FieldRule = (change) => {
  if (unterminated(change) || empty(change)) return fires('KMETA-002');
  return /^\d+\.\d+/.test(String.fromCharCode(...(change.bytes ?? []))) ? UNKNOWN : ACCEPTED;
};

const totalPages: FieldRule = ({ value }) =>
  fires(...(value > 0x7fff_ffffn / 8n ? ['VMALLOC-010'] : ['VMALLOC-001', 'VMALLOC-009']));

/** Whether some file is of a handler that no release has. */
function hasDrafts({ target }: FieldChange): boolean {
  return [...filesOf(target.handover)].some(({ file }) => file.draft !== undefined);
}

/** By `record.field` of the schemas. */
export const upstreamFields: Readonly<Record<string, FieldRule>> = {
  'preserved_memory_map.value': (change) => {
    if (change.value === 0n)
      return factsOf(change.target.handover.generation)?.mapWrittenLate === true ? UNKNOWN : fires('KHO-109');
    return noPage(change) ? fires('KHO-110') : UNKNOWN;
  },
  'blob_size.value': () => UNKNOWN,
  'luo_session_header.value': ({ value }) => (value === 0n ? fires('LUO-021') : UNKNOWN),
  'liveupdate_number.value': anything,
  'luo_ser.compatible': where(() => true, ['LUO-002']),
  'luo_ser.liveupdate_num': anything,
  'luo_session_header_ser.count': where(above(capacity), ['LUO-005']),
  'kho_block_header_ser.count': blockCount,
  'kho_block_header_ser.next': link(['BLOCK-004', 'BLOCK-001', 'BLOCK-007'], ['BLOCK-001'], (change) =>
    change.instance.list?.startsWith('blocks of files') === true ? fires('LUO-011') : UNKNOWN,
  ),
  'luo_session_ser.name': sessionName,
  'luo_session_ser_v1.name': sessionName,
  'luo_file_set_ser.count': fileCount,
  'luo_file_set_ser_v1.count': fileCount,
  'luo_file_set_ser.files': fileArea,
  'luo_file_set_ser_v1.files': fileArea,
  'luo_file_ser.compatible': handler,
  'luo_file_ser.token': where(({ value, others }) => others.includes(value), ['LUO-014'], anything),
  'luo_file_ser.data': (change) => {
    const { value, others, target } = change;
    // What the value of another handler may be is not told here.
    if (hasDrafts(change)) return UNKNOWN;
    if (value === 0n || value >= 1n << 52n) return fires('MEMFD-001');
    const page = BigInt(target.handover.pageSize);
    if (others.some((other) => other !== 0n && other / page === value / page)) return fires('MEMFD-018');
    return UNKNOWN;
  },
  'memfd_luo_ser.pos': where(({ value }) => value >= SIGN, ['MEMFD-004'], anything),
  'memfd_luo_ser_v1.pos': where(({ value }) => value >= SIGN, ['MEMFD-004'], anything),
  'memfd_luo_ser.size': (change) => fileSize(change),
  'memfd_luo_ser_v1.size': (change) => fileSize(change),
  'memfd_luo_ser.seals': seals,
  'memfd_luo_ser.flags': where(({ value }) => value !== 0n, ['MEMFD-003']),
  'memfd_luo_ser.nr_folios': (change) => folioCount(change),
  'memfd_luo_ser_v1.nr_folios': (change) => folioCount(change),
  'memfd_luo_folio_ser.pfn': (change) => {
    const { value, others, aim, target } = change;
    if (value === 0n) return folio('MEMFD-009');
    if (others.includes(value)) return folio('MEMFD-014');
    const spare = target.spare === undefined ? -1n : BigInt(target.spare / target.handover.pageSize);
    return aim === 'outside' || value === spare ? folio('MEMFD-008') : UNKNOWN;
  },
  'memfd_luo_folio_ser.flags': ({ value, target }) => {
    if (hasOtherLists(target)) return UNKNOWN;
    if ((value & ~3n) !== 0n) return fires('MEMFD-013');
    return value === 3n ? ACCEPTED : fires('MEMFD-020');
  },
  // Wherever the folio goes, its old place is not covered.
  'memfd_luo_folio_ser.index': ({ value, others, target }) =>
    hasOtherLists(target)
      ? UNKNOWN
      : fires(...(others.includes(value) ? ['MEMFD-012'] : [...NOT_COVERED, 'MEMFD-012'])),
  'kho_vmalloc.first': (change) => {
    if (change.value === 0n) return fires('VMALLOC-009');
    return change.value >= 1n << 52n ? fires('VMALLOC-005') : UNKNOWN;
  },
  'kho_vmalloc.total_pages': totalPages,
  'kho_vmalloc.flags': where(({ value }) => (value & ~3n) !== 0n, ['VMALLOC-002'], anything),
  'kho_vmalloc.order': where(
    ({ value }) => value > 13n,
    ['VMALLOC-003'],
    () => UNKNOWN,
  ),
  'kho_vmalloc_hdr.next': (change) => {
    if (change.aim === 'self') return fires('VMALLOC-004');
    if (change.value >= 1n << 52n) return fires('VMALLOC-005');
    return change.value === 0n ? fires('VMALLOC-001') : UNKNOWN;
  },
  'kho_vmalloc_chunk_phys.phys': (change) => {
    const { value, target } = change;
    if (value === 0n) return fires('VMALLOC-001');
    if (noPage(change) || value === BigInt(target.spare ?? -1)) return fires('VMALLOC-006', 'VMALLOC-003');
    return UNKNOWN;
  },
  'luo_flb_header_ser.pgcnt': where(({ value }) => value !== 1n, ['FLB-001']),
  'luo_flb_header_ser.count': where(above(capacity), ['FLB-002']),
  'luo_flb_ser.name': flbName,
  'luo_flb_ser.count': flbCount,
  'khoser_mem_chunk_hdr.next': (change) => {
    if (change.aim === 'self' || change.value >= 1n << 52n) return fires('KHO-131');
    return UNKNOWN;
  },
  'khoser_mem_chunk_hdr.order': chunkOrder,
  'khoser_mem_chunk_hdr.num_elms': where(above(capacity), ['KHO-132']),
  'khoser_mem_bitmap_ptr.phys_start': where(noPage, ['KHO-136', 'KHO-145']),
  'khoser_mem_bitmap_ptr.bitmap': where(({ value }) => value === 0n || value >= 1n << 52n, ['KHO-133']),
  'kho_radix_node_table.table': (change) => {
    if (change.value === 0n) return UNKNOWN;
    if (noPage(change)) return fires('KHO-141');
    return change.others.includes(change.value) ? fires('KHO-142', 'KHO-144') : UNKNOWN;
  },
  'kho_test_magic.value': always('KTEST-001'),
  'csum.value': () => UNKNOWN,
  'kho_kexec_metadata.version': always('KMETA-001'),
  'kho_kexec_metadata.previous_release': releaseName,
  'kho_kexec_metadata.kexec_count': anything,
};

function fileSize({ value, old, target }: FieldChange) {
  const page = BigInt(target.handover.pageSize);
  if (value > (PAGES - 1n) * page) return fires('MEMFD-005');
  const [before, now] = [(old + page - 1n) / page, (value + page - 1n) / page];
  if (now === before) return ACCEPTED;
  // The last folio may reach beyond the end of the file, by less than the largest that there is.
  return now >= before + page / 8n ? fires(...NOT_COVERED) : UNKNOWN;
}

/** A list that is cut leaves the end of the file out; what follows a list is zeros. */
function folioCount(change: FieldChange) {
  if (above(capacity)(change)) return fires('MEMFD-006');
  if (change.value === change.old) return ACCEPTED;
  return change.value < change.old ? fires(...NOT_COVERED) : fires('MEMFD-009');
}

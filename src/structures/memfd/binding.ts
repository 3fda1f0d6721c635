/**
 * Preserved memfds (mm/memfd_luo.c; upstream 3.6), in the versions that releases have. They are not in the registry of
 * drafts: a file's `memfd` is read, written and listed along these forms, and shown in a form of its own.
 */
import { memfdLuoSer, memfdLuoSerV1 } from '../../records/memfd.js';
import type { RecordType } from '../../schema/record.js';
import type { StructureForm } from '../structure.js';

function form<Version extends string>(
  id: Version,
  record: RecordType<unknown>,
): StructureForm & { id: Version } {
  return {
    id,
    subject: 'memfd',
    title: id,
    names: [id],
    source: 'upstream 3.6',
    root: {
      record,
      what: 'memfd',
      fields: { folios: { kind: 'folios', count: 'nrFolios', code: 'memfd-folios' } },
    },
  };
}

/** By the handler's own version. */
export const MEMFD_FORMS = {
  'memfd-v1': form('memfd-v1', memfdLuoSerV1),
  'memfd-v2': form('memfd-v2', memfdLuoSer),
} as const;

export type MemfdVersion = keyof typeof MEMFD_FORMS;

/** The version that a handler's string is of; undefined for another handler. */
export function memfdVersion(handler: string): MemfdVersion | undefined {
  return handler === 'memfd-v1' || handler === 'memfd-v2' ? handler : undefined;
}

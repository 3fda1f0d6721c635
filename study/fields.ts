/** Fields of records as places in memory, by the generated field tables. */
import { leafFields } from '../src/fuzz/fields.js';
import type { FieldInfo, RecordType } from '../src/schema/record.js';

/** What a field is for; corruption and result are told by it. */
export type FieldClass =
  | 'pointer'
  | 'count'
  | 'size'
  | 'order'
  | 'flag'
  | 'string'
  | 'reserved'
  | 'id'
  | 'index'
  | 'checksum'
  | 'bitmap'
  | 'version'
  | 'structure'
  | 'value';

/** One field of one record of a dump. */
export interface Site {
  /** The kernel's name, `kho_mem.addr`. */
  readonly name: string;
  readonly kind: FieldClass;
  /** Physical address of the record. */
  readonly address: number;
  /** Within the record, in bits. */
  readonly bit: number;
  readonly width: number;
  readonly endian: 'le' | 'be';
}

const BY_NAME: readonly (readonly [pattern: RegExp, kind: FieldClass])[] = [
  [/order$/, 'order'],
  [/csum/, 'checksum'],
  [/token|persistent_id|_ino$|bus$|devfn$|handle$/, 'id'],
  [/version|magic|compat/, 'version'],
];

const BY_UNIT: Readonly<Record<string, FieldClass>> = {
  address: 'pointer',
  'virtual-address': 'pointer',
  pfn: 'pointer',
  iova: 'value',
  bytes: 'size',
  count: 'count',
  pages: 'count',
  flags: 'flag',
  index: 'index',
  devfn: 'id',
};

function classOf(field: FieldInfo): FieldClass {
  if (field.reserved !== undefined && field.kernelName.startsWith('(')) return 'reserved';
  if (field.kernelName.startsWith('(')) return 'reserved';
  for (const [pattern, kind] of BY_NAME) if (pattern.test(field.kernelName)) return kind;
  if (field.text === true) return 'string';
  if (field.pointer !== undefined) return 'pointer';
  if (field.unit !== undefined) return BY_UNIT[field.unit] ?? 'value';
  return field.bitWidth !== undefined && field.bitWidth < 8 ? 'flag' : 'value';
}

/** Every field of a record, those of records inside it too, by the name of the record that declares it. */
export function* fieldsOf(record: RecordType<unknown>, address: number, name = record.name): Generator<Site> {
  for (const { info, owner, bitOffset, bitWidth, endian } of leafFields(record)) {
    yield {
      name: `${owner === record ? name : owner.name}.${info.kernelName}`,
      kind: classOf(info),
      address,
      bit: bitOffset,
      width: bitWidth,
      endian,
    };
  }
}

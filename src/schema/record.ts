import type { Condition } from './condition.js';

/** What the number in a field counts or names; decides how it is printed. */
export type Unit =
  | 'address'
  | 'bytes'
  | 'count'
  | 'devfn'
  | 'flags'
  | 'index'
  | 'iova'
  | 'pages'
  | 'pfn'
  | 'virtual-address';

/** A pointer of a record: what is at the physical address that the field holds. */
export interface Pointer {
  /** Names of the record types that may be there (snake_case, as in formats/). */
  readonly to: readonly string[];
  /** `one` record, a `chain` linked through it, an `array` of them, or an opaque `page`. */
  readonly kind: 'one' | 'chain' | 'array' | 'page';
  /** Record that follows the target, as many times as the target, or `count`, says. */
  readonly element?: string;
  /** Field of the pointing record, or number, that says how many elements follow. */
  readonly count?: string | number;
  /** Most elements that fit. */
  readonly capacity?: number;
  /** The value that means "points nowhere"; undefined when every value is an address. */
  readonly null?: bigint;
  /** Whether the target must be in preserved memory. */
  readonly preserved?: boolean;
}

/** One field of a record, as formats/ describes it. */
export interface FieldInfo {
  /** Name of the property in the generated interface. */
  readonly id: string;
  /** Name in the kernel or in the hardware specification. */
  readonly kernelName: string;
  readonly doc: string;
  /** Sources of the layout; the record's own sources hold where this is absent. */
  readonly docRef?: readonly string[];
  /** Distance in bits from the start of the record; undefined after a field whose length depends on data. */
  readonly bitOffset: number | undefined;
  /** Width in bits; undefined when it depends on data or on a parameter. */
  readonly bitWidth: number | undefined;
  readonly kind: 'uint' | 'sint' | 'bytes' | 'record' | 'array';
  /** The type of a `record` field, or of the elements of an `array` of records. */
  readonly record?: RecordType<unknown>;
  /** The element of an `array`, its offsets counted from the element's own start. */
  readonly element?: FieldInfo;
  /** Number of elements of an `array`, where it is fixed. */
  readonly length?: number;
  /** Defined values, or flag masks where `unit` is `flags`. Keys have the field's own JavaScript type. */
  readonly values?: ReadonlyMap<number | bigint, string>;
  readonly unit?: Unit;
  /** The bytes are text that ends at the first NUL. */
  readonly text?: true;
  /** When the field must be 0. */
  readonly reserved?: Condition;
  /** When the hardware or the kernel does not look at the field; wins over `reserved`. */
  readonly ignored?: Condition;
  /** `haw`: bits from the host address width up are reserved. `did`: bits above the domain-id width are. */
  readonly limit?: 'haw' | 'did';
  /** First specification revision that defines the field; its bits are reserved before. */
  readonly since?: number;
  /** Last specification revision that defines the field; its bits are reserved afterwards. */
  readonly until?: number;
  readonly pointer?: Pointer;
}

/** Description of a record and, when its size is fixed, the functions that read and write it. */
export interface RecordType<T> {
  /** Name of the .ksy file, without extension. */
  readonly file: string;
  /** Name in that file, snake_case. */
  readonly name: string;
  /** Name in the kernel, e.g. `struct kho_mem`. */
  readonly kernelName: string;
  readonly doc: string;
  readonly docRef: readonly string[];
  readonly endian: 'le' | 'be';
  /** Size in bytes; undefined when it depends on data or on a parameter. */
  readonly size: number | undefined;
  /** Parameters that the reader takes after its other arguments, camelCase. */
  readonly parameters: readonly string[];
  readonly fields: readonly FieldInfo[];
  /** Present when `size` is; the caller guarantees `size` bytes at `offset`. */
  read?(view: DataView, offset: number): T;
  /** Present when `size` is; throws RangeError naming the field when a value does not fit. */
  write?(view: DataView, offset: number, value: T): void;
}

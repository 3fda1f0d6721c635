import type { Pointer, Unit } from '../../src/schema/record.js';
import type { Expression } from './expression.js';

/** A checked .ksy file. */
export interface Schema {
  /** File name without extension; equals meta.id. */
  readonly file: string;
  readonly title: string;
  readonly doc: string;
  readonly endian: 'le' | 'be';
  /** Files whose types may be used as `file::type`. */
  readonly imports: readonly string[];
  readonly enums: readonly EnumModel[];
  readonly types: readonly TypeModel[];
}

/** A Kaitai enum. */
export interface EnumModel {
  readonly name: string;
  readonly values: readonly NamedValue[];
}

/** One entry of an enum or of `-values`. */
export interface NamedValue {
  readonly value: bigint;
  readonly name: string;
  readonly doc?: string;
}

/** A record type. */
export interface TypeModel {
  readonly name: string;
  readonly kernelName: string;
  readonly doc: string;
  readonly docRef: readonly string[];
  /** Names of the parameters, all of them unsigned integers of at most 32 bits. */
  readonly parameters: readonly string[];
  readonly fields: readonly FieldModel[];
}

/** The contents of a field, or of one element of an array. */
export type FieldType =
  | { readonly kind: 'uint' | 'sint'; readonly bytes: 1 | 2 | 4 | 8 }
  | { readonly kind: 'bits'; readonly width: number }
  | { readonly kind: 'bytes'; readonly size: Expression }
  | {
      readonly kind: 'record';
      /** The imported file that defines the type, when it is not this one. */
      readonly file: string | undefined;
      readonly name: string;
      readonly args: readonly Expression[];
    };

/** One entry of `seq`. */
export interface FieldModel {
  readonly id: string;
  readonly kernelName: string;
  readonly doc: string;
  readonly docRef: readonly string[];
  readonly type: FieldType;
  /** Number of elements of an array. */
  readonly repeat?: Expression;
  /** Name of the Kaitai enum that lists the values. */
  readonly enum?: string;
  readonly values?: readonly NamedValue[];
  readonly unit?: Unit;
  readonly text?: true;
  readonly reserved?: string;
  readonly ignored?: string;
  readonly limit?: 'haw' | 'did';
  readonly since?: number;
  readonly until?: number;
  readonly pointer?: Pointer;
}

/** A construct that the generator does not take. The message names file, type and key. */
export class SchemaError extends Error {}

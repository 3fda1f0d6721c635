/** What a row of the VT-d rule table is, and how something that breaks it is described. */
import type { Location } from '../../abi/model.js';
import type { RecordType } from '../../schema/record.js';
import { hex } from '../../schema/units.js';
import type { Severity, Subject } from '../../validate/rule.js';
import type { Capabilities, VtdUnit } from './unit.js';

/** What a row is about; where a dump has none of it, its rules are skipped. */
export type Scope =
  | 'registers'
  | 'root-entry'
  | 'legacy-root-entry'
  | 'scalable-root-entry'
  | 'context-entry'
  | 'scalable-context-entry'
  | 'pasid-directory-entry'
  | 'pasid-entry'
  | 'second-stage'
  | 'first-stage'
  | 'table'
  | 'unit-table'
  | 'domain-device';

/** A VT-d fault: its number in a fault record, and Intel's condition code. */
export type Fault = readonly [reason: number, condition: string];

/** The id of a rule, as literals in the code: a search for it finds what is tested. */
export type VtdRule = `VTD-${number}`;

/** A row of section 3 of vtd.md. */
export interface Row {
  readonly id: VtdRule;
  /** The specification's own id, e.g. `SS-4`. */
  readonly row: string;
  readonly title: string;
  readonly severity: Severity;
  readonly scope: Scope;
  readonly evidence: string;
  readonly consequence: string;
  /** The fault in legacy and in scalable mode, where the row has one. */
  readonly legacy?: Fault;
  readonly scalable?: Fault;
  /** The entry itself is legal: only a request that uses it faults. */
  readonly onAccess?: true;
}

/** Something that breaks a row. */
export interface Hit {
  /** One clause: what is there. */
  readonly text: string;
  /** Hits of one row with the same key have the same cause. */
  readonly key?: string;
  /** Whose it is, where it is another's than the table's. */
  readonly subject?: Subject;
  readonly location?: Location;
  readonly found?: string;
  readonly expected?: string;
  readonly severity?: Severity;
  /** The capability register that decides; if it was not given, the finding is a note. */
  readonly depends?: 'cap' | 'ecap';
}

/** Where an entry is: which requests go through it. */
export interface Place {
  readonly bus: number;
  readonly devfn?: number;
  readonly pasid?: number;
}

/** An entry to be judged. */
export interface Entry<T> {
  readonly type: RecordType<T>;
  readonly value: T;
  readonly words: readonly bigint[];
  /** Physical byte address; -1 for a register. */
  readonly address: number;
  readonly place: Place;
  readonly unit: VtdUnit;
  readonly caps: Capabilities;
}

/** A row that judges one entry on its own. */
export interface EntryRow<T> extends Row {
  readonly test: (entry: Entry<T>) => Hit | undefined;
}

type FieldId<T> = keyof T & string;

/** `11:1`, the bits of a field counted from the start of its structure. */
export function bitsOf<T>({ fields }: RecordType<T>, id: FieldId<T>): string {
  const { bitOffset = 0, bitWidth = 1 } = fields.find((field) => field.id === id) ?? {};
  return bitWidth === 1 ? `${bitOffset}` : `${bitOffset + bitWidth - 1}:${bitOffset}`;
}

/** The kernel's or the specification's name of a field. */
export function nameOf<T>({ fields }: RecordType<T>, id: FieldId<T>): string {
  return fields.find((field) => field.id === id)?.kernelName ?? id;
}

function contentOf<T>(value: T, id: FieldId<T>): bigint {
  const content: unknown = value[id];
  return typeof content === 'bigint' || typeof content === 'number' ? BigInt(content) : 0n;
}

/**
 * A hit on a field of an entry: its bits, their value, and the right one.
 *
 * @param text the clause after the field's name and value, e.g. `is reserved`
 */
export function onField<T>(entry: Entry<T>, id: FieldId<T>, text: string, more: Partial<Hit> = {}): Hit {
  const { type, value, address } = entry;
  const content = contentOf(value, id);
  const bits = bitsOf(type, id);
  const name = nameOf(type, id);
  const unnamed = `${bits.includes(':') ? 'bits' : 'bit'} ${bits}`;
  return {
    text: `${name.startsWith('(') ? unnamed : name} ${hex(content)} ${text}`,
    key: id,
    found: hex(content),
    location: { ...(address < 0 ? {} : { address: BigInt(address) }), field: `${type.name}.${name}`, bits },
    ...more,
  };
}

/** A hit when one of these fields is not 0. */
export function mustBeZero<T>(entry: Entry<T>, ...ids: readonly FieldId<T>[]): Hit | undefined {
  const id = ids.find((candidate) => contentOf(entry.value, candidate) !== 0n);
  return id === undefined ? undefined : onField(entry, id, 'is reserved', { expected: '0' });
}

/** A hit when the domain id does not fit. */
export function didFits<T extends { readonly did: number }>(entry: Entry<T>): Hit | undefined {
  const { didBits } = entry.caps;
  if (entry.value.did >> didBits === 0) return undefined;
  return onField(entry, 'did' as FieldId<T>, `needs more than the ${didBits} bits that CAP.ND gives`, {
    depends: 'cap',
  });
}

/** What follows of a pointer to address 0; the kernel keeps the first MiB for itself and places no table there. */
export const PAGE_0 =
  'hardware takes the contents of physical page 0 for the table: requests fault, or go wherever those bytes point';

/** A hit when a pointer that is in use is 0. */
export function nullPointer<T>(entry: Entry<T>, id: FieldId<T>, what: string): Hit | undefined {
  return contentOf(entry.value, id) === 0n
    ? onField(entry, id, `is not a ${what}, though the entry is present`, {
        expected: `address of a ${what}`,
      })
    : undefined;
}

/** A hit when an address field has bits at or above the host address width. */
export function aboveWidth<T>(entry: Entry<T>, id: FieldId<T>): Hit | undefined {
  const { haw } = entry.caps.settings;
  // The field holds the address from bit 12 on.
  const content = contentOf(entry.value, id);
  if (content >> BigInt(haw - 12) === 0n) return undefined;
  return onField(entry, id, `has address bits at or above the host address width of ${haw} bits`, {
    found: hex(content << 12n),
    expected: `below ${hex(1n << BigInt(haw))}`,
    key: `${id} width`,
  });
}

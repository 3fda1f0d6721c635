/**
 * How entries of one kind of paging table are read: masks as signed 32-bit halves, compiled once per walk
 * from the schema and the settings, so that the walker itself knows no bit position.
 */
export interface EntryFormat {
  /** Top level that the format allows. */
  readonly maxLevel: number;
  /** An entry is present when any of these bits is set. */
  readonly presentLo: number;
  readonly presentHi: number;
  /** The permission bits, read below write, next to each other in one half; and where the lower one is there. */
  readonly permissionLo: number;
  readonly permissionHi: number;
  readonly permissionShift: number;
  /** The bit that makes an entry above level 1 a leaf. */
  readonly largeLo: number;
  /** Bit n set: the large bit selects a leaf at level n. Elsewhere the entry points to a table whatever the bit. */
  readonly largeLevels: number;
  /** Bits 51:32 (or fewer) of an address, in the high half; the low half is always bits 31:12. */
  readonly addressHi: number;
  /** Address bits at or above the host address width: a subset of the reserved masks. */
  readonly beyondWidthLo: number;
  readonly beyondWidthHi: number;
  /** Reserved bits of entries that point to a table, by level. */
  readonly tableReservedLo: Int32Array;
  readonly tableReservedHi: Int32Array;
  /** Reserved bits of leaves, by level. */
  readonly leafReservedLo: Int32Array;
  readonly leafReservedHi: Int32Array;
  /** Bits that two leaves must have in common to count as one mapping besides access and size. */
  readonly attributesLo: number;
  readonly attributesHi: number;
}

/** Reserved bits of one entry shape. */
export interface ReservedMask {
  readonly reservedLo: number;
  readonly reservedHi: number;
}

/** What `compileFormat` needs to know; masks as signed or unsigned 32-bit numbers. */
export interface FormatDescription {
  readonly present: { readonly lo: number; readonly hi: number };
  /** Two neighbouring bits in one half, the write permission above the read permission. */
  readonly read: { readonly lo: number; readonly hi: number };
  readonly write: { readonly lo: number; readonly hi: number };
  readonly large: number;
  readonly addressHi: number;
  readonly beyondWidth: { readonly lo: number; readonly hi: number };
  readonly attributes: { readonly lo: number; readonly hi: number };
  /** By level, from level 1; a level without the shape has none. */
  readonly table: readonly (ReservedMask | undefined)[];
  readonly leaf: readonly (ReservedMask | undefined)[];
}

/**
 * Brings masks into the form that the walker's loops use.
 *
 * @returns the format; levels run from 1 to the number of entries in `table`
 * @throws Error when the permission bits are not neighbours in one half: a mistake in a schema
 */
export function compileFormat(description: FormatDescription): EntryFormat {
  const { present, read, write, large, addressHi, beyondWidth, attributes, table, leaf } = description;
  if (write.lo !== read.lo * 2 || write.hi !== read.hi * 2) {
    throw new Error('the write permission is not the bit above the read permission');
  }
  const levels = table.length + 1;
  const tableReservedLo = new Int32Array(levels);
  const tableReservedHi = new Int32Array(levels);
  const leafReservedLo = new Int32Array(levels);
  const leafReservedHi = new Int32Array(levels);
  let largeLevels = 0;
  for (let level = 1; level < levels; level++) {
    const toTable = table[level - 1];
    const toPage = leaf[level - 1];
    tableReservedLo[level] = toTable?.reservedLo ?? 0;
    tableReservedHi[level] = toTable?.reservedHi ?? 0;
    leafReservedLo[level] = toPage?.reservedLo ?? 0;
    leafReservedHi[level] = toPage?.reservedHi ?? 0;
    if (toPage !== undefined && level > 1) largeLevels |= 1 << level;
  }
  return {
    maxLevel: table.length,
    presentLo: present.lo | 0,
    presentHi: present.hi | 0,
    permissionLo: read.lo | write.lo | 0,
    permissionHi: read.hi | write.hi | 0,
    permissionShift: 31 - Math.clz32(read.lo | read.hi),
    largeLo: large | 0,
    largeLevels,
    addressHi: addressHi | 0,
    beyondWidthLo: beyondWidth.lo | 0,
    beyondWidthHi: beyondWidth.hi | 0,
    tableReservedLo,
    tableReservedHi,
    leafReservedLo,
    leafReservedHi,
    attributesLo: attributes.lo | 0,
    attributesHi: attributes.hi | 0,
  };
}

/** @returns ACCESS_READ and ACCESS_WRITE as the entry's own bits give them */
export function accessOf(format: EntryFormat, lo: number, hi: number): number {
  const { permissionLo, permissionHi, permissionShift } = format;
  return (((lo & permissionLo) | (hi & permissionHi)) >>> permissionShift) & 3;
}

/** @returns the page frame number in bits 51:12 (as far as the format's address goes) of an entry */
export function pfnOf(format: EntryFormat, lo: number, hi: number): number {
  return (hi & format.addressHi) * 0x100000 + (lo >>> 12);
}

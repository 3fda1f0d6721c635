/** Whether bytes can be what is in no record: bits of a bitmap, addresses of pages. */

/** No kernel has smaller pages. */
const PAGE = 4096;

/** Whether bytes are all zero. */
export function isZero(view: DataView, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (view.getUint8(start + i) !== 0) return false;
  return true;
}

const LEAST_TEXT = 16;
const LEAST_LETTERS = 4;

/** Whether bytes are letters, but for a few zeros: numbers have a zero byte at their top, and bits above 0x7f. */
export function isText(view: DataView, start: number, length: number): boolean {
  const letters = new Set<number>();
  let count = 0;
  for (let i = start; i < start + length; i++) {
    const byte = view.getUint8(i);
    if (byte === 0) continue;
    if (byte > 0x7e || (byte < 0x20 && byte !== 0x0a && byte !== 0x09)) return false;
    letters.add(byte);
    count++;
  }
  return count >= LEAST_TEXT && count * 4 >= length * 3 && letters.size >= LEAST_LETTERS;
}

/** Letters of a short record, all in all. */
const FEW_LETTERS = 8;

/** Whether all bytes are letters, and several of them. */
export function areLetters(view: DataView, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) {
    const byte = view.getUint8(i);
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return length >= FEW_LETTERS;
}

/** Of a bitmap, so many words of which nearly all are addresses of the kernel's own memory, or letters, are no bits. */
const LEAST_FOREIGN = 64;
/** Of a few words of bits within a record, so many, and no others. */
const LEAST_FEW = 3;
/** Letters that such words have between them: patterns of bits repeat a few bytes. */
const LEAST_DIFFERENT = 8;
/** Bits 63:47 of such an address, in its high half. */
const KERNEL = 0xffff_8000;
/** Set in no half of a word that is letters. */
const NO_LETTERS = 0x8080_8080 | 0;

/**
 * Whether bytes may be bits of a bitmap. Any bits may be, so this refuses only text, and pages of kernel addresses: no
 * bitmap has the same 17 bits in every word that is not empty or full, nor bytes of printable characters alone.
 */
export function looksLikeBits(view: DataView): boolean {
  const { byteLength } = view;
  if (isText(view, 0, byteLength)) return false;
  const letters = new Set<number>();
  let pointers = 0;
  let texts = 0;
  let others = 0;
  for (let at = 0; at + 8 <= byteLength; at += 8) {
    const lo = view.getInt32(at, true);
    const hi = view.getInt32(at + 4, true);
    if ((lo | hi) === 0 || (lo & hi) === -1) continue;
    if ((hi & KERNEL) >>> 0 === KERNEL) pointers++;
    else if (((lo | hi) & NO_LETTERS) === 0 && isLetters(view, at, letters)) texts++;
    else others++;
  }
  const foreign = pointers + (letters.size < LEAST_DIFFERENT ? 0 : texts);
  const least = Math.min(LEAST_FOREIGN, Math.max(LEAST_FEW, byteLength / 16));
  return foreign < least || (pointers + texts + others - foreign) * 8 > foreign;
}

/** So many words at the end of a page of a tree, and few others between them, are no names: those have a NUL each. */
const LEAST_TAIL = 16;

/**
 * Where in bytes letters or addresses of the kernel begin that go on to the end; their length where none do.
 * Unlike {@link looksLikeBits} it minds no order in what is before them.
 */
export function foreignTail(view: DataView): number {
  const { byteLength } = view;
  const letters = new Set<number>();
  let start = byteLength;
  let foreign = 0;
  let pointers = 0;
  let others = 0;
  for (let at = (byteLength & ~7) - 8; at >= 0; at -= 8) {
    const lo = view.getInt32(at, true);
    const hi = view.getInt32(at + 4, true);
    if ((lo | hi) === 0 || (lo & hi) === -1) continue;
    const pointer = (hi & KERNEL) >>> 0 === KERNEL;
    if (pointer) pointers++;
    if (!pointer && !isLetters(view, at, letters)) {
      others++;
      continue;
    }
    foreign++;
    const varied = pointers * 2 > foreign || letters.size >= LEAST_DIFFERENT;
    if (foreign >= LEAST_TAIL && varied && others * 8 <= foreign) start = at;
  }
  return start;
}

/** From here on words are -1, or errors. */
const ERRORS = 0xffff_f000;

/** Whether a word is eight printable characters, or an address of the kernel. */
export function isForeignWord(view: DataView, at: number): boolean {
  const hi = view.getUint32(at + 4, true);
  if (hi === 0xffff_ffff && view.getUint32(at, true) >= ERRORS) return false;
  return (hi & KERNEL) >>> 0 === KERNEL || isLetters(view, at);
}

/** Whether a word is eight printable characters; if so, adds them. */
function isLetters(view: DataView, at: number, letters?: Set<number>): boolean {
  for (let i = at; i < at + 8; i++) {
    const byte = view.getUint8(i);
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  for (let i = at; i < at + 8; i++) letters?.add(view.getUint8(i));
  return true;
}

/** Of the high half of an address, bits that no machine has. */
const HIGH = 0xfff0_0000;

/** Whether a word can be the address of a page; 0 can. */
export function isPageAddress(view: DataView, at: number, pageSize: number): boolean {
  return (
    ((view.getUint32(at, true) & (pageSize - 1)) | (view.getUint32(at + BYTES_OF_HALF, true) & HIGH)) === 0
  );
}

const BYTES_OF_HALF = 4;

/** So many of a page's words that can be no address are not damage of one or two. */
const ODD_WORDS = 8;
/** Words that are letters from end to end are told by so many. */
const TEXT_WORDS = 4;

/**
 * The same for a page of addresses of pages, 0 where there is none: what is no address is damage, unless most words of
 * a page are none, or they are letters.
 *
 * @param pageSize bytes
 */
export function findUnlikeAddresses(
  view: DataView,
  first: number,
  to: number,
  pageSize: number,
  found: (start: number, end: number) => void,
): void {
  for (let start = first; start + 8 <= to; ) {
    const end = Math.min(to, (Math.floor(start / PAGE) + 1) * PAGE);
    let from = end;
    let odd = 0;
    let good = 0;
    for (let at = start; at + 8 <= end; at += 8) {
      if (!isPageAddress(view, at, pageSize)) {
        from = Math.min(from, at);
        odd++;
      } else if (!isZero(view, at, 8)) good++;
    }
    // Sound ones at the start are a list whose end was damaged.
    if (odd >= ODD_WORDS && odd > good) found(from, end);
    else if (odd >= TEXT_WORDS) findTextWords(view, start, end, found);
    start = end;
  }
}

function findTextWords(
  view: DataView,
  from: number,
  to: number,
  found: (start: number, end: number) => void,
): void {
  const length = TEXT_WORDS * 8;
  for (let at = from; at + length <= to; ) {
    let end = at;
    while (end + length <= to && isText(view, end, length)) end += length;
    if (end > at) found(at, end);
    at = Math.max(end, at + 8);
  }
}

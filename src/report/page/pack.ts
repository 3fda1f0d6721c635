/** Tables of numbers as short text: differences from row to row, rows with the same differences once, in base64. */

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Bits of a number's first byte besides its sign and the mark that there are more, and of the others. */
const FIRST = 64;
const NEXT = 128;

/** Rows of numbers, one after the other. */
export interface Rows {
  /** Numbers of a row. */
  readonly width: number;
  readonly count: number;
  /** Whole numbers of a magnitude below 2^53, row by row. */
  readonly values: Float64Array;
}

/** Rows as text. */
export function packRows({ width, count, values }: Rows): string {
  const out = createBytes();
  const last = new Float64Array(width);
  let row = 0;
  while (row < count) {
    const at = row * width;
    let same = 1;
    while (row + same < count && isAlike(values, at, (row + same) * width, width, same, last)) same++;
    putNumber(out, same);
    for (let i = 0; i < width; i++) {
      putNumber(out, (values[at + i] as number) - (last[i] as number));
      last[i] = values[(row + same - 1) * width + i] as number;
    }
    row += same;
  }
  return toBase64(out.bytes.subarray(0, out.length));
}

/** Whether a row differs from the one before it as the first of a stretch does from what was before. */
function isAlike(
  values: Float64Array,
  first: number,
  at: number,
  width: number,
  nth: number,
  last: Float64Array,
): boolean {
  for (let i = 0; i < width; i++) {
    const step = (values[first + i] as number) - (last[i] as number);
    if ((values[at + i] as number) !== (values[first + i] as number) + nth * step) return false;
  }
  return true;
}

/** The rows of a text; those of a damaged one end where it does. */
export function unpackRows(text: string, width: number): Rows {
  const bytes = fromBase64(text);
  let at = 0;
  const number = (): number => {
    const head = bytes[at++] ?? 0;
    let value = head % FIRST;
    let scale = FIRST;
    for (let more = head >= NEXT; more && at < bytes.length; scale *= NEXT) {
      const next = bytes[at++] as number;
      value += (next % NEXT) * scale;
      more = next >= NEXT;
    }
    return head % NEXT >= FIRST ? -value : value;
  };
  let values = new Float64Array(64 * width);
  let count = 0;
  const last = new Float64Array(width);
  const steps = new Float64Array(width);
  while (at < bytes.length) {
    const same = number();
    for (let i = 0; i < width; i++) steps[i] = number();
    for (let nth = 0; nth < same; nth++) {
      if ((count + 1) * width > values.length) {
        const larger = new Float64Array(values.length * 2);
        larger.set(values);
        values = larger;
      }
      for (let i = 0; i < width; i++) {
        last[i] = (last[i] as number) + (steps[i] as number);
        values[count * width + i] = last[i] as number;
      }
      count++;
    }
  }
  return { width, count, values: values.subarray(0, count * width) };
}

const WORDS = 4;
const WORD = 4;

/** Bytes as text: as rows of four words, since what tables and lists have rises evenly. */
export function packBytes(bytes: Uint8Array): string {
  const count = Math.ceil(bytes.length / (WORDS * WORD));
  const padded = new Uint8Array(count * WORDS * WORD);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const values = new Float64Array(count * WORDS);
  for (let i = 0; i < values.length; i++) values[i] = view.getUint32(i * WORD, true);
  return packRows({ width: WORDS, count, values });
}

/** @param length of the bytes */
export function unpackBytes(text: string, length: number): Uint8Array {
  const { values } = unpackRows(text, WORDS);
  const view = new DataView(new ArrayBuffer(Math.max(values.length * WORD, length)));
  for (let i = 0; i < values.length; i++) view.setUint32(i * WORD, values[i] as number, true);
  return new Uint8Array(view.buffer, 0, length);
}

function createBytes() {
  return { bytes: new Uint8Array(1024), length: 0 };
}

function putNumber(out: ReturnType<typeof createBytes>, value: number): void {
  if (out.length + 16 > out.bytes.length) {
    const larger = new Uint8Array(out.bytes.length * 2);
    larger.set(out.bytes);
    out.bytes = larger;
  }
  let rest = Math.abs(value);
  const sign = value < 0 ? FIRST : 0;
  out.bytes[out.length++] = (rest % FIRST) + sign + (rest >= FIRST ? NEXT : 0);
  rest = Math.floor(rest / FIRST);
  for (let more = rest > 0; more; ) {
    const part = rest % NEXT;
    rest = Math.floor(rest / NEXT);
    more = rest > 0;
    out.bytes[out.length++] = part + (more ? NEXT : 0);
  }
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word =
      ((bytes[i] as number) << 16) |
      ((left > 1 ? (bytes[i + 1] as number) : 0) << 8) |
      (left > 2 ? (bytes[i + 2] as number) : 0);
    part += LETTERS.charAt(word >> 18) + LETTERS.charAt((word >> 12) & 63);
    if (left > 1) part += LETTERS.charAt((word >> 6) & 63);
    if (left > 2) part += LETTERS.charAt(word & 63);
    if (part.length > 1 << 14) {
      parts.push(part);
      part = '';
    }
  }
  parts.push(part);
  return parts.join('');
}

function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let [word, bits, at] = [0, 0, 0];
  const codes = new Uint8Array(128);
  for (let i = 0; i < LETTERS.length; i++) codes[LETTERS.charCodeAt(i)] = i;
  for (let i = 0; i < text.length; i++) {
    word = ((word << 6) | (codes[text.charCodeAt(i)] ?? 0)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (word >> bits) & 0xff;
  }
  return bytes;
}

/** A DataView over exactly these bytes. */
export function dataView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Of Node's Buffer what is used here; other platforms have none. */
interface NativeBuffer {
  compare(a: Uint8Array, b: Uint8Array): number;
}

/** From so many bytes on a native comparison takes less. */
const LONG = 256;

/** True when both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const native = a.length < LONG ? undefined : (globalThis as { readonly Buffer?: NativeBuffer }).Buffer;
  if (native !== undefined) return native.compare(a, b) === 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

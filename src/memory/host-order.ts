/** Whether typed arrays have the byte order of x86-64 and arm64 kernels: then records and tables are read as they are. */
export const LITTLE_ENDIAN_HOST = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

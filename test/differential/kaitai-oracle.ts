import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';
import { parse } from 'yaml';
import { pascal } from '../schema/generated.js';

const require = createRequire(import.meta.url);
const KaitaiStream = require('kaitai-struct/KaitaiStream') as new (
  buffer: ArrayBufferLike,
  offset: number,
) => Stream;
const compiler = require('kaitai-struct-compiler') as {
  compile(
    language: string,
    schema: unknown,
    importer: { importYaml(name: string, mode: string): Promise<unknown> },
    debug: boolean,
  ): Promise<Record<string, string>>;
};

/** A record as Kaitai's reader gives it. */
export type KaitaiObject = Readonly<Record<string, unknown>>;

/** The reader classes of one .ksy file, by PascalCase type name. */
export type KaitaiTypes = Readonly<
  Record<string, new (stream: unknown, parent: null, root: null, ...parameters: number[]) => KaitaiObject>
>;

/** What of Kaitai's stream is used here. */
interface Stream {
  readU1(): number;
  readBytes(length: number): Uint8Array;
}

/** Kaitai's stream, with 64-bit integers and bit fields above 32 bits widened to bigint. */
function wideStream(bytes: Uint8Array): Stream {
  const stream = new KaitaiStream(bytes.slice().buffer, 0);
  let bits = 0n;
  let left = 0;
  const littleEndian = (): bigint =>
    stream.readBytes(8).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const bigEndian = (): bigint =>
    stream.readBytes(8).reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const alignToByte = (): void => {
    bits = 0n;
    left = 0;
  };
  const readBitsIntLe = (width: number): bigint | number => {
    while (left < width) {
      bits |= BigInt(stream.readU1()) << BigInt(left);
      left += 8;
    }
    const value = BigInt.asUintN(width, bits);
    bits >>= BigInt(width);
    left -= width;
    return width > 32 ? value : Number(value);
  };
  return Object.assign(stream, {
    alignToByte,
    readBitsIntLe,
    readU8le: littleEndian,
    readU8be: bigEndian,
    readS8le: () => BigInt.asIntN(64, littleEndian()),
    readS8be: () => BigInt.asIntN(64, bigEndian()),
  });
}

/** Compiles a .ksy file, and those it imports, with Kaitai's own compiler and loads the readers that it writes. */
export async function compileWithKaitai(path: string): Promise<KaitaiTypes> {
  const schema: unknown = parse(readFileSync(path, 'utf8'));
  const importer = {
    importYaml: (name: string): Promise<unknown> =>
      Promise.resolve(parse(readFileSync(join(dirname(path), `${name}.ksy`), 'utf8'))),
  };
  const files = await compiler.compile('javascript', schema, importer, false);
  const loaded = new Map<string, Record<string, KaitaiTypes>>();
  const load = (name: string): Record<string, KaitaiTypes> => {
    const known = loaded.get(name);
    if (known !== undefined) return known;
    const source = files[`${name}.js`];
    if (source === undefined) throw new Error(`${path}: no reader for ${name}`);
    const exported: Record<string, KaitaiTypes> = {};
    loaded.set(name, exported);
    const run = compileFunction(source, ['exports', 'require', 'define']);
    run(exported, (id: string) =>
      id === 'kaitai-struct/KaitaiStream' ? KaitaiStream : load(id.replace('./', '')),
    );
    return exported;
  };
  const name = pascal(basename(path, '.ksy'));
  const types = load(name)[name];
  if (types === undefined) throw new Error(`${path}: nothing exported`);
  return types;
}

/** Reads one record at the start of `bytes` with Kaitai's reader. */
export function readWithKaitai(
  types: KaitaiTypes,
  name: string,
  bytes: Uint8Array,
  parameters: readonly number[],
): KaitaiObject {
  const Type = types[name];
  if (Type === undefined) throw new Error(`Kaitai knows no type ${name}`);
  // Parametrised classes take their arguments after parent and root.
  return new Type(wideStream(bytes), null, null, ...parameters);
}

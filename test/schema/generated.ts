import { readdirSync } from 'node:fs';
import type fc from 'fast-check';
import type { RecordType } from '../../src/schema/record.js';

type Functions = Readonly<Record<string, ((...args: never[]) => unknown) | undefined>>;

const recordModules = await modulesOf('../../src/records/');
const arbitraryModules = await modulesOf('../../src/fuzz/generated/');

async function modulesOf(folder: string): Promise<ReadonlyMap<string, Functions>> {
  const files = readdirSync(new URL(folder, import.meta.url)).filter((name) => name.endsWith('.ts'));
  const modules = files.map(async (name): Promise<[string, Functions]> => {
    const module: unknown = await import(new URL(folder + name, import.meta.url).href);
    return [name.slice(0, -3), module as Functions];
  });
  return new Map(await Promise.all(modules));
}

/** `kho_mem` → `KhoMem`. */
export function pascal(name: string): string {
  return name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}

/** The arbitrary of a type, for the given parameters. */
export function arbitraryOf(type: RecordType<unknown>, parameters: readonly number[]): fc.Arbitrary<object> {
  const name = `${camel(type.name)}Arbitrary`;
  const make = find(arbitraryModules.get(type.file), name);
  return make(...parameters) as fc.Arbitrary<object>;
}

/** Reads a record at the start of `bytes` with its generated reader, whatever its kind of size. */
export function readRecord(
  type: RecordType<unknown>,
  bytes: Uint8Array,
  parameters: readonly number[],
): object | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type.read !== undefined) return type.read(view, 0) as object;
  const read = exported(type, `read${pascal(type.name)}`);
  if (sizeOfRecord(type, parameters) !== undefined) return read(view, 0, ...parameters) as object;
  return (read(view, 0, bytes.length, ...parameters) as { value: object } | undefined)?.value;
}

/** Writes a record with its generated writer. */
export function writeRecord(
  type: RecordType<unknown>,
  value: object,
  parameters: readonly number[],
): Uint8Array {
  const fixed = sizeOfRecord(type, parameters);
  const size = fixed ?? (exported(type, `sizeOf${pascal(type.name)}`)(value, ...parameters) as number);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  exported(type, `write${pascal(type.name)}`)(view, 0, value, ...parameters);
  return bytes;
}

/** Size in bytes, or undefined when it depends on the record's data. */
export function sizeOfRecord(type: RecordType<unknown>, parameters: readonly number[]): number | undefined {
  if (type.size !== undefined) return type.size;
  const sizeOf = exported(type, `sizeOf${pascal(type.name)}`);
  return sizeOf.length === parameters.length ? (sizeOf(...parameters) as number) : undefined;
}

function exported(type: RecordType<unknown>, name: string): (...args: unknown[]) => unknown {
  return find(recordModules.get(type.file), name);
}

function find(module: Functions | undefined, name: string): (...args: unknown[]) => unknown {
  const found = module?.[name];
  if (found === undefined) throw new Error(`nothing generated is called ${name}`);
  return found as (...args: unknown[]) => unknown;
}

function camel(name: string): string {
  const text = pascal(name);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

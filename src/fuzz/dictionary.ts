/** Words that fuzzers without a grammar do not find: in the form that AFL++ and libFuzzer read. */

import { LUO_VERSIONS } from '../abi/upstream/model.js';
import { FdtHeaderMagic, FdtToken } from '../records/fdt.js';
import { rfc2024 } from '../structures/rfc-2024/tree.js';
import { RIDER_TREES, RIDERS } from '../structures/riders.js';
import { upstreamRoots } from '../structures/root/tree.js';
import type { NodeBinding } from '../structures/tree.js';
import { RELEASES } from '../versions/table.js';

/** The lines of a dictionary: magic values, tokens, names of nodes and properties, versions, handlers. */
export function* dictionaryLines(): Generator<string> {
  yield '# Devicetree blobs and records that Linux hands over across kexec; written by kho fuzz.';
  yield entry('fdt_magic', word(FdtHeaderMagic.fdtMagic));
  for (const [name, token] of Object.entries(FdtToken)) yield entry(`fdt_${name}`, word(Number(token)));
  const texts = new Set<string>();
  const trees = [rfc2024, ...Object.values(upstreamRoots), ...RIDER_TREES];
  for (const { root } of trees) addNames(root, texts);
  for (const { files, luo, memblock } of RELEASES)
    for (const text of [luo, memblock, ...files]) if (text !== undefined) texts.add(text);
  for (const version of LUO_VERSIONS) texts.add(version);
  for (const { name } of RIDERS) texts.add(name);
  const encoder = new TextEncoder();
  for (const text of [...texts].sort())
    yield entry(text.replace(/[^A-Za-z0-9]+/g, '_'), encoder.encode(`${text}\0`));
}

/** The depth is that of the bindings. */
function addNames({ name, compatible, properties, children }: NodeBinding, texts: Set<string>): void {
  if ('literal' in name && name.literal !== '') texts.add(name.literal);
  if (compatible !== undefined) texts.add(compatible);
  for (const { property } of properties) texts.add(property);
  for (const child of children) addNames(child, texts);
}

/** As devicetree blobs hold them, big-endian. */
function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function entry(name: string, bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `${name}="${text}"`;
}

/** The account of a capture: what was taken from where, and what was refused. */
import { createHash } from 'node:crypto';
import { packageVersion } from '../version.js';
import type { Captured } from './capture.js';

/** What is known of a file that was written. */
export interface WrittenFile {
  readonly path: string;
  readonly from: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Hash and size of a captured file. */
export function written(path: string, from: string, bytes: Uint8Array): WrittenFile {
  return { path, from, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * The manifest as JSON; its `trees` and `scratch` are what a reader of the core needs.
 *
 * @param files with the core, where it is a file of its own
 */
export function manifestText(captured: Captured, files: readonly WrittenFile[]): string {
  const { facts, trees, scratch, refused } = captured;
  const hex = (value: bigint) => `0x${value.toString(16)}`;
  const manifest = {
    schemaVersion: 1,
    kind: 'kho-capture',
    tool: `kho-toolkit ${packageVersion()}`,
    ...(facts.release === undefined ? {} : { release: facts.release }),
    ...(facts.lockdown === undefined ? {} : { lockdown: facts.lockdown }),
    config: {
      ...(facts.configFrom === undefined ? {} : { from: facts.configFrom }),
      lines: facts.config,
    },
    trees: trees.map(({ direction, address, from }) => ({
      direction,
      ...(address === undefined ? {} : { address: hex(address) }),
      from,
    })),
    ...(scratch.length === 0
      ? {}
      : { scratch: scratch.map(({ start, end }) => ({ start: hex(start), end: hex(end) })) }),
    refused: refused.map(({ path, code, why }) => ({ path, code, why })),
    files,
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

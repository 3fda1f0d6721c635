import type { DraftRecord } from '../../abi/upstream/model.js';
import type { Context } from './context.js';

export function draftFile(
  _context: Context,
  _handler: string,
  _data: bigint,
  _owner: string,
): DraftRecord | undefined {
  return undefined;
}
export function draftFlb(_context: Context, _name: string, _data: bigint): DraftRecord | undefined {
  return undefined;
}
export function draftBlob(_context: Context, _name: string, _blob: Uint8Array): DraftRecord | undefined {
  return undefined;
}

/**
 * What a core that this program wrote says of its trees: the records alone do not show which was whose, nor where
 * scratch is when nothing in the core leads to it.
 */
import { hex } from '../../schema/units.js';

/** Name of the note. */
export const CAPTURE_NOTE = 'kho-capture';

/** A tree of the captured kernel. */
export interface CapturedTree {
  readonly address: bigint;
  /** Handed to the kernel that was running, or prepared by it; left out where that is not known. */
  readonly direction?: 'incoming' | 'outgoing';
}

/** The note in a core: what cannot be seen in its memory. */
export interface CaptureNote {
  readonly trees: readonly CapturedTree[];
  /** Scratch regions, half-open, where the host told them. */
  readonly scratch?: readonly { readonly start: bigint; readonly end: bigint }[];
}

const ADDRESS = /^0x[0-9a-f]{1,16}$/;
const MAX_TREES = 64;
const MAX_SCRATCH = 4096;

/**
 * Reads the note's JSON, of which only `trees` and `scratch` matter.
 *
 * @returns undefined for anything else; never throws
 */
export function parseCaptureNote(text: string): CaptureNote | undefined {
  const note = parsed(text);
  const trees = arrayOf(note?.trees, MAX_TREES)?.flatMap((tree): CapturedTree[] => {
    const address = addressOf(tree.address);
    const { direction } = tree;
    if (address === undefined) return [];
    if (direction === undefined) return [{ address }];
    return direction === 'incoming' || direction === 'outgoing' ? [{ address, direction }] : [];
  });
  if (trees === undefined) return undefined;
  const scratch = arrayOf(note?.scratch, MAX_SCRATCH)?.flatMap((range) => {
    const [start, end] = [addressOf(range.start), addressOf(range.end)];
    return start !== undefined && end !== undefined && start <= end ? [{ start, end }] : [];
  });
  return { trees, ...(scratch === undefined || scratch.length === 0 ? {} : { scratch }) };
}

/** The note's text, as far as a reader needs it. */
export function captureNoteText({ trees, scratch = [] }: CaptureNote): string {
  const note = {
    trees: trees.map(({ address, direction }) => ({
      ...(direction === undefined ? {} : { direction }),
      address: hex(address),
    })),
    ...(scratch.length === 0
      ? {}
      : { scratch: scratch.map(({ start, end }) => ({ start: hex(start), end: hex(end) })) }),
  };
  return JSON.stringify(note);
}

type Json = { readonly [key: string]: unknown };

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function arrayOf(value: unknown, most: number): readonly Json[] | undefined {
  return Array.isArray(value) && value.length <= most ? value.filter(isObject) : undefined;
}

function addressOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && ADDRESS.test(value) ? BigInt(value) : undefined;
}

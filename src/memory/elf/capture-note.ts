/** What `kho capture` says in the core that it writes: the records alone do not show which tree was whose. */

/** Name of the note. */
export const CAPTURE_NOTE = 'kho-capture';

/** A tree of the captured kernel. */
export interface CapturedTree {
  readonly address: bigint;
  /** Handed to the kernel that was running, or prepared by it. */
  readonly direction: 'incoming' | 'outgoing';
}

/** The note that `kho capture` writes into a core: what cannot be seen in its memory. */
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
    return address !== undefined && (direction === 'incoming' || direction === 'outgoing')
      ? [{ address, direction }]
      : [];
  });
  if (trees === undefined) return undefined;
  const scratch = arrayOf(note?.scratch, MAX_SCRATCH)?.flatMap((range) => {
    const [start, end] = [addressOf(range.start), addressOf(range.end)];
    return start !== undefined && end !== undefined && start <= end ? [{ start, end }] : [];
  });
  return { trees, ...(scratch === undefined || scratch.length === 0 ? {} : { scratch }) };
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

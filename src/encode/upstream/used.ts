/** Where a document says that something is, so that nothing fresh is put there. */
import { PHYSICAL_LIMIT, type PhysicalMemory } from '../../memory/physical.js';
import type { Json } from './json.js';

interface Range {
  readonly start: bigint | number;
  readonly end: bigint | number;
}

/** The range that an object stands for, when it is one of the document's kinds of ranges. */
function rangeOf(value: Json, pageSize: bigint): { start: bigint; end: bigint } | undefined {
  const number = (key: string): bigint | undefined => {
    const item = value[key];
    if (typeof item === 'number' && Number.isSafeInteger(item) && item >= 0) return BigInt(item);
    return typeof item === 'string' && /^0x[0-9a-f]{1,16}$/i.test(item) ? BigInt(item) : undefined;
  };
  const start = number('start');
  const end = number('end') ?? (start === undefined ? undefined : start + (number('size') ?? 0n));
  if (start !== undefined && end !== undefined) return { start, end };
  const count = number('count') ?? 1n;
  const address = number('address');
  const order = number('order');
  if (address !== undefined && order !== undefined && order < 64n) {
    return { start: address, end: address + count * (pageSize << order) };
  }
  const pfn = number('pfn');
  if (pfn !== undefined) {
    return { start: pfn * pageSize, end: (pfn + count * (number('step') ?? 1n)) * pageSize };
  }
  return undefined;
}

/**
 * Every range of the document, every page at an address-like text (`0x…`) in it, and what `memory` holds: more
 * than is taken, never less. The blob itself (`fdt`) is hex text without addresses, except for its own.
 */
export function* usedRanges(
  json: Json,
  pageSize: number,
  memory: PhysicalMemory | undefined,
): Generator<Range> {
  const page = BigInt(pageSize);
  const stack: unknown[] = [json];
  for (let item = stack.pop(); item !== undefined || stack.length > 0; item = stack.pop()) {
    if (typeof item === 'string') {
      if (!/^0x[0-9a-f]{1,16}$/i.test(item)) continue;
      const start = BigInt(item);
      yield* clipped({ start, end: start + page });
    } else if (Array.isArray(item)) {
      for (const each of item) stack.push(each);
    } else if (typeof item === 'object' && item !== null) {
      const range = rangeOf(item as Json, page);
      if (range !== undefined) yield* clipped(range);
      else for (const each of Object.values(item)) stack.push(each);
    }
  }
  for (const { start, end } of memory?.known() ?? []) yield { start, end };
}

function* clipped({ start, end }: { start: bigint; end: bigint }): Generator<Range> {
  const limit = BigInt(PHYSICAL_LIMIT);
  if (start < limit && start < end) yield { start, end: end < limit ? end : limit };
}

/** A copy of /proc/iomem: which physical addresses are RAM that a kernel hands out (kernel/resource.c r_show). */

/** A half-open range of physical byte addresses. */
export interface IomemRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** What `/proc/iomem` says of memory. */
export interface Iomem {
  /** What is named "System RAM", ascending and merged; CXL and dax memory are below another resource. */
  readonly ram: readonly IomemRange[];
  /** Lines that name a range. */
  readonly lines: number;
  /** All addresses are 0: the file was read without CAP_SYS_ADMIN. */
  readonly zeroed: boolean;
}

const LINE = /^\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) : (.*)$/i;

/**
 * Parses the text of /proc/iomem. Lines that name no range are skipped.
 *
 * @returns no lines when it is something else
 */
export function parseIomem(text: string): Iomem {
  const ranges: IomemRange[] = [];
  let lines = 0;
  let zeroed = true;
  for (const line of text.split('\n')) {
    const [, from, to, name = ''] = LINE.exec(line) ?? [];
    if (from === undefined || to === undefined) continue;
    const start = BigInt(`0x${from}`);
    // The end is the last byte.
    const end = BigInt(`0x${to}`) + 1n;
    lines++;
    if (end !== 1n) zeroed = false;
    if (name.startsWith('System RAM')) ranges.push({ start, end });
  }
  return { ram: merged(ranges), lines, zeroed: lines > 0 && zeroed };
}

function merged(ranges: IomemRange[]): IomemRange[] {
  const result: IomemRange[] = [];
  for (const { start, end } of ranges.sort((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = result.at(-1);
    if (last !== undefined && start <= last.end) {
      result[result.length - 1] = { start: last.start, end: end > last.end ? end : last.end };
    } else result.push({ start, end });
  }
  return result;
}

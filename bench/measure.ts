/** Timing and tables for the sections. */

/**
 * Fastest of several runs, in seconds. Runs until `budget` seconds are spent, at least three times.
 * The first run warms up and counts only when it takes more than the budget.
 */
export function fastest(run: () => void, budget = 1): number {
  let best = Number.POSITIVE_INFINITY;
  const begin = performance.now();
  for (let i = 0; i < 3 || performance.now() - begin < budget * 1000; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, (performance.now() - start) / 1000);
    if (best > budget) break;
  }
  return best;
}

/** Bytes a second as GB/s. */
export function rate(bytes: number, seconds: number): string {
  return `${(bytes / seconds / 1e9).toFixed(3)} GB/s`;
}

/** Exponent of growth between two sizes: 1 is linear, 2 quadratic. */
export function exponent(sizes: readonly [number, number], seconds: readonly [number, number]): number {
  return Math.log(seconds[1] / seconds[0]) / Math.log(sizes[1] / sizes[0]);
}

/** Rows as lines with aligned columns, the first row as head. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head, ...body] = rows;
  return head === undefined ? [] : [line(head), rule, ...body.map(line)];
}

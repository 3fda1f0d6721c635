/** Loaded before a measured process: notes its peak memory, in KiB, when it ends. */
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const file = process.env.KHO_BENCH_PEAK;
  if (file !== undefined) writeFileSync(file, String(process.resourceUsage().maxRSS));
});

/** Which blocks of our own code have run, from V8's precise coverage: no instrumentation, no package. */
import { type Profiler, Session } from 'node:inspector';

export interface Coverage {
  /** Marks the blocks that ran since the last call; tells how many of them never had before. */
  take(): number;
  /** Blocks that have run so far. */
  size(): number;
  stop(): void;
}

/** Starts to watch scripts whose URL holds `part`. */
export function startCoverage(part: string): Coverage {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const seen = new Set<string>();
  return {
    take() {
      let fresh = 0;
      session.post(
        'Profiler.takePreciseCoverage',
        (error: Error | null, taken: Profiler.TakePreciseCoverageReturnType) => {
          if (error !== null) throw error;
          for (const { url, scriptId, functions } of taken.result) {
            if (!url.includes(part)) continue;
            for (const { ranges } of functions) {
              for (const { startOffset, endOffset, count } of ranges) {
                const key = `${scriptId}:${startOffset}:${endOffset}`;
                if (count === 0 || seen.has(key)) continue;
                seen.add(key);
                fresh++;
              }
            }
          }
        },
      );
      return fresh;
    },
    size: () => seen.size,
    stop() {
      session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}

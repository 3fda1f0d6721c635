/** A search of memory that several threads make together, ahead of who asks for it. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { STEP } from '../budget.js';
import type { PhysicalMemory } from '../physical.js';
import { addRisingPages, type RisingPages } from '../rising-pages.js';
import type { RunTable } from '../run-table.js';
import { type Pattern, prepareSearch, type SearchSlice, type SliceHits, searchSlices } from '../search.js';
import { type FoundInSlice, memoryOfTask, type SearchTask, searchNext } from './search-thread.js';
import { tellRead } from './telling.js';
import { WORKER_FILE } from './worker-file.js';

/** A file, not packed, that holds memory as it is. */
export interface StoredMemory {
  readonly fd: number;
  readonly size: number;
  readonly path: string;
  readonly table: RunTable;
}

/**
 * A worker takes 30 to 40 ms to start, twice that of processor time with what it compiles; searching so many bytes takes
 * three times that.
 */
const WORTH_A_WORKER = 512 << 20;
/** Bytes of a slice. */
const MOST = 16 << 20;
/** Slices for each thread, so that none waits long for the last one. */
const EACH = 8;

/**
 * Searches memory with several threads, this one among them; {@link searchMemory} then takes what they found. Where
 * there is not enough to search, nothing is done.
 *
 * @param memory that will be searched, all of whose bytes are in `stored`
 * @param jobs threads; without it as many as there are processors, if the memory is worth it
 * @param file where workers start
 * @throws Error when a worker ends before its work does
 */
export async function searchAhead(
  memory: PhysicalMemory,
  stored: StoredMemory,
  patterns: readonly Pattern[],
  jobs?: number,
  file = WORKER_FILE,
): Promise<void> {
  if (file === undefined || jobs === 1) return;
  let bytes = 0;
  for (const { start, end } of searchSlices(memory, Number.MAX_SAFE_INTEGER)) bytes += end - start;
  const threads = jobs ?? Math.min(availableParallelism(), Math.floor(bytes / WORTH_A_WORKER));
  if (threads < 2) return;
  const slices = searchSlices(memory, Math.min(MOST, bytes / (threads * EACH)));
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const task: SearchTask = { ...stored, patterns, slices, shared };
  const hits = await searched(task, Math.min(threads, slices.length) - 1, file, (rising) =>
    addRisingPages(memory, rising),
  );
  prepareSearch(memory, {
    patterns,
    hits,
    charge: (length) => memory.budget?.take('work', length + STEP) ?? true,
  });
}

async function searched(
  task: SearchTask,
  workers: number,
  file: URL,
  note: (rising: RisingPages) => void,
): Promise<Map<number, { slice: SearchSlice; hits: SliceHits }>> {
  const { slices } = task;
  const found = new Map<number, { slice: SearchSlice; hits: SliceHits }>();
  const take = ({ index, hits, rising }: FoundInSlice): void => {
    if (rising !== undefined) note(rising);
    const slice = slices[index];
    if (slice !== undefined && hits !== undefined) found.set(slice.start, { slice, hits });
  };
  const running = Array.from({ length: workers }, () => startWorker(task, file, take));
  let failure: Error | undefined;
  const ends = Promise.all(running.map(({ ended }) => ended)).catch((error: Error) => {
    failure = error;
  });
  const memory = memoryOfTask(task);
  for (let own = searchNext(task, memory); own !== undefined; own = searchNext(task, memory)) {
    take(own);
    // What workers have found, or that one has ended, arrives in between.
    await new Promise(setImmediate);
    if (failure !== undefined) break;
  }
  await ends;
  if (failure === undefined) return found;
  // The file is closed after this.
  await Promise.all(running.map(({ worker }) => worker.terminate()));
  throw failure;
}

function startWorker(
  task: SearchTask,
  file: URL,
  take: (found: FoundInSlice) => void,
): { readonly worker: Worker; readonly ended: Promise<void> } {
  const worker = new Worker(file, { workerData: { search: task } });
  const ended = new Promise<void>((resolve, reject) => {
    worker.on('message', (message: FoundInSlice | 'done') => {
      if (message === 'done') {
        // It ends by itself; nobody waits for that.
        worker.unref();
        resolve();
        return;
      }
      const slice = task.slices[message.index];
      tellRead(slice === undefined ? 0 : slice.end - slice.start);
      take(message);
    });
    worker.once('error', (error) => reject(new Error(`a worker failed: ${error.message}`)));
    worker.once('exit', (code) => reject(new Error(`a worker ended before its work, with status ${code}`)));
  });
  return { worker, ended };
}

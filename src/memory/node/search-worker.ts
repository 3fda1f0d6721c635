/** Where a worker of a search starts: what it finds goes to its parent. */
import { parentPort, workerData } from 'node:worker_threads';
import { type SearchTask, searchAsWorker } from './search-thread.js';

const { search } = workerData as { search: SearchTask };
if (parentPort !== null) searchAsWorker(search, parentPort);

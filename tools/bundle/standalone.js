// The entry of dist/kho.mjs and dist/kho.cjs: the command line in one file, its workers included. No top-level await:
// CommonJS has none.
import { parentPort, workerData } from 'node:worker_threads';
import { main } from '../../dist/cli/main.js';
import { searchAsWorker } from '../../dist/memory/node/search-thread.js';

if (parentPort !== null && workerData?.search !== undefined) {
  searchAsWorker(workerData.search, parentPort);
} else {
  main(process.argv.slice(2)).then((status) => {
    process.exitCode = status;
  });
}

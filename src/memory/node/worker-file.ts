/** Where workers start: a module of its own, so that bundles can put their own file in its place. */

/** Undefined where there is no file that a worker could start from, as in a single executable. */
export const WORKER_FILE: URL | undefined = new URL('./search-worker.js', import.meta.url);

// Runs command lines one after another for kho.ts, with the standard streams in memory.
import { Readable } from 'node:stream';
import { workerData } from 'node:worker_threads';
import { main } from '../../dist/bundle/main.cjs';

const { port, answered } = workerData;

/** Collects what is written to a stream; the bytes are copied, for writers reuse their buffers. */
function capture(stream) {
  const chunks = [];
  stream.write = (chunk, encoding, done) => {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(Uint8Array.from(chunk)));
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };
  return () => Buffer.concat(chunks.splice(0)).toString('utf8');
}

const stdout = capture(process.stdout);
const stderr = capture(process.stderr);
// yargs prints help and version through the console, which holds on to the streams of the process.
console.log = (...args) => process.stdout.write(`${args.join(' ')}\n`);
console.error = (...args) => process.stderr.write(`${args.join(' ')}\n`);

port.on('message', async ({ args, input }) => {
  const stdin = Readable.from(input === undefined ? [] : [Buffer.from(input)], { objectMode: false });
  Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
  let status = null;
  try {
    status = await main(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  }
  port.postMessage({ status, stdout: stdout(), stderr: stderr() });
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
});

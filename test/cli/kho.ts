/** The command line, as a test sees it: arguments and input in, status and text out. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';

const bin = fileURLToPath(new URL('../../bin/kho.js', import.meta.url));
const thread = fileURLToPath(new URL('kho-thread.js', import.meta.url));

/** A run that hangs is ended after this time, in milliseconds, and has no status. */
const TIMEOUT = 60_000;

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** Set to 1 by the thread when it has answered. */
  readonly answered: Int32Array<SharedArrayBuffer>;
}

let running: Thread | undefined;

function startThread(): Thread {
  const { port1: port, port2 } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(thread, {
    workerData: { port: port2, answered },
    transferList: [port2],
    env: { ...process.env, NO_COLOR: '1' },
  });
  // It must not keep the test's own process alive.
  worker.unref();
  port.unref();
  return { worker, port, answered };
}

/**
 * Runs `kho` with these arguments in a thread of this process that has loaded what `bin/kho.js` loads: the same
 * code and the same streams without the fifth of a second that a process takes to start.
 */
export function kho(args: readonly string[], input?: string | Uint8Array): Run {
  running ??= startThread();
  const { worker, port, answered } = running;
  Atomics.store(answered, 0, 0);
  port.postMessage({ args, input });
  if (Atomics.wait(answered, 0, 0, TIMEOUT) === 'timed-out') {
    void worker.terminate();
    running = undefined;
    return { status: null, stdout: '', stderr: '' };
  }
  return receiveMessageOnPort(port)?.message as Run;
}

/** Runs `kho` as a process, for what only a process shows: its exit status, pipes and signals. */
export function khoProcess(args: readonly string[], input?: string | Uint8Array): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
    timeout: TIMEOUT,
    maxBuffer: 1 << 28,
    env: { ...process.env, NO_COLOR: '1' },
    ...(input === undefined ? {} : { input }),
  });
  return { status, stdout, stderr };
}

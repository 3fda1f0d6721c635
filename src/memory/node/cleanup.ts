import { rmSync } from 'node:fs';

/** Signals that end the process by default and can be caught. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const pending = new Set<string>();

/** Removes the file, or the folder with all in it, when the process exits or is ended by a signal, until {@link keepFile} is called. */
export function removeAtExit(path: string): void {
  if (pending.size === 0) install();
  pending.add(path);
}

/** Forgets a file that was registered: it is in place now, or gone already. */
export function keepFile(path: string): void {
  if (pending.delete(path) && pending.size === 0) uninstall();
}

function install(): void {
  process.on('exit', removeAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function uninstall(): void {
  process.off('exit', removeAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function removeAll(): void {
  for (const path of pending) {
    try {
      rmSync(path, { force: true, recursive: true });
    } catch {
      // The process is ending: nothing is left to be done about it.
    }
  }
  pending.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  removeAll();
  uninstall();
  // Without our listener the signal has its own effect again, unless someone else handles it.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

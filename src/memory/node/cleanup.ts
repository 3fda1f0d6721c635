import { rmSync } from 'node:fs';

/** Signals that end the process by default and can be caught. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const pending = new Set<() => void>();
const files = new Map<string, () => void>();

/**
 * Calls `action` when the process exits or is ended by a signal; it must not throw if what it ends is missing.
 *
 * @returns forgets the action, which is then not called
 */
export function onExit(action: () => void): () => void {
  if (pending.size === 0) install();
  pending.add(action);
  return () => {
    if (pending.delete(action) && pending.size === 0) uninstall();
  };
}

/** Removes the file or folder when the process exits or is ended by a signal, until {@link keepFile} is called. */
export function removeAtExit(path: string): void {
  if (!files.has(path)) {
    files.set(
      path,
      onExit(() => rmSync(path, { force: true, recursive: true })),
    );
  }
}

/** Forgets a file that was registered: it is in place now, or gone already. */
export function keepFile(path: string): void {
  files.get(path)?.();
  files.delete(path);
}

function install(): void {
  process.on('exit', runAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function uninstall(): void {
  process.off('exit', runAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function runAll(): void {
  for (const action of pending) {
    try {
      action();
    } catch {
      // The process is ending: nothing is left to be done about it.
    }
  }
  pending.clear();
  files.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  runAll();
  uninstall();
  // Without our listener the signal has its own effect again, unless someone else handles it.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

/** Commands with a time limit, and the log of the run: each step with the seconds that it took. */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

export interface Ran {
  /** The exit status; 128 and more for a signal. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Seconds, after which the command is killed. */
  readonly timeout?: number;
  /** File to which both streams are appended too. */
  readonly log?: string;
}

const SECOND = 1000;

/**
 * Runs a command, and collects what it prints.
 *
 * @throws Error when it cannot be started, or does not end in time
 */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env, timeout = 600, log }: RunOptions = {},
): Promise<Ran> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeout * SECOND);
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        texts[stream] += text;
        if (log !== undefined) appendFileSync(log, text);
      });
    }
    child.on('error', (error) => {
      clearTimeout(timer);
      fail(new Error(`${command}: ${error.message}`));
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (late) fail(new Error(`${command} ${args.join(' ')}: not done after ${timeout} s`));
      else done({ status: code ?? 128, ...texts });
    });
  });
}

/**
 * Runs a command that must succeed.
 *
 * @returns its standard output
 * @throws Error with the end of what it printed
 */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, options);
  if (status === 0) return stdout;
  const end = `${stdout}${stderr}`.trimEnd().split('\n').slice(-20).join('\n');
  throw new Error(`${command} ${args.join(' ')}: exit status ${status}\n${end}`);
}

const started = Date.now();

function seconds(since: number): string {
  return ((Date.now() - since) / SECOND).toFixed(1);
}

/** A line of the log, with the seconds since the start. */
export function say(text: string): void {
  for (const line of text.split('\n')) process.stdout.write(`[${seconds(started).padStart(7)}] ${line}\n`);
}

/** Runs a step, and says how long it took. */
export async function step<T>(name: string, action: () => Promise<T>): Promise<T> {
  const since = Date.now();
  const result = await action();
  say(`${name} (${seconds(since)} s)`);
  return result;
}

/** @throws Error with `message` when something that must hold does not */
export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

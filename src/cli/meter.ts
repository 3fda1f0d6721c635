/** How far a long run is, as one line on a terminal: what it does, to which file, how much of it, how fast, how long still. */
import { basename } from 'node:path';
import { onExit } from '../memory/node/cleanup.js';
import { type Listener, listen } from '../memory/node/telling.js';
import { listenToWork, type WorkListener } from '../memory/work.js';
import { createWork, type WorkState } from './meter-work.js';
import { createProgress, type Terminal, terminalOf } from './progress.js';

/** The clock is asked once in so many calls, or bytes: it costs about as much as a short read. */
const CALLS = 16;
const BYTES = 1 << 20;
/** Letters of a file's name that are shown, so that the numbers after it fit. */
const NAME = 28;

/** A listener that shows what it is told. */
export interface Meter extends Listener, WorkListener {
  /** Wipes the line. */
  end(): void;
}

/** Runs something with a line that says how far it is; it is gone when this returns, or a signal ends the process. */
export async function metered<T>(work: () => T): Promise<Awaited<T>> {
  const meter = createMeter(terminalOf(false));
  const forget = onExit(() => meter.end());
  listen(meter);
  listenToWork(meter);
  try {
    return await work();
  } finally {
    listen(undefined);
    listenToWork(undefined);
    forget();
    meter.end();
  }
}

/**
 * A meter for a terminal.
 *
 * @param terminal undefined shows nothing
 */
export function createMeter(terminal: Terminal | undefined): Meter {
  const progress = createProgress(terminal);
  const now = terminal?.now ?? (() => 0);
  let stage = { name: 'reading', path: '', total: undefined as number | undefined, unit: 'read' };
  let began = now();
  let read = 0;
  let written = 0;
  let step = '';
  let held = false;
  let calls = 0;
  let bytes = 0;
  const work = createWork(now);

  function line(): string {
    const { name, path, total, unit } = stage;
    return [
      `${name} ${shortName(path)}`.trimEnd(),
      ...(step === '' ? [] : [step]),
      ...amounts({ read, written, total, unit, seconds: (now() - began) / 1000, work: work.state() }),
    ].join('  ');
  }

  function tick(count: number): void {
    calls++;
    bytes += count;
    if (held || (calls < CALLS && bytes < BYTES)) return;
    calls = 0;
    bytes = 0;
    progress.show(line);
  }

  return {
    stage(name, path, total, unit = 'read') {
      stage = { name, path, total, unit };
      began = now();
      read = 0;
      written = 0;
      step = '';
      work.reset();
      if (!held) progress.show(line);
    },
    step(index, count, what) {
      step = `${what} ${index} of ${count}`;
      work.reset();
      tick(0);
    },
    expect: work.expect,
    entries(count) {
      work.entries(count);
      tick(0);
    },
    share(share) {
      work.share(share);
      tick(0);
    },
    part: work.part,
    read(count) {
      read += count;
      tick(count);
    },
    written(count) {
      written += count;
      tick(count);
    },
    hold(on) {
      held = on;
      if (on) progress.end();
    },
    wipe: progress.end,
    end: progress.end,
  };
}

interface Amounts {
  readonly work: WorkState | undefined;
  readonly read: number;
  readonly written: number;
  readonly total: number | undefined;
  readonly unit: string;
  readonly seconds: number;
}

/** `42%  1.2 GiB of 2.9 GiB  850 MiB/s  2 s left`; what is read more than once has no end that could be foretold. */
function amounts({ read, written, total, unit, seconds, work }: Amounts): string[] {
  const done = unit === 'read' ? read : written;
  const rate = seconds > 0 ? (read > 0 && unit === 'read' ? read : written) / seconds : 0;
  const speed = rate > 0 ? [`${roughly(rate)}/s`] : [];
  // An output has headers beside what was counted; an input that is read twice is not done at 100 %.
  const whole = unit === 'written' ? Math.max(total ?? 0, done) : total;
  if (total !== undefined && whole !== undefined && whole > 0 && done <= whole) {
    const left = rate > 0 ? [`${duration((whole - done) / rate)} left`] : [];
    return [
      `${Math.floor((100 * done) / whole)}%`,
      `${roughly(done)} of ${roughly(whole)}`,
      ...speed,
      ...left,
    ];
  }
  return [
    ...(work === undefined ? [] : [`${Math.floor(100 * work.share)}%`]),
    ...(read > 0 ? [`${roughly(read)} read`] : []),
    ...(written > 0 ? [`${roughly(written)} written`] : []),
    ...speed,
    work?.left === undefined ? `${duration(seconds)} so far` : `${duration(work.left)} left`,
  ];
}

/** The end of a path, and of that the start. */
function shortName(path: string): string {
  const name = path === '-' ? 'standard input' : basename(path);
  return name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Bytes with two or three digits: a line that changes five times a second is not read more exactly. */
function roughly(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

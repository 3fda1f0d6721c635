/** A virtual machine: its console, its monitor (QMP) and its debugger (the remote protocol of gdb). */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from './run.js';

export interface MachineOptions {
  /** Folder for its sockets. */
  readonly folder: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly disk: string;
  readonly cmdline: string;
  /** As QEMU reads it, e.g. `512M`. */
  readonly memory: string;
  /** Seconds that any one wait may take. */
  readonly timeout: number;
}

export interface Machine {
  /** What the console has shown. */
  console(): string;
  /** Waits until init is at a mark. */
  mark(name: string): Promise<void>;
  /** Lets init go on from a mark. */
  go(): void;
  /** Saves the memory as an ELF core. */
  save(path: string): Promise<void>;
  /** Stops the machine, and sets a breakpoint; {@link reached} waits for it, after {@link go}. */
  breakAt(address: bigint): Promise<void>;
  reached(): Promise<void>;
  /** Without a debugger, the machine runs on. */
  release(): Promise<void>;
  /** Waits until the machine is off. */
  off(): Promise<void>;
  close(): void;
}

const SECOND = 1000;

/** Starts QEMU with KVM where there is some, else without. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { folder, kernel, initrd, disk, cmdline, memory, timeout } = options;
  const socket = (name: string) => join(folder, name);
  const child = spawn(
    'qemu-system-x86_64',
    [
      [
        '-M',
        'q35',
        '-accel',
        'kvm',
        '-accel',
        'tcg',
        '-cpu',
        'max',
        '-m',
        memory,
        '-nodefaults',
        '-display',
        'none',
      ],
      ['-no-reboot', '-kernel', kernel, '-initrd', initrd, '-append', cmdline],
      ['-device', 'intel-iommu,intremap=off,caching-mode=on,aw-bits=48'],
      ['-drive', `file=${disk},format=raw,if=none,id=disk`],
      // Its DMA goes through the IOMMU, so that there are tables.
      ['-device', 'virtio-blk-pci,drive=disk,iommu_platform=on,disable-legacy=on'],
      [
        '-chardev',
        `socket,id=console,path=${socket('console')},server=on,wait=on,logfile=${socket('console.log')}`,
        '-serial',
        'chardev:console',
      ],
      ['-qmp', `unix:${socket('qmp')},server=on,wait=off`],
      ['-gdb', `unix:${socket('gdb')},server=on,wait=off`],
    ].flat(),
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  let text = '';
  const until = async (what: string, ready: () => boolean) => {
    const end = Date.now() + timeout * SECOND;
    while (!ready()) {
      const failed = /HANDOVER-FAILED: .*/.exec(text)?.[0];
      check(failed === undefined, `${failed}`);
      check(!/Kernel panic.*/.test(text) || !ended(child), /Kernel panic.*/.exec(text)?.[0] ?? '');
      check(!ended(child), `the machine has ended before ${what}\n${tail(text)}`);
      check(Date.now() < end, `no ${what} within ${timeout} s\n${tail(text)}`);
      await pause(50);
    }
  };
  await until('console', () => existsSync(socket('console')));
  const serial = await opened(socket('console'), ended.bind(undefined, child));
  serial.on('data', (bytes) => {
    text += bytes.toString('latin1').replaceAll('\r', '');
  });
  const monitor = await opened(socket('qmp'), ended.bind(undefined, child));
  const command = monitorOf(monitor, until);
  await command('qmp_capabilities', {});
  let debug: Debugger | undefined;
  return {
    console: () => text,
    mark: (name) => until(`mark ${name}`, () => new RegExp(`^MARK:${name}$`, 'm').test(text)),
    go: () => void serial.write('\n'),
    save: (path) => command('dump-guest-memory', { paging: false, protocol: `file:${path}` }),
    async breakAt(address) {
      debug = debuggerOf(await opened(socket('gdb'), ended.bind(undefined, child)), until);
      await debug.ask(`Z1,${address.toString(16)},1`);
      debug.send('c');
    },
    async reached() {
      await debug?.stop();
    },
    async release() {
      await debug?.ask('D');
      debug?.close();
      debug = undefined;
    },
    async off() {
      const end = Date.now() + timeout * SECOND;
      while (!ended(child)) {
        check(Date.now() < end, `the machine is not off after ${timeout} s\n${tail(text)}`);
        await pause(50);
      }
    },
    close: () => void (ended(child) || child.kill('SIGKILL')),
  };
}

function ended(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-30).join('\n');
}

async function opened(path: string, given: () => boolean): Promise<Socket> {
  for (;;) {
    const socket = await new Promise<Socket | undefined>((done) => {
      const attempt = connect(path, () => done(attempt));
      attempt.on('error', () => done(undefined));
    });
    if (socket !== undefined) {
      // A machine that ends resets its sockets; whoever waits sees that it has ended.
      socket.on('error', () => undefined);
      return socket;
    }
    check(!given(), `${path}: QEMU has ended`);
    await pause(50);
  }
}

type Until = (what: string, ready: () => boolean) => Promise<void>;

/** Commands of the monitor, one at a time. */
function monitorOf(socket: Socket, until: Until) {
  const answers: { return?: unknown; error?: { desc: string } }[] = [];
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line);
      if ('return' in message || 'error' in message) answers.push(message);
    }
  });
  return async (execute: string, args: object): Promise<void> => {
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    await until(`answer to ${execute}`, () => answers.length > 0);
    const answer = answers.shift();
    check(answer?.error === undefined, `${execute}: ${answer?.error?.desc}`);
  };
}

interface Debugger {
  /** Sends a packet that is answered with OK. */
  ask(packet: string): Promise<void>;
  send(packet: string): void;
  /** Waits until the machine has stopped at a breakpoint. */
  stop(): Promise<void>;
  close(): void;
}

/** Packets are `$text#sum`, each answered with `+` first. */
function debuggerOf(socket: Socket, until: Until): Debugger {
  const packets: string[] = [];
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text;
    for (let found = PACKET.exec(rest); found !== null; found = PACKET.exec(rest)) {
      packets.push(found[1] ?? '');
      rest = rest.slice(found.index + found[0].length);
      socket.write('+');
    }
  });
  const send = (packet: string) => {
    const sum = [...packet].reduce((all, character) => (all + character.charCodeAt(0)) & 0xff, 0);
    socket.write(`$${packet}#${sum.toString(16).padStart(2, '0')}`);
  };
  /** Others are dropped: the stub also tells that it stopped the machine when it was opened. */
  const answer = async (what: string, wanted: RegExp) => {
    await until(what, () => packets.some((packet) => wanted.test(packet)));
    packets.length = 0;
  };
  return {
    send,
    async ask(packet) {
      send(packet);
      await answer(`answer to ${packet}`, /^OK$/);
    },
    stop: () => answer('breakpoint', /^[TS]05/),
    close: () => void socket.end(),
  };
}

const PACKET = /\$([^#]*)#../;

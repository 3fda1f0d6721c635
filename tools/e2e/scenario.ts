/** One machine, from the first kernel to the end of the next: what is saved on the way. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeDisk, makeInitrd, readDisk } from './guest.js';
import { type Kernel, symbol } from './kernel.js';
import { startMachine } from './machine.js';
import { say } from './run.js';

export interface Scenario {
  readonly kernel: Kernel;
  /** New folder for the machine, its dumps and what the guest wrote. */
  readonly folder: string;
  readonly init: string;
  readonly headers: string;
  /** `kho` as one file. */
  readonly kho: string;
  readonly memory: string;
  /** Seconds that a wait may take. */
  readonly timeout: number;
  /** Whether kho runs inside. */
  readonly captures: boolean;
}

/** A dump at each mark where captures are compared. */
export type Mark = 'loaded' | 'fresh' | 'taken';

export interface Outcome {
  readonly console: string;
  /** Memory when the next kernel enters start_kernel(). */
  readonly handover: string;
  /** Memory at marks; with captures only. */
  readonly at: Readonly<Record<Mark, string>>;
  /** Folder with what the guest wrote. */
  readonly out: string;
}

/** No KASLR: the breakpoint is where System.map says, in both kernels. */
const CMDLINE =
  'console=ttyS0 loglevel=5 nokaslr kho=on liveupdate=on intel_iommu=on panic=-1 stage=1 canary=CANARY-4f1d-cmdline';

/** Boots, and follows the marks of init. */
export async function play(scenario: Scenario): Promise<Outcome> {
  const { kernel, folder, init, headers, kho, memory, timeout, captures } = scenario;
  mkdirSync(folder, { recursive: true });
  const initrd = await makeInitrd(folder, init, headers);
  const bzImage = join(kernel.folder, 'bzImage');
  const disk = await makeDisk(folder, { kho, bzImage, initrd });
  const dump = (name: string) => join(folder, `${name}.elf`);
  const at = { loaded: dump('loaded'), fresh: dump('fresh'), taken: dump('taken') };
  const cmdline = `${CMDLINE} captures=${captures ? 1 : 0}`;
  const machine = await startMachine({ folder, kernel: bzImage, initrd, disk, cmdline, memory, timeout });
  const saveAt = async (mark: Mark) => {
    await machine.mark(mark);
    if (captures) await machine.save(at[mark]);
    say(`  ${mark}`);
    machine.go();
  };
  try {
    await machine.mark('open');
    machine.go();
    await machine.mark('loaded');
    if (captures) await machine.save(at.loaded);
    say('  loaded');
    await machine.breakAt(symbol(kernel, 'start_kernel'));
    machine.go();
    await machine.reached();
    await machine.save(dump('handover'));
    say('  in start_kernel() of the next kernel');
    await machine.release();
    try {
      await saveAt('fresh');
      await saveAt('taken');
      await machine.mark('end');
      machine.go();
      await machine.off();
    } catch (error) {
      // A faulty kernel need not survive what it is handed.
      if (captures) throw error;
    }
  } finally {
    machine.close();
  }
  return { console: machine.console(), handover: dump('handover'), at, out: await readDisk(disk, folder) };
}

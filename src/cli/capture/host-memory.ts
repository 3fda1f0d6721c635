/** A host's memory through /proc/kcore, read only where it is asked for. */
import { readSync } from 'node:fs';
import { createBudget } from '../../memory/budget.js';
import { budgetedMemory } from '../../memory/budgeted.js';
import { type Kcore, parseKcore } from '../../memory/elf/kcore.js';
import { frozenMemory } from '../../memory/frozen.js';
import { errorCode } from '../../memory/node/errors.js';
import type { RandomAccess } from '../../memory/random-access.js';
import { type HostFile, type HostFiles, isRefusal, type Refusal } from './host-files.js';

const KCORE = '/proc/kcore';
const DEV_MEM = '/dev/mem';
/** Bytes of pages kept as they were found first. */
const MAX_FROZEN = 512 << 20;

export interface HostMemory {
  readonly kcore: Kcore;
  close(): void;
}

/** Opens /proc/kcore; else says why it cannot be used, and that /dev/mem is no way around it. */
export function openHostMemory(
  host: HostFiles,
  { lockdown, factor }: { lockdown?: string | undefined; factor?: number | undefined },
): HostMemory | readonly Refusal[] {
  const file = host.open(KCORE);
  if (isRefusal(file)) return [explained(file, lockdown), ...devMem(host, lockdown)];
  const kcore = parseKcore((base) => readable(file, base));
  if (typeof kcore === 'string') {
    file.close();
    return [{ path: KCORE, code: 'kcore', why: kcore }];
  }
  const memory = budgetedMemory(frozenMemory(kcore.memory, MAX_FROZEN), createBudget(kcore.bytes, factor));
  return { kcore: { ...kcore, memory }, close: file.close };
}

/** What cannot be read is absent: the kernel refuses single pages, as those of a confidential guest. */
function readable({ fd }: HostFile, base: bigint): RandomAccess {
  return {
    // The file states more than there is, or nothing; its program headers say what it has.
    size: Number.MAX_SAFE_INTEGER,
    readAt(offset, length, into) {
      let done = 0;
      try {
        while (done < length) {
          const count = readSync(fd, into, done, length - done, base + BigInt(offset + done));
          if (count === 0) break;
          done += count;
        }
      } catch {
        return done;
      }
      return done;
    },
  };
}

function explained(refusal: Refusal, lockdown: string | undefined): Refusal {
  const { code, path } = refusal;
  if (code === 'ENOENT') return { ...refusal, why: 'not there: the kernel has no CONFIG_PROC_KCORE' };
  if (code !== 'EPERM' && code !== 'EACCES') return refusal;
  const why =
    lockdown === 'confidentiality'
      ? 'the kernel is locked down (confidentiality), which forbids reading its memory'
      : 'not permitted: it needs CAP_SYS_RAWIO, which containers do not have, and a kernel that is not locked down';
  return { path, code, why };
}

/** Whether /dev/mem shows RAM. It is only tried: CONFIG_STRICT_DEVMEM, which all distributions set, forbids it. */
function devMem(host: HostFiles, lockdown: string | undefined): readonly Refusal[] {
  // Elsewhere an address without memory behind it could stop the machine.
  if (process.arch !== 'x64') return [];
  const file = host.open(DEV_MEM);
  if (isRefusal(file)) {
    if (file.code === 'ENOENT') return [{ ...file, why: 'not there: the kernel has no CONFIG_DEVMEM' }];
    const locked = lockdown !== undefined && lockdown !== 'none';
    return [{ ...file, why: locked ? `the kernel is locked down (${lockdown})` : file.why }];
  }
  try {
    readSync(file.fd, new Uint8Array(1), 0, 1, 1 << 20);
    return [{ path: DEV_MEM, code: 'UNUSED', why: 'shows RAM, but not which addresses are RAM: not used' }];
  } catch (error) {
    const code = errorCode(error);
    return [{ path: DEV_MEM, code, why: 'RAM is refused (CONFIG_STRICT_DEVMEM)' }];
  } finally {
    file.close();
  }
}

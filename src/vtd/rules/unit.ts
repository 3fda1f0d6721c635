/** What a validation knows of remapping units: their registers, and which of them were given. */
import type { Iomem } from '../../memory/iomem.js';
import { type CapReg, type EcapReg, readCapReg, readEcapReg, readGstsReg } from '../../records/vtd.js';
import type { VtdSettings } from '../../schema/settings.js';

/** A remapping unit whose tables are looked at. */
export interface VtdUnit {
  /** The kernel's name, e.g. `dmar0`. */
  readonly name: string;
  /** Value of RTADDR_REG, mode bits included. */
  readonly rtaddr: bigint;
  readonly settings: VtdSettings;
  /** Which of the settings were given; the others are defaults, and what depends on them is a note. */
  readonly given: Given;
  /** Value of GSTS_REG, where it is known. */
  readonly gsts?: bigint;
  /** LUO hands the unit over: its tables are used by the next kernel as they are. */
  readonly recorded?: true;
  /** Nothing but the handover names it: RTADDR_REG is made of its record, and says nothing by itself. */
  readonly byRecord?: true;
}

/** Where the registers of a unit are known from. */
export interface Given {
  readonly cap: boolean;
  readonly ecap: boolean;
  readonly haw: boolean;
}

/** The VT-d part of what a validation is asked for. */
export interface VtdOptions {
  readonly units: readonly VtdUnit[];
  /** Which of the settings of {@link ValidateOptions} were given; they hold for tables without a unit. */
  readonly given: Given;
  /** Look at this function only. */
  readonly device?: { readonly bus: number; readonly devfn: number };
  /** Devices continue their DMA across the kexec, although nothing in the handover says so (--dma-continues). */
  readonly dmaContinues?: boolean;
  /** /proc/iomem of the dumped kernel (--iomem). */
  readonly iomem?: Iomem;
  /** Which way the tree goes, where the dump tells: before the kexec devices that are not handed over have tables too. */
  readonly direction?: 'incoming' | 'outgoing';
}

/** Nothing was named. */
export const NOTHING_GIVEN: Given = { cap: false, ecap: false, haw: false };

/** Capability registers taken apart. */
export interface Capabilities {
  readonly cap: CapReg;
  readonly ecap: EcapReg;
  readonly given: Given;
  readonly settings: VtdSettings;
  /** Bits of a domain id. */
  readonly didBits: number;
}

function view(value: bigint): DataView {
  const result = new DataView(new ArrayBuffer(8));
  result.setBigUint64(0, value, true);
  return result;
}

/**
 * The capabilities of a unit. A register that was not given reads as 0: what then looks wrong depends on it, and
 * a rule says so in a note.
 */
export function capabilitiesOf(settings: VtdSettings, given: Given): Capabilities {
  const cap = readCapReg(view(given.cap ? settings.cap : 0n), 0);
  const ecap = readEcapReg(view(given.ecap ? settings.ecap : 0n), 0);
  return { cap, ecap, given, settings, didBits: Math.min(16, 4 + 2 * cap.nd) };
}

/** Whether GSTS_REG says that translation is on; undefined when the register is not known. */
export function translationEnabled({ gsts }: VtdUnit): boolean | undefined {
  return gsts === undefined ? undefined : readGstsReg(view(gsts), 0).tes === 1;
}

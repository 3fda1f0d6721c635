/** How a dump is opened and read. */
import type { Generation } from '../abi/model.js';
import type { Direction } from '../decode/find-direction.js';
import type { DecodeOptions } from '../decode/handover.js';

/** How a dump is opened: the options of the command line, by name. */
export interface LoadOptions extends Pick<DecodeOptions, 'form'> {
  /** File with the memory of a blob. */
  readonly memory?: string;
  /** Whether that memory is of the moment at which the copy of debugfs was made. */
  readonly captured?: true;
  readonly fdtAddress?: bigint;
  /** Physical address of the first byte of a raw image. */
  readonly base?: bigint;
  readonly tree?: Direction;
  readonly spool?: string;
  /** Largest unpacked size in bytes. */
  readonly maxUnpacked?: number;
  /** Whether more than one tree is refused anyway. */
  readonly single?: boolean;
  /** Factor of the limits on what an input may make a run do. */
  readonly budget?: number;
  /** Threads that search a large dump; as many as are worth it when left out. */
  readonly jobs?: number;
  readonly assume?: Generation;
  readonly pageSize?: number;
}

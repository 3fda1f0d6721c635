/** The VFIO files of a handover, for all rules that ask for the file of a device. */
import type { Handover } from '../../abi/model.js';
import type { LuoSession } from '../../abi/upstream/model.js';
import { type Held, heldOf } from '../../validate/structures/held.js';
import { pciText } from '../values.js';
import type { VfioPciState } from './model.js';

export interface VfioFile extends Held<VfioPciState> {
  readonly session: LuoSession;
  /** Position among the files of its session. */
  readonly index: number;
  /** `0000:00:03.0`. */
  readonly device: string;
}

export function vfioFiles(handover: Handover): VfioFile[] {
  return heldOf<VfioPciState>(handover, 'vfioPci').flatMap((held) => {
    const { of, model } = held;
    if (of === undefined) return [];
    return [{ ...held, session: of.session, index: of.index, device: pciText(model.segment, model.bdf) }];
  });
}

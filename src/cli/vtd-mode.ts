/** Root tables that are named in another mode than the handover has them in. */
import type { Handover } from '../abi/model.js';
import { handedIommu } from '../decode/iommu/domains.js';
import { hex } from '../schema/units.js';
import { rootPointer } from '../vtd/registers.js';
import type { VtdUnit } from '../vtd/rules/unit.js';
import { message } from './common.js';

/**
 * Tells of units whose RTADDR says another mode than the devices of the handover do: mostly the address of the root table
 * was given in place of the register, and every table is then read as one of the other mode.
 */
export function tellModes(
  args: { quiet?: boolean | undefined },
  path: string,
  units: readonly VtdUnit[],
  handover: Handover,
): void {
  const recorded = units.length === 0 ? [] : (handedIommu(handover)?.units ?? []);
  for (const { name, rtaddr } of units) {
    const { address, mode } = rootPointer(rtaddr);
    const own = recorded.find((each) => rootPointer(each.rtaddr).address === address);
    if (own === undefined || own.mode === mode) continue;
    message(
      args,
      `kho: ${path}: RTADDR ${hex(rtaddr)} of ${name} says ${mode} mode, but the handover has this root table in ${own.mode} mode (${own.why}): the register would read ${hex(own.rtaddr)}`,
    );
  }
}

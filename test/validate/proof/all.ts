/** Every fault, run once for all tests of a file. */
import { iommuTableFaults } from '../iommu-tables/faults.js';
import { draftFaults } from './drafts.js';
import { type Fault, type Proofs, proofsOf } from './fault.js';
import { fdtFaults } from './fdt.js';
import { rfcFaults } from './rfc.js';
import { upstreamFaults } from './upstream.js';
import { vtdFaults } from './vtd.js';

export const faults: readonly Fault[] = [
  ...fdtFaults,
  ...upstreamFaults,
  ...draftFaults,
  ...rfcFaults,
  ...vtdFaults,
  ...iommuTableFaults,
];

let proofs: Proofs | undefined;

export function allProofs(): Proofs {
  proofs ??= proofsOf(faults);
  return proofs;
}

/** Every fault, run once for all tests of a file. */
import { byDay } from '../../sweep.js';
import { iommuTableFaults } from '../iommu-tables/faults.js';
import { draftFaults, NOT_CAPTURED } from './drafts.js';
import { type Fault, type Proofs, proofsOf } from './fault.js';
import { fdtFaults } from './fdt.js';
import { RELATED } from './related.js';
import { rfcFaults } from './rfc.js';
import { UNSEEN } from './unseen.js';
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
  // By night they are looked for again.
  const given = (cell: string) => byDay && (cell in UNSEEN || cell in RELATED || NOT_CAPTURED.has(cell));
  proofs ??= proofsOf(faults, given);
  return proofs;
}

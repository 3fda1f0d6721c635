/** Dumps that break the rules on what leads to the tree, and what the loader placed. */
import { LAYOUT } from '../../../test/rfc/build-dump.js';
import { both, le, poke } from '../../../test/rfc/corrupt.js';
import { PML4, type RuleCase } from '../../../test/rfc/sample.js';
import { BOOT_PARAMS } from '../../records/kho.js';

export const RFC_RULES: readonly RuleCase[] = [
  [
    'KHO-170',
    'what dt_addr names has another magic',
    { blob: (blob) => Uint8Array.of(0, ...blob.subarray(1)) },
  ],
  [
    'KHO-240',
    'a mem cache that was used again',
    poke(LAYOUT.cache, new TextEncoder().encode('what another has')),
  ],
  [
    'KHO-171',
    'an initrd over a table page that a record keeps',
    both(
      poke(LAYOUT.scratch + BOOT_PARAMS.ramdiskImage, le(PML4, 4)),
      poke(LAYOUT.scratch + BOOT_PARAMS.ramdiskSize, le(4096, 4)),
    ),
  ],
];

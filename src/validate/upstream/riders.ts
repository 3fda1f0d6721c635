/** What is known of the root's children by their names. */

import type { Generation } from '../../abi/model.js';
import { KHO_KEXEC_METADATA_SIZE } from '../../records/kexec_metadata.js';
import { LUO_SER_SIZE } from '../../records/luo.js';
import { FACTS } from '../../versions/generations.js';

/** Children that some release hands over. */
export const RIDERS: readonly string[] = ['memblock', 'kho_test', 'LUO', 'kexec-metadata'];

/** What the blob of a child is; undefined when only its owner knows. */
export function blobForm(
  generation: Generation,
  name: string,
): 'fdt' | { readonly size: number } | undefined {
  const { treesOnly, luo } = FACTS[generation];
  if (treesOnly === true) return 'fdt';
  if (name === 'memblock' || name === 'kho_test') return 'fdt';
  if (name === 'kexec-metadata') return { size: KHO_KEXEC_METADATA_SIZE };
  if (name === 'LUO') return luo === 'record' ? { size: LUO_SER_SIZE } : 'fdt';
  return undefined;
}

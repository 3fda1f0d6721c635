/** Where the real dumps are, and what their truth files say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));

/** Names of the dumps written by the 2024 series' own serialisers. */
export const rfcNames = readdirSync(join(fixtures, 'rfc-2024')).sort();

export interface RfcFiles {
  readonly folder: string;
  readonly blob: string;
  readonly memory: string;
  readonly truth: RfcTruth;
}

type Pair = readonly [string, string];

/** The parts of truth.json that the tests compare. */
export interface RfcTruth {
  readonly handover: {
    readonly scratch_phys: string;
    readonly scratch_len: string;
    readonly fdt_phys: string;
  };
  readonly iommufds: readonly {
    readonly persistent_id: number;
    readonly ioases: readonly {
      readonly id: number;
      readonly pinned_file_handle?: number;
      readonly areas: readonly { index: number; iova: string; len: string; prot: number }[];
    }[];
  }[];
  readonly domains: readonly {
    readonly persistent_id: number;
    readonly pgd: string;
    readonly agaw: number;
    readonly devices: readonly { bus: number; devfn: number }[];
    readonly mem: readonly Pair[];
    readonly mappings: readonly (readonly [string, string, number, string])[];
    readonly tables: readonly (readonly [string, number, string, boolean, boolean])[];
  }[];
  readonly guestmemfs: {
    readonly files: readonly { name: string; ino: number; deleted: boolean; extents: readonly Pair[] }[];
  };
  readonly persistent_ranges: readonly Pair[];
  readonly mem_cache: readonly Pair[];
  readonly violations: readonly { readonly kind: string }[];
  readonly defects: readonly { readonly kind: string }[];
}

export function rfcFiles(name: string): RfcFiles {
  const folder = join(fixtures, 'rfc-2024', name);
  return {
    folder,
    blob: join(folder, 'kho.dtb'),
    memory: join(folder, 'memory.elf.gz'),
    truth: JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')),
  };
}

/** Every devicetree blob below the fixtures, as paths. */
export function blobPaths(folder = fixtures): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).subarray(0, 4).toString('hex') === 'd00dfeed')
    .sort();
}

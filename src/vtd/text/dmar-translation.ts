import { listDevices } from '../context/list.js';
import type { DevicePath, UnitTables } from '../context/path.js';
import { functionText } from '../device-id.js';
import { rootPointer } from '../registers.js';
import { chunked } from './table.js';

function word(value: bigint | undefined): string {
  return `0x${(value ?? 0n).toString(16).padStart(16, '0')}`;
}

const HEADING = 'B.D.F\tRoot_entry\t\t\t\tContext_entry\t\t\t\tPASID\tPASID_table_entry\n';

/** One row: high word first; in legacy mode PASID -1 and zeros for the PASID entry. */
function row(path: DevicePath): string {
  const words = (kind: string) => path.steps.find((step) => step.kind === kind)?.structure?.words ?? [];
  const root = words('root-entry');
  const context = words('context-entry');
  const pasid = words('pasid-entry');
  const columns = [
    functionText(path.bus, path.devfn),
    `${word(root[1])}:${word(root[0])}`,
    `${word(context[1])}:${word(context[0])}`,
    `${path.pasid ?? -1}`.padEnd(6),
    `${word(pasid[2])}:${word(pasid[1])}:${word(pasid[0])}`,
  ];
  return `${columns.join('\t')}\n`;
}

/**
 * The devices that the kernel prints: it leaves a bus at the first devfn whose context table is missing, so in
 * scalable mode a bus with only an upper table is not there (vtd.md 4.1).
 */
function* kernelDevices(unit: UnitTables): Generator<DevicePath, void> {
  const scalable = rootPointer(unit.rtaddr).mode === 'scalable';
  for (const path of listDevices(unit)) {
    if (scalable && path.pasid === undefined) continue;
    const [root] = path.steps;
    const lowerMissing = ((root?.structure?.words[0] ?? 0n) & 1n) === 0n;
    if (scalable && path.devfn >= 0x80 && lowerMissing) continue;
    yield path;
  }
}

function* lines(unit: UnitTables): Generator<string, void> {
  yield HEADING;
  for (const path of kernelDevices(unit)) yield row(path);
  yield '\n';
}

/**
 * The kernel's `dmar_translation_struct` of one unit, after its `IOMMU` line: heading, one row for each legacy
 * context or PASID entry, an empty line (vtd.md 4.1). Contexts that the kernel has copied are not known as such
 * and are printed.
 *
 * @returns the text in chunks of about 64 Ki characters
 */
export function dmarTranslationText(unit: UnitTables): Generator<string, void> {
  return chunked(lines(unit));
}

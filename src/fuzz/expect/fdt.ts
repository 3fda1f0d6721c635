/** The header of a devicetree blob (devicetree specification 5.2; libfdt fdt_check_header). */
import { type Expectation, fires, UNKNOWN } from '../mutation.js';
import type { FieldChange, FieldRule } from './field.js';

const VERSION = 17n;
const HEADER = 40n;

/** What is wrong with the root tree's own header; with a rider's it is one rule for all. */
function header(decide: (change: FieldChange) => readonly string[] | undefined): FieldRule {
  return (change): Expectation => {
    const rules = decide(change);
    // A copy that debugfs cut off has less than its header says as it is.
    if (rules === undefined || change.target.handover.tree?.complete !== true) return UNKNOWN;
    const rider = change.target.form === 'core' && change.instance.address !== change.target.root.address;
    if (!rider) return fires(...rules);
    // LUO and kexec-metadata are records, not trees, once the magic is gone.
    return fires('KHO-117', 'KHO-115', 'LUO-002', 'LUO-003', 'MEMBLOCK-001', 'KTEST-001');
  };
}

/** Bytes of the blob whose header it is. */
const total = ({ instance }: FieldChange): bigint => BigInt(instance.length ?? 0);

/** By `record.field` of the schemas. */
export const fdtFields: Readonly<Record<string, FieldRule>> = {
  'fdt_header.magic': header(() => ['FDT-002']),
  'fdt_header.totalsize': header((change) => {
    const { value, target } = change;
    if (value < HEADER) return ['FDT-005', 'FDT-009'];
    // Shorter upstream trees are read as copies that debugfs cut off.
    return value > total(change) && target.form === 'blob' ? ['FDT-006'] : undefined;
  }),
  'fdt_header.last_comp_version': header(({ value }) => (value > VERSION ? ['FDT-003'] : undefined)),
  'fdt_header.version': header(({ value }) => (value < 16n ? ['FDT-003'] : undefined)),
  'fdt_header.off_dt_struct': header((change) =>
    change.value < HEADER ? ['FDT-008'] : change.value > total(change) ? ['FDT-009'] : undefined,
  ),
  'fdt_header.off_dt_strings': header((change) =>
    change.value < HEADER ? ['FDT-008'] : change.value > total(change) ? ['FDT-009'] : undefined,
  ),
  'fdt_header.off_mem_rsvmap': header((change) =>
    change.value < HEADER ? ['FDT-008'] : change.value > total(change) ? ['FDT-009'] : undefined,
  ),
  'fdt_header.size_dt_struct': header((change) => (change.value > total(change) ? ['FDT-009'] : undefined)),
  'fdt_header.size_dt_strings': header((change) => (change.value > total(change) ? ['FDT-009'] : undefined)),
};

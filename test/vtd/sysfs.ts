import type { UnitRegisters } from '../../src/vtd/registers.js';

const SYSFS_LINE = /^\S*\/([^/\s]+)\/intel-iommu\/([a-z_]+)[\s:]+([0-9a-f:.]+)\s*$/i;
const SYSFS_REGISTERS = new Map([
  ['cap', 'CAP'],
  ['ecap', 'ECAP'],
]);

/**
 * Parses a listing of /sys/class/iommu/UNIT/intel-iommu: each line a path and the file's content, in which
 * `cap`, `ecap` and `address` are hexadecimal without prefix (vtd.md 4.2).
 *
 * @returns the units in the order of the text; none when it is something else
 */
export function parseSysfs(text: string): UnitRegisters[] {
  const units = new Map<string, { name: string; baseAddress?: bigint; values: Map<string, bigint> }>();
  for (const line of text.split('\n')) {
    const [, name = '', file = '', content = ''] = SYSFS_LINE.exec(line) ?? [];
    if (name === '') continue;
    const unit = units.get(name) ?? { name, values: new Map<string, bigint>() };
    units.set(name, unit);
    if (!/^[0-9a-f]{1,16}$/i.test(content)) continue;
    const register = SYSFS_REGISTERS.get(file);
    if (register !== undefined) unit.values.set(register, BigInt(`0x${content}`));
    else if (file === 'address') unit.baseAddress = BigInt(`0x${content}`);
  }
  return [...units.values()];
}

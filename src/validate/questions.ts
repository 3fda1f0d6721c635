/** What VT-d options ask for, and whether a dump can answer: without its root table no unit is checked. */
import type { PhysicalMemory } from '../memory/physical.js';
import { hex } from '../schema/units.js';
import { devicePath } from '../vtd/context/path.js';
import { functionText } from '../vtd/device-id.js';
import { rootPointer } from '../vtd/registers.js';
import { translationEnabled, type VtdOptions, type VtdUnit } from '../vtd/rules/unit.js';

const TABLE = 4096;

/**
 * Whether the root table of a unit is wholly absent, in words; undefined when some of it is there, or when the unit has
 * no table that could be looked at: translation is off, or its mode has none.
 */
export function absentRoot(unit: VtdUnit, memory: PhysicalMemory | undefined): string | undefined {
  const { address, mode } = rootPointer(unit.rtaddr);
  if (translationEnabled(unit) === false || (mode !== 'legacy' && mode !== 'scalable')) return undefined;
  const start = Number(address);
  for (const { state } of memory?.runs(start, start + TABLE) ?? []) if (state !== 'absent') return undefined;
  return `the root table of ${unit.name} at ${hex(address)} is not in the dump`;
}

/** What of the units and the device that were asked for cannot be answered, in words. */
export function unansweredUnits(
  { units, device }: Pick<VtdOptions, 'units' | 'device'>,
  memory: PhysicalMemory | undefined,
): string[] {
  const absent = units.flatMap((unit) => absentRoot(unit, memory) ?? []);
  if (device === undefined || memory === undefined) return absent;
  const running = units.filter(
    (unit) => translationEnabled(unit) !== false && absentRoot(unit, memory) === undefined,
  );
  if (running.length === 0) return absent;
  const paths = running.map(({ rtaddr, settings }) =>
    devicePath({ memory, rtaddr, settings }, device.bus, device.devfn),
  );
  if (paths.some(({ steps, ends }) => ends === 'mode' || steps.some(isContext))) return absent;
  const name = functionText(device.bus, device.devfn);
  const unread = paths.flatMap(({ steps }) => steps.filter(({ verdict }) => verdict === 'unknown'));
  const [first] = unread;
  const why =
    first === undefined
      ? `no root table leads to a context entry of ${name}`
      : `the ${first.kind.replaceAll('-', ' ')} of ${name} at ${hex(BigInt(first.address))} is not in the dump`;
  return [...absent, why];
}

function isContext({ kind, verdict }: ReturnType<typeof devicePath>['steps'][number]): boolean {
  return kind === 'context-entry' && (verdict === 'present' || verdict === 'invalid');
}

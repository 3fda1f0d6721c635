/** What the forms of `kho walk` share. */
import { hex } from '../schema/units.js';
import type { WalkAnomaly } from '../vtd/walk/anomaly.js';

export const WALK_FORMATS = ['table', 'csv', 'json', 'debugfs'] as const;
export type WalkFormat = (typeof WALK_FORMATS)[number];

/** One line for what a walk noticed; `kho validate` judges it. */
export function anomalyText(anomaly: WalkAnomaly): string {
  const { kind, level, entryAddress, entry, table, iova, iovaEnd, count } = anomaly;
  const at =
    entryAddress === undefined ? 'root' : `entry ${hex(entry)} at ${hex(entryAddress)} (level ${level})`;
  const to = table === undefined ? '' : `, table ${hex(table)}`;
  return `${kind}: ${at}${to}, IOVA ${hex(iova)}-${hex(iovaEnd)}${count > 1 ? `, ${count} times` : ''}`;
}

/** The same for `diagnostics` of the JSON forms. */
export function anomalyJson(anomaly: WalkAnomaly): object {
  const { kind, entryAddress, iova, iovaEnd } = anomaly;
  const address = entryAddress === undefined ? {} : { address: hex(entryAddress) };
  return {
    code: kind,
    message: anomalyText(anomaly),
    location: { ...address, iova: hex(iova), iovaEnd: hex(iovaEnd) },
  };
}

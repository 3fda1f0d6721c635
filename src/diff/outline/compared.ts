/** Values of a model as fields that are compared. */
import type { AddressRange } from '../../abi/model.js';
import type { RecordView } from '../../abi/record-view.js';
import { bytesToText } from '../../schema/text.js';
import type { Compared } from '../../structures/compared.js';
import type { Model } from '../../structures/structure.js';
import { packedAddresses } from '../bytes.js';
import type { Field, Value } from '../difference.js';
import { field, presence, strictField, summaryField } from '../entity.js';

/** The field of a part of the model. */
export function comparedField(compared: Compared, part: Model): Field {
  const { name, unit, only, expected } = compared;
  const found = valueAt(part, compared.path);
  if (only === 'presence') return presence(name, found);
  const value = isUnknown(compared, part, found)
    ? null
    : (comparedValue(found, compared) as Value | null | undefined);
  const drawn =
    only === 'summary'
      ? summaryField(name, value ?? undefined)
      : only === 'strict'
        ? strictField(name, value)
        : field(name, value, unit);
  if (expected === undefined) return drawn;
  return { ...drawn, expected: expected === 'grows' ? (a, b) => b > a : () => true };
}

function isUnknown({ unknown }: Compared, part: Model, found: unknown): boolean {
  return unknown !== undefined && (unknown === true ? found : part[unknown]) === undefined;
}

/** What is at the end of a path; undefined where a key on the way is not there. */
function valueAt(part: Model, path: readonly string[]): unknown {
  let at: unknown = part;
  for (const key of path) {
    if (at === undefined) return undefined;
    at = Array.isArray(at)
      ? at.flatMap((each) => (each as Model)[key] ?? [])
      : (at as { readonly [key: string]: unknown })[key];
  }
  return at;
}

/** As it is compared: text as such, lists by their number, by all that they name, or by what that is. */
function comparedValue(found: unknown, { unit, only, each }: Compared): unknown {
  // What numbers stand for is in memory that the dump may not hold.
  if (each !== undefined)
    return found === undefined ? null : BigInt((found as ArrayLike<bigint>).length) * each;
  if (Array.isArray(found))
    return only === 'strict'
      ? packedAddresses((found as AddressRange[]).flatMap(({ start, end }) => [start, end]))
      : found.length;
  if (found instanceof Uint8Array) return bytesToText(found).text;
  if (typeof found !== 'object' || found === null) return found;
  const records = found as RecordView<{ readonly len: bigint }>;
  if (unit === 'count') return records.length;
  if (unit !== 'size') return records.bytes;
  let total = 0n;
  for (const { len } of records) total += len;
  return total;
}

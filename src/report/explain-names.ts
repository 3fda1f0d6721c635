/** Finding records by name. */
import type { RecordType } from '../schema/record.js';
import { formsOf } from '../structures/forms.js';

type Record = RecordType<unknown>;

/** `luo_ser` of `struct luo_ser`. */
function bare(kernelName: string): string {
  return kernelName.replace(/^struct /, '');
}

/**
 * The records of a name, newest form first: all forms of a structure by the kernel's name; one of them by the name that
 * it has in formats/, where that is not the kernel's.
 */
export function recordsNamed(topic: string, records: readonly Record[]): readonly Record[] {
  const wanted = bare(topic);
  const ofKernel = records.filter(({ kernelName }) => bare(kernelName) === wanted);
  const found = ofKernel.length > 0 ? ofKernel : records.filter(({ name }) => name === wanted);
  const order = found.flatMap(({ name }) => formsOf(name).map(({ record }) => record));
  const rank = ({ name }: Record): number => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  return [...found].sort((a, b) => rank(a) - rank(b));
}

/** Names that records are found by: the kernel's, and that of each form. */
export function recordNames(records: readonly Record[]): readonly string[] {
  return [...new Set(records.flatMap(({ kernelName, name }) => [bare(kernelName), name]))].sort();
}

/** Names of the kernel's structures. */
export function structNames(records: readonly Record[]): readonly string[] {
  const names = records.filter(({ kernelName }) => /^struct \w+$/.test(kernelName));
  return [...new Set(names.map(({ kernelName }) => bare(kernelName)))].sort();
}

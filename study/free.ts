/** Fields that may hold anything, or nearly so, and why; by name or by the beginning of a name that ends in `*`. */
const FREE: Readonly<Record<string, string>> = {};

export function freeReason(name: string): string | undefined {
  const exact = FREE[name];
  if (exact !== undefined) return exact;
  const prefix = Object.keys(FREE).find((key) => key.endsWith('*') && name.startsWith(key.slice(0, -1)));
  return prefix === undefined ? undefined : FREE[prefix];
}

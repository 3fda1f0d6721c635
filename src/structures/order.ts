/** The order of what the build finds in the folders of structures. */

/**
 * What was found, as a list of keys has it; what the list does not have comes after that, as it was found.
 *
 * @param order keys, each once
 */
export function inOrder<T extends { readonly key: string }>(
  found: readonly T[],
  order: readonly string[],
): T[] {
  const place = ({ key }: T): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return found.toSorted((a, b) => place(a) - place(b));
}

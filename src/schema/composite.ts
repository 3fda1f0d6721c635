/**
 * Composite compatibility strings (upstream 4.1, a draft): a structure's own version, and after each `;` the version
 * of a structure that it embeds. The bytes of the structure itself are those of its own version.
 */

/** The structure's own version. */
export function ownVersion(compatible: string): string {
  const end = compatible.indexOf(';');
  return end < 0 ? compatible : compatible.slice(0, end);
}
